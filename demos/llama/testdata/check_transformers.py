#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the program with Hugging Face's transformers (4.44, PyTorch 1.13) on checkpoints that
transformers itself has saved: sharded and whole, F32, F16 and BF16, tied and untied, with both kinds of
RoPE scaling. Nothing else needs transformers. Usage: check_transformers.py LLAMA WORK

WORK is a folder that is written to. The weights are random, so the text means nothing and the two
likeliest tokens are often close: fp32 must agree on every one of them, int8 on most."""
import json, pathlib, shutil, subprocess, sys
import numpy, torch
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

LLAMA3_ROPE = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 64}
VARIANTS = {   # name: type, largest shard, tokenizer, config
    "llama3-f32-sharded": (torch.float32, "300KB", "llama3", dict(
        hidden_size=128, intermediate_size=352, num_hidden_layers=3, num_attention_heads=8,
        num_key_value_heads=2, vocab_size=600, rope_theta=500000.0, rope_scaling=LLAMA3_ROPE,
        max_position_embeddings=4096, tie_word_embeddings=False, eos_token_id=[5, 6])),
    "llama2-f16": (torch.float16, "5GB", "llama2", dict(
        hidden_size=96, intermediate_size=200, num_hidden_layers=2, num_attention_heads=6,
        num_key_value_heads=6, vocab_size=640, rms_norm_eps=1e-5, tie_word_embeddings=False)),
    "linear-bf16-tied": (torch.bfloat16, "60KB", "llama2", dict(
        hidden_size=64, intermediate_size=100, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=1, vocab_size=620, rope_scaling={"type": "linear", "factor": 2.5},
        tie_word_embeddings=True)),
}
PROMPT = "The kernel maps a page, it's 12345 na\u00efve \u4f60\u597d " * 6


def make(folder, kind, shard, tokenizer, config):
    """Save a random model and return its logits in fp32."""
    torch.manual_seed(3)
    model = LlamaForCausalLM(LlamaConfig(**config, initializer_range=0.15))
    shutil.rmtree(folder, ignore_errors=True)
    model.to(kind).save_pretrained(folder, safe_serialization=True, max_shard_size=shard)
    text = json.loads((pathlib.Path(__file__).parent / f"{tokenizer}.tokenizer.json").read_text())
    merges = [m if isinstance(m, str) else " ".join(m) for m in text["model"]["merges"]]
    text["model"]["merges"] = merges   # the form that the library of that time reads
    (folder / "tokenizer.json").write_text(json.dumps(text))
    ids = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(PROMPT).ids
    model = LlamaForCausalLM.from_pretrained(folder, torch_dtype=torch.float32)
    return model(torch.tensor([ids])).logits[0].detach().numpy()


def main():
    program, work, ok = sys.argv[1], pathlib.Path(sys.argv[2]), True
    torch.set_num_threads(1)
    for name, (kind, shard, tokenizer, config) in VARIANTS.items():
        expected = make(work / name, kind, shard, tokenizer, config)
        for mode in ["--stats", "--int8"]:
            raw = subprocess.run([program, "--model", work / name, "--prompt", PROMPT, "--logits", "-", mode],
                                 check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
            logits = numpy.frombuffer(raw, "<f4").reshape(expected.shape)
            largest = abs(logits - expected).max()
            same = (logits.argmax(1) == expected.argmax(1)).mean()
            print(f"{name} {'int8' if mode == '--int8' else 'fp32'}: {len(logits)} positions, "
                  f"largest difference {largest:.6f}, same top token {same:.1%}")
            ok &= bool(same >= 0.85) if mode == "--int8" else bool(largest < 1e-3 and same == 1)
    sys.exit(0 if ok else 1)


if __name__ == "__main__": main()

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write demos/llama/reference/: what the committed model must answer, computed by PyTorch.

A second implementation, from the checkpoint's files to the logits, in float64 and without a cache;
it shares no code with the C program nor with train.py. Only making the reference needs PyTorch:
    apt-get install -y --no-install-recommends python3-torch python3-numpy
    /usr/bin/python3 demos/llama/reference.py

prompts.json holds, for each prompt, its tokens, the positions whose logits are kept, and the text
that greedy decoding continues with; prompt-N.f32 the logits of those positions, raw little-endian
float32."""
import json, pathlib, struct
import numpy, torch

HERE = pathlib.Path(__file__).parent
PROMPTS = ["CloudKernel is", "Every page is charged to the container, and",
           "int main(void)\n{\n    return 42;  /* caf\u00e9 \u2192 \u65e5\u672c */\n}\n"]
POSITIONS, GREEDY = 6, 24


def read_safetensors(path):
    raw = path.read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    header, data, tensors = json.loads(raw[8:8 + length]), raw[8 + length:], {}
    for name, entry in header.items():
        if name == "__metadata__": continue
        begin, end = entry["data_offsets"]
        assert entry["dtype"] == "BF16"
        upper = numpy.frombuffer(data[begin:end], "<u2").astype(numpy.uint32) << 16
        values = upper.view(numpy.float32).astype(numpy.float64).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values)
    return tensors


def is_letter(c): return c.isalpha()
def is_number(c): return c.isnumeric()
def is_other(c): return not (c.isalpha() or c.isnumeric() or c.isspace())


def words(text):
    """Llama 3's split for texts without contractions: what the prompts above need."""
    at = 0
    while at < len(text):
        end = at + 1
        lead = 0 if is_letter(text[at]) else 1
        if at + lead < len(text) and is_letter(text[at + lead]) and text[at] not in "\r\n" \
                and not is_number(text[at]):
            end = at + lead
            while end < len(text) and is_letter(text[end]): end += 1
        elif is_number(text[at]):
            while end < min(len(text), at + 3) and is_number(text[end]): end += 1
        elif is_other(text[at]) or (text[at] == " " and end < len(text) and is_other(text[end])):
            while end < len(text) and is_other(text[end]): end += 1
            while end < len(text) and text[end] in "\r\n": end += 1
        else:
            while end < len(text) and text[end].isspace(): end += 1
            newline = max(text.rfind("\n", at, end), text.rfind("\r", at, end))
            if newline >= 0: end = newline + 1
            elif end < len(text) and end - at > 1: end -= 1
        yield text[at:end]
        at = end


def encode(text, tokenizer):
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in plain]
    letter = {**{b: chr(b) for b in plain}, **{b: chr(256 + i) for i, b in enumerate(rest)}}
    vocab, merges = tokenizer["model"]["vocab"], [tuple(m) for m in tokenizer["model"]["merges"]]
    bos = next(t["id"] for t in tokenizer["added_tokens"] if "begin" in t["content"])
    ids = [bos]
    for word in words(text):
        symbols = [letter[b] for b in word.encode()]
        for left, right in merges:   # in order of rank, each wherever it fits, from the left
            i = 0
            while i + 1 < len(symbols):
                if symbols[i] == left and symbols[i + 1] == right: symbols[i:i + 2] = [left + right]
                i += 1
        ids += [vocab[s] for s in symbols]
    return ids


def logits_of(config, tensors, ids):
    """All positions at once."""
    dim, heads, groups = config["head_dim"], config["num_attention_heads"], config["num_key_value_heads"]
    count = len(ids)
    norm = lambda x, name: x / (x.square().mean(1, keepdim=True) + config["rms_norm_eps"]).sqrt() * tensors[name]
    position = torch.arange(count, dtype=torch.float64)
    turn = torch.polar(torch.ones(count, dim // 2, dtype=torch.float64), torch.outer(
        position, torch.tensor([config["rope_theta"] ** (-2 * i / dim) for i in range(dim // 2)],
                               dtype=torch.float64)))
    def rotated(x):   # (count, dim): the pairs (i, i + dim / 2) as complex numbers
        z = torch.complex(x[:, :dim // 2], x[:, dim // 2:]) * turn
        return torch.cat((z.real, z.imag), 1)

    x = tensors["model.embed_tokens.weight"][ids]
    for i in range(config["num_hidden_layers"]):
        at = f"model.layers.{i}."
        project = lambda h, name: h @ tensors[f"{at}{name}.weight"].t()
        h = norm(x, at + "input_layernorm.weight")
        q, k, v = (project(h, f"self_attn.{n}_proj") for n in "qkv")
        outputs = []
        for head in range(heads):
            group = head // (heads // groups)
            one = lambda t, n: t[:, n * dim:(n + 1) * dim]
            scores = rotated(one(q, head)) @ rotated(one(k, group)).t() / dim ** 0.5
            for t in range(count): scores[t, t + 1:] = float("-inf")
            outputs.append(torch.softmax(scores, 1) @ one(v, group))
        x = x + project(torch.cat(outputs, 1), "self_attn.o_proj")
        h = norm(x, at + "post_attention_layernorm.weight")
        gate = project(h, "mlp.gate_proj")
        x = x + project(gate * torch.sigmoid(gate) * project(h, "mlp.up_proj"), "mlp.down_proj")
    head = "model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"
    return norm(x, "model.norm.weight") @ tensors[head].t()


def main():
    torch.set_num_threads(1)
    read = lambda name: json.loads((HERE / "model" / name).read_text())
    config, tokenizer = read("config.json"), read("tokenizer.json")
    tensors = read_safetensors(HERE / "model" / "model.safetensors")
    (HERE / "reference").mkdir(exist_ok=True)
    entries = []
    for n, prompt in enumerate(PROMPTS):
        ids = encode(prompt, tokenizer)
        logits = logits_of(config, tensors, ids)
        kept = sorted({round(i * (len(ids) - 1) / (POSITIONS - 1)) for i in range(POSITIONS)})
        (HERE / "reference" / f"prompt-{n}.f32").write_bytes(logits[kept].numpy().astype("<f4").tobytes())
        greedy, gaps = list(ids), []
        for _ in range(GREEDY):
            last = logits_of(config, tensors, greedy)[-1]
            top = last.topk(2).values
            gaps.append((top[0] - top[1]).item())
            greedy.append(last.argmax().item())
        entries.append({"prompt": prompt, "ids": ids, "positions": kept, "greedy": greedy[len(ids):],
                        "smallest_gap": round(min(gaps), 4)})
        print(prompt, len(ids), "tokens, smallest gap between first and second", min(gaps))
    (HERE / "reference" / "prompts.json").write_text(json.dumps(entries, indent=1) + "\n")


if __name__ == "__main__": main()

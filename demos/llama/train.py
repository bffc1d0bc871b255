#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Train the demo's model on this project's own documents and write demos/llama/model/.

Needs PyTorch 1.13 as Debian 12 has it (nothing else in the tree needs PyTorch):
    apt-get install -y --no-install-recommends python3-torch python3-numpy libopenblas0-pthread
OpenBLAS makes it seven times as fast as the reference BLAS that comes by default.
Run from the root of the tree; one thread, a fixed seed and a fixed number of steps:
    /usr/bin/python3 demos/llama/train.py

The tokenizer is a byte-level BPE with Llama 3's split pattern, trained here in plain Python. The
files written are the ecosystem's own: config.json, tokenizer.json, model.safetensors (BF16)."""
import argparse, collections, csv, hashlib, json, math, pathlib, re, struct, time
import torch
import torch.nn.functional as F

SEED, STEPS, BATCH, CONTEXT = 1, 900, 4, 256
LEARNING_RATE, LEARNING_RATE_END, WARMUP, WEIGHT_DECAY = 3e-3, 1e-4, 60, 0.02
VOCAB = 1024
HIDDEN, INNER, LAYERS, HEADS, KV_HEADS, HEAD_DIM = 160, 416, 4, 6, 2, 32
EPS, THETA = 1e-5, 10000.0
BOS, EOS = "<|begin_of_text|>", "<|end_of_text|>"
PROMPTS = ["CloudKernel is", "It is meant for", "Everything that is built", "## Why not a buddy system"]

# ---- the corpus

# What is written as prose; the reference pages are mostly tables.
DOCUMENTS = ["README.md", "ARCHITECTURE.md", "docs/decisions/*.md"]


def prose(text):
    """Without fenced blocks and tables: the model is to write sentences."""
    text = re.sub(r"^```.*?^```\n", "", text, flags=re.S | re.M)
    text = "".join(line for line in text.splitlines(True) if not line.lstrip().startswith("|"))
    return re.sub(r"\n{3,}", "\n\n", text)


def read_corpus(root):
    """A list of (path, text used, sha256 of the file)."""
    paths = [path for pattern in DOCUMENTS for path in sorted(root.glob(pattern))]
    return [(path.relative_to(root).as_posix(), prose(path.read_text()),
             hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths]


# ---- the tokenizer

LLAMA3_PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
                  r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
# The same for Python's re, which has no \p{}: a letter is [^\W\d_].
SPLIT = re.compile(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|(?:[^\r\n\w]|_)?[^\W\d_]+|\d{1,3}"
                   r"| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_alphabet():
    """GPT-2's printable character for each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {b: chr(b) for b in plain}, 0
    for b in range(256):
        if b not in table: table[b] = chr(256 + extra); extra += 1
    return table


ALPHABET = byte_alphabet()


def merge_pair(word, pair):
    out, i = [], 0
    while i < len(word):
        if i + 1 < len(word) and (word[i], word[i + 1]) == pair:
            out.append(word[i] + word[i + 1]); i += 2
        else:
            out.append(word[i]); i += 1
    return tuple(out)


def train_bpe(texts, vocab_size):
    """The classic: count neighbours over the words, join the most frequent pair, repeat."""
    counts = collections.Counter()
    for text in texts:
        for word in SPLIT.findall(text):
            counts[tuple(ALPHABET[b] for b in word.encode())] += 1
    vocab, merges = [ALPHABET[b] for b in sorted(ALPHABET)], []
    while len(vocab) < vocab_size:
        pairs = collections.Counter()
        for word, n in counts.items():
            for pair in zip(word, word[1:]): pairs[pair] += n
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        vocab.append(best[0] + best[1])
        merged = collections.Counter()
        for word, n in counts.items():
            merged[merge_pair(word, best) if best[0] in word else word] += n
        counts = merged
    return {token: i for i, token in enumerate(vocab)}, merges


def encode(text, vocab, merges, cache={}):
    rank = {pair: i for i, pair in enumerate(merges)} if not cache else None
    if rank is not None: cache["rank"] = rank
    ids = []
    for word in SPLIT.findall(text):
        if word not in cache:
            symbols = tuple(ALPHABET[b] for b in word.encode())
            while len(symbols) > 1:
                pair = min(zip(symbols, symbols[1:]), key=lambda p: cache["rank"].get(p, 1 << 30))
                if pair not in cache["rank"]: break
                symbols = merge_pair(symbols, pair)
            cache[word] = [vocab[s] for s in symbols]
        ids += cache[word]
    return ids


def tokenizer_json(vocab, merges):
    def special(token):
        return {"id": vocab[token], "content": token, "single_word": False, "lstrip": False,
                "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                  "use_regex": False}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [special(BOS), special(EOS)],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": LLAMA3_PATTERN}, "behavior": "Isolated",
             "invert": False}, byte_level]},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": BOS, "type_id": 0}},
                       {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": BOS, "type_id": 0}},
                     {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": BOS, "type_id": 1}},
                     {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {BOS: {"id": BOS, "ids": [vocab[BOS]], "tokens": [BOS]}}},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True,
                    "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None,
                  "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {t: i for t, i in vocab.items() if t not in (BOS, EOS)},
                  "merges": [list(pair) for pair in merges]}}


# ---- the model: a dict of tensors under the names of the checkpoint

def make_parameters():
    def weight(rows, columns, scale=1.0):
        return torch.nn.Parameter(torch.randn(rows, columns) * 0.04 * scale)
    queries, keys, residual = HEADS * HEAD_DIM, KV_HEADS * HEAD_DIM, (2 * LAYERS) ** -0.5
    p = {"model.embed_tokens.weight": weight(VOCAB, HIDDEN)}
    for i in range(LAYERS):
        at = f"model.layers.{i}."
        p[at + "input_layernorm.weight"] = torch.nn.Parameter(torch.ones(HIDDEN))
        p[at + "self_attn.q_proj.weight"] = weight(queries, HIDDEN)
        p[at + "self_attn.k_proj.weight"] = weight(keys, HIDDEN)
        p[at + "self_attn.v_proj.weight"] = weight(keys, HIDDEN)
        p[at + "self_attn.o_proj.weight"] = weight(HIDDEN, queries, residual)
        p[at + "post_attention_layernorm.weight"] = torch.nn.Parameter(torch.ones(HIDDEN))
        p[at + "mlp.gate_proj.weight"] = weight(INNER, HIDDEN)
        p[at + "mlp.up_proj.weight"] = weight(INNER, HIDDEN)
        p[at + "mlp.down_proj.weight"] = weight(HIDDEN, INNER, residual)
    p["model.norm.weight"] = torch.nn.Parameter(torch.ones(HIDDEN))
    return p


def rms_norm(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS) * weight


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


def forward(p, ids):
    batch, length = ids.shape
    angle = torch.outer(torch.arange(length).float(),
                        THETA ** (-torch.arange(0, HEAD_DIM, 2).float() / HEAD_DIM))
    cos, sin = angle.cos(), angle.sin()
    mask = torch.full((length, length), -math.inf).triu(1)
    x = F.embedding(ids, p["model.embed_tokens.weight"])
    for i in range(LAYERS):
        w = lambda name: p[f"model.layers.{i}.{name}.weight"]
        h = rms_norm(x, w("input_layernorm"))
        heads = lambda name, n: (h @ w(name).t()).view(batch, length, n, HEAD_DIM).transpose(1, 2)
        q = rotate(heads("self_attn.q_proj", HEADS), cos, sin)
        k = rotate(heads("self_attn.k_proj", KV_HEADS), cos, sin)
        v = heads("self_attn.v_proj", KV_HEADS)
        k, v = (t.repeat_interleave(HEADS // KV_HEADS, 1) for t in (k, v))
        scores = (q @ k.transpose(2, 3) / math.sqrt(HEAD_DIM) + mask).softmax(-1)
        x = x + (scores @ v).transpose(1, 2).reshape(batch, length, -1) @ w("self_attn.o_proj").t()
        h = rms_norm(x, w("post_attention_layernorm"))
        x = x + (F.silu(h @ w("mlp.gate_proj").t()) * (h @ w("mlp.up_proj").t())) @ w("mlp.down_proj").t()
    return rms_norm(x, p["model.norm.weight"]) @ p["model.embed_tokens.weight"].t()


# ---- training

def make_stream(texts, vocab, merges):
    """All documents one after another, each between BOS and EOS."""
    stream = []
    for text in texts: stream += [vocab[BOS], *encode(text, vocab, merges), vocab[EOS]]
    return torch.tensor(stream)


def make_starts(stream, vocab):
    """Where windows begin: at paragraphs, at the words that begin a line or a sentence. And what
    each token is without the space before it, for a window, like a prompt, begins without one."""
    name, newline = {i: t for t, i in vocab.items()}, ALPHABET[10]
    paragraphs, sentences, before = [], [], newline
    for at, token in enumerate(stream.tolist()):
        if before.endswith((newline * 2, BOS)): paragraphs.append(at)
        elif before.endswith((newline, ".", ":")): sentences.append(at)
        before = before[-1:] + name[token]
    bare = [vocab.get(name[i].removeprefix(ALPHABET[32]), i) for i in range(VOCAB)]
    return torch.tensor(paragraphs), torch.tensor(sentences), torch.tensor(bare)


def make_batch(stream, starts, bos):
    """Windows of which each begins like a prompt, with a BOS in front; most begin at a paragraph,
    where a reader's prompt is likely to."""
    paragraphs, sentences, bare = starts
    pick = lambda places: places[torch.randint(0, len(places), (BATCH,))]
    kind = torch.rand(BATCH)
    first = torch.where(kind < 0.7, pick(paragraphs), pick(sentences))
    first = torch.where(kind > 0.9, torch.randint(0, len(stream), (BATCH,)), first)
    targets = stream[(first[:, None] + torch.arange(CONTEXT)) % len(stream)]
    targets[:, 0] = bare[targets[:, 0]]
    return torch.cat((torch.full((BATCH, 1), bos), targets[:, :-1]), 1), targets


def learning_rate(step, steps):
    if step < WARMUP: return LEARNING_RATE * (step + 1) / WARMUP
    part = (step - WARMUP) / (steps - WARMUP)
    return LEARNING_RATE_END + (LEARNING_RATE - LEARNING_RATE_END) * (1 + math.cos(math.pi * part)) / 2


def train(p, stream, starts, bos, steps):
    """Returns the loss curve, a mean over each ten steps."""
    matrices = [t for t in p.values() if t.dim() == 2]
    norms = [t for t in p.values() if t.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": WEIGHT_DECAY},
                                   {"params": norms, "weight_decay": 0.0}], betas=(0.9, 0.95))
    curve, recent, begin = [], [], time.time()
    for step in range(steps):
        for group in optimizer.param_groups: group["lr"] = learning_rate(step, steps)
        inputs, targets = make_batch(stream, starts, bos)
        loss = F.cross_entropy(forward(p, inputs).flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(p.values()), 1.0)
        optimizer.step()
        recent.append(loss.item())
        if len(recent) == 10:
            curve.append((step + 1, sum(recent) / 10)); recent = []
            if (step + 1) % 50 == 0:
                print(f"step {step + 1} loss {curve[-1][1]:.4f} {time.time() - begin:.0f} s", flush=True)
    return curve


def corpus_loss(p, stream, bos):
    """The mean loss over the whole stream, window by window."""
    total = 0.0
    with torch.no_grad():
        for at in range(0, len(stream), CONTEXT):
            targets = stream[at:at + CONTEXT]
            inputs = torch.cat((torch.tensor([bos]), targets[:-1]))
            total += F.cross_entropy(forward(p, inputs[None])[0], targets, reduction="sum").item()
    return total / len(stream)


def generate(p, ids, count, eos):
    with torch.no_grad():
        for _ in range(count):
            token = forward(p, torch.tensor([ids[-CONTEXT:]]))[0, -1].argmax().item()
            if token == eos: break
            ids = ids + [token]
    return ids


# ---- what is written

def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = tensor.detach().bfloat16().view(torch.int16).numpy().astype("<i2").tobytes()
        header[name] = {"dtype": "BF16", "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % 64)   # the data begins on a cache line
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def config_json(vocab):
    return {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
            "hidden_size": HIDDEN, "intermediate_size": INNER, "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "head_dim": HEAD_DIM,
            "vocab_size": VOCAB, "max_position_embeddings": CONTEXT, "rms_norm_eps": EPS,
            "rope_theta": THETA, "rope_scaling": None, "tie_word_embeddings": True,
            "attention_bias": False, "mlp_bias": False, "torch_dtype": "bfloat16",
            "bos_token_id": vocab[BOS], "eos_token_id": vocab[EOS]}


def training_md(corpus, stream, parameters, steps, curve, final, seconds, samples):
    rows = "\n".join(f"| `{path}` | {len(text.encode())} | `{sha}` |" for path, text, sha in corpus)
    shown = "\n\n".join(f"```\n{text}\n```" for text in samples)
    return f"""# How this model was made

`demos/llama/train.py` wrote every file in this folder. Run from the root of the tree:

```
apt-get install -y --no-install-recommends python3-torch python3-numpy libopenblas0-pthread
/usr/bin/python3 demos/llama/train.py
```

PyTorch {torch.__version__}, one thread, seed {SEED}, {seconds:.0f} s. The corpus is what the tree holds when
the script runs, so the weights repeat only for the files listed below, and bit for bit only on a
processor for which OpenBLAS chooses the same kernels.

| | |
|---|---|
| parameters | {parameters} in BF16 |
| layers, hidden, inner | {LAYERS}, {HIDDEN}, {INNER} |
| heads, key-value heads, head_dim | {HEADS}, {KV_HEADS}, {HEAD_DIM} |
| context, vocabulary | {CONTEXT}, {VOCAB} (byte-level BPE, trained on the same text) |
| steps, batch, context | {steps}, {BATCH}, {CONTEXT} |
| AdamW | learning rate {LEARNING_RATE} to {LEARNING_RATE_END} (cosine, {WARMUP} steps of warm-up), betas 0.9 and 0.95, weight decay {WEIGHT_DECAY}, gradient norm 1 |
| corpus | {sum(len(t.encode()) for _, t, _ in corpus)} bytes, {len(stream)} tokens |
| loss, last ten steps | {curve[-1][1]:.4f} nats per token |
| loss over the corpus, weights in BF16 | {final:.4f} nats per token |

The model knows its corpus nearly by heart and nothing else. That is its purpose: text that a reader
can check, from weights small enough for a translated machine. `loss.csv` is the curve, a mean over
each ten steps.

## Samples

Greedy, from PyTorch:

{shown}

## Corpus

In this order, without fenced blocks and tables. The bytes are those used, the SHA-256 is of the file.

| file | bytes | SHA-256 |
|---|---|---|
{rows}
"""


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--root", type=pathlib.Path, default=pathlib.Path("."))
    arguments.add_argument("--out", type=pathlib.Path, default=pathlib.Path("demos/llama/model"))
    arguments.add_argument("--steps", type=int, default=STEPS)
    options = arguments.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    begin = time.time()

    corpus = read_corpus(options.root)
    texts = [text for _, text, _ in corpus]
    vocab, merges = train_bpe(texts, VOCAB - 2)
    vocab[BOS], vocab[EOS] = VOCAB - 2, VOCAB - 1
    stream = make_stream(texts, vocab, merges)
    starts = make_starts(stream, vocab)
    print(f"{len(corpus)} files, {sum(map(len, texts))} characters, {len(stream)} tokens, "
          f"{time.time() - begin:.0f} s", flush=True)

    parameters = make_parameters()
    curve = train(parameters, stream, starts, vocab[BOS], options.steps)
    rounded = {name: t.detach().bfloat16().float() for name, t in parameters.items()}
    final = corpus_loss(rounded, stream, vocab[BOS])
    back = {i: t for t, i in vocab.items()}
    bytes_of = {c: b for b, c in ALPHABET.items()}
    samples = []
    for prompt in PROMPTS:
        ids = generate(rounded, [vocab[BOS]] + encode(prompt, vocab, merges), 96, vocab[EOS])
        text = "".join(back[i] for i in ids[1:])
        samples.append(bytes(bytes_of[c] for c in text).decode(errors="replace"))
        print("---\n" + samples[-1], flush=True)

    options.out.mkdir(parents=True, exist_ok=True)
    dump = lambda name, value, **layout: (options.out / name).write_text(
        json.dumps(value, ensure_ascii=False, **layout) + "\n")
    dump("config.json", config_json(vocab), indent=2)
    dump("tokenizer.json", tokenizer_json(vocab, merges), separators=(",", ":"))
    write_safetensors(options.out / "model.safetensors", parameters)
    with open(options.out / "loss.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["step", "loss"])
        writer.writerows((step, f"{loss:.5f}") for step, loss in curve)
    count = sum(t.numel() for t in parameters.values())
    (options.out / "TRAINING.md").write_text(training_md(
        corpus, stream, count, options.steps, curve, final, time.time() - begin, samples))
    print(f"{count} parameters, corpus loss {final:.4f}, {time.time() - begin:.0f} s")


if __name__ == "__main__": main()

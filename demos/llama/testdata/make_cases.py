#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make tokenizer files of both families and texts with the tokens they must give, using Hugging
Face's tokenizers library (0.23; nothing else needs it). Usage: make_cases.py OUT [CASES]

For each variant: OUT/NAME.tokenizer.json and OUT/NAME.cases.json, a list of [text, ids]. The two
that are kept here are llama3 and llama2 with 48 cases each."""
import json, pathlib, random, sys
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers,
                        pre_tokenizers, processors, trainers)

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
PLAIN = ["The kernel maps a page and returns.", "It doesn't matter, they'll say; WE'RE here, I'M not.",
         "int main(void)\n{\n\treturn 0;\n}\n", "  two spaces,   three   and a tab\t.", "1234567 and 3.14159, 0x1f",
         "Zürich, Ärger, naïve café, ﬁne", "Привет, мир! Ελληνικά", "你好,世界。日本語テスト", "🙂🙃 emoji 👩‍🚀 family",
         "line one\r\nline two\n\n\nline five   \n", "e\u0301 combining, \u00a0nbsp, \u3000wide", "٣٤٥ ①② ⅷ ½",
         "'S 'ſ 'T 'LL'd", "<s>hello</s> <|eot_id|>x<|eot_id|>", "a_b__c--d==e!!", " ", "", "\n", "▁ already", "  ▁x"]


def make_texts(count):
    random.seed(7)
    pieces = (list("abcdefghij XYZ  \n\t\r'.,;:!?-_/\\()[]{}<>|@#$%^&*0123456789") +
              ["'s", "'T", "'re", "'LL", " the", "ing", " kernel", "é", "ß", "ſ", "д", "中", "の", "ก็", "🙂", "\u0301",
               "\u00a0", "\u2028", "\u200d", "\u3000", "½", "٣", "▁", "\x00", "\x7f", "<s>", "</s>", "<|eot_id|>", "<unk>",
               "\r\n", "\n\n", "   ", "page", "fault", "é́"])
    texts = list(PLAIN)
    while len(texts) < count:
        texts.append("".join(random.choice(pieces) for _ in range(random.randint(1, 40))))
    return texts[:count]


CORPUS = [t for t in PLAIN for _ in range(3)] + make_texts(400)


def byte_level(splitter, vocab=480, template=True, **model):
    t = Tokenizer(models.BPE(**model))
    t.pre_tokenizer = splitter
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=vocab, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.add_special_tokens([AddedToken("<s>", normalized=False, special=True),
                          AddedToken("<|eot_id|>", normalized=False, special=True)])
    t.add_tokens([AddedToken("page fault", normalized=False), AddedToken("!!", normalized=True)])
    if template:
        t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", t.token_to_id("<s>"))])])
    return t


def sentencepiece(normaliser, splitter, vocab=620, bytes=True, normalised=False):
    special = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % b for b in range(256)] * bytes
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=bytes))
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=vocab, special_tokens=special, limit_alphabet=90, show_progress=False))
    text = json.loads(t.to_str())
    text["added_tokens"] = [dict(a, normalized=normalised) for a in text["added_tokens"][:3]]
    t = Tokenizer.from_str(json.dumps(text))
    if normaliser: t.normalizer = normaliser
    t.pre_tokenizer = splitter
    t.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                   decoders.Strip(" ", 1, 0)])
    return t


P = pre_tokenizers
LLAMA2 = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
split = lambda pattern: P.Sequence([P.Split(Regex(pattern), "isolated"),
                                    P.ByteLevel(add_prefix_space=False, use_regex=False)])
VARIANTS = {
    "llama3": lambda: byte_level(split(LLAMA3), ignore_merges=True),
    "llama2": lambda: sentencepiece(LLAMA2, None),
    "qwen2": lambda: byte_level(split(QWEN2)),
    "gpt2": lambda: byte_level(P.ByteLevel(add_prefix_space=False), template=False),
    "gpt2-prefix": lambda: byte_level(P.ByteLevel(add_prefix_space=True)),
    "smollm": lambda: byte_level(P.Sequence([P.Digits(individual_digits=True), P.ByteLevel(add_prefix_space=False)])),
    "digits": lambda: byte_level(P.Sequence([P.Digits(individual_digits=False), P.ByteLevel(add_prefix_space=True)])),
    "llama2-normalised": lambda: sentencepiece(LLAMA2, None, normalised=True),
    "llama2-unknown": lambda: sentencepiece(LLAMA2, None, bytes=False),
    "metaspace-first": lambda: sentencepiece(None, P.Metaspace(prepend_scheme="first", split=False)),
    "metaspace-always": lambda: sentencepiece(None, P.Metaspace(prepend_scheme="always", split=True)),
    "metaspace-never": lambda: sentencepiece(None, P.Metaspace(prepend_scheme="never", split=True)),
}


def main():
    out, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 48
    out.mkdir(parents=True, exist_ok=True)
    for name, make in VARIANTS.items():
        tokenizer = make()
        text = json.loads(tokenizer.to_str())
        if name == "llama2": text["model"]["merges"] = [" ".join(m) for m in text["model"]["merges"]]
        assert Tokenizer.from_str(json.dumps(text)).encode("a page").ids == tokenizer.encode("a page").ids
        (out / f"{name}.tokenizer.json").write_text(json.dumps(text, ensure_ascii=False, separators=(",", ":")))
        lines = [json.dumps([t, tokenizer.encode(t).ids]) for t in make_texts(count)]
        (out / f"{name}.cases.json").write_text("[" + ",\n".join(lines) + "]\n")


if __name__ == "__main__": main()

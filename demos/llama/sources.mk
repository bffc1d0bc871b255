# SPDX-License-Identifier: Apache-2.0
LLAMA_SRC := demos/llama/main.c \
             demos/llama/bpe.c \
             demos/llama/checkpoint.c \
             demos/llama/config.c \
             demos/llama/decoder.c \
             demos/llama/error.c \
             demos/llama/file.c \
             demos/llama/json.c \
             demos/llama/matrix.c \
             demos/llama/model.c \
             demos/llama/options.c \
             demos/llama/quant.c \
             demos/llama/rope.c \
             demos/llama/safetensors.c \
             demos/llama/sample.c \
             demos/llama/split.c \
             demos/llama/text.c \
             demos/llama/tokenizer.c \
             demos/llama/tokenizer_load.c \
             demos/llama/unicode.c \
             demos/llama/vocabulary.c

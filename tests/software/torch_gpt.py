# SPDX-License-Identifier: Apache-2.0
"""A GPT-style model in PyTorch: trained for 20 steps on batches of a DataLoader with two worker processes, saved,
loaded, and asked for text. Prints every loss to the last bit, so that two systems on the same CPU can be compared.

Usage: torch_gpt.py [FOLDER_FOR_THE_MODEL]
"""
import os
import sys

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

TEXT = 'a kernel is a program that gives every other program the illusion of a machine of its own. ' * 4
CONTEXT, WIDTH, HEADS, LAYERS, BATCH, STEPS, SAMPLE = 16, 32, 2, 2, 4, 20, 24

LETTERS = sorted(set(TEXT))
CODES = {letter: code for code, letter in enumerate(LETTERS)}


class Windows(Dataset):
    """Every window of the text, and the same one letter later."""

    def __init__(self):
        self.data = torch.tensor([CODES[letter] for letter in TEXT])

    def __len__(self):
        return STEPS * BATCH

    def __getitem__(self, index):
        start = index * 7 % (len(self.data) - CONTEXT - 1)
        window = self.data[start:start + CONTEXT + 1]
        return window[:-1], window[1:], os.getpid()


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm, self.mlp_norm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.query_key_value, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x):
        batch, length, _ = x.shape
        parts = self.query_key_value(self.attention_norm(x)).split(WIDTH, dim=2)
        query, key, value = (p.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2) for p in parts)
        scores = query @ key.transpose(-2, -1) / (WIDTH // HEADS) ** 0.5
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        mixed = scores.masked_fill(future, float('-inf')).softmax(dim=-1) @ value
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, WIDTH))
        return x + self.mlp(self.mlp_norm(x))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.letters, self.places = nn.Embedding(len(LETTERS), WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, len(LETTERS))

    def forward(self, codes):
        x = self.letters(codes) + self.places(torch.arange(codes.shape[1]))
        return self.head(self.norm(self.blocks(x)))


def train(model):
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    workers = set()
    for step, (inputs, targets, pids) in enumerate(DataLoader(Windows(), batch_size=BATCH, num_workers=2)):
        workers.update(pids.tolist())
        loss = functional.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print('step', step, 'loss', loss.item().hex(), flush=True)
    print('worker processes', len(workers - {os.getpid()}))


@torch.no_grad()
def sample(model):
    codes = [0]
    for _ in range(SAMPLE):
        codes.append(int(model(torch.tensor([codes[-CONTEXT:]]))[0, -1].argmax()))
    return ''.join(LETTERS[code] for code in codes)


def main():
    path = os.path.join(sys.argv[1] if len(sys.argv) > 1 else '/tmp', 'gpt.pt')
    torch.manual_seed(1)
    model = Model()
    print('parameters', sum(p.numel() for p in model.parameters()), 'threads', torch.get_num_threads())
    train(model)
    torch.save(model.state_dict(), path)
    loaded = Model()
    loaded.load_state_dict(torch.load(path))
    print('saved and loaded', all(torch.equal(a, b) for a, b in zip(model.parameters(), loaded.parameters())))
    print('text', repr(sample(loaded)), sample(loaded) == sample(model))


if __name__ == '__main__':
    main()

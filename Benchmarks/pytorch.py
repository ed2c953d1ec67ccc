"""The workloads of Workloads.swift in PyTorch: python3 pytorch.py [--threads N] [--json FILE]

Prints best and median seconds of each, and writes them in the form of `ApusBenchmarks --json`.
"""

import argparse
import json
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


def measure(body):
    for _ in range(3):
        body()
    samples = []
    while len(samples) < 5 or (sum(samples) < 2 and len(samples) < 200):
        start = time.perf_counter()
        body()
        samples.append(time.perf_counter() - start)
    return min(samples), statistics.median(samples)


def gemm(m, n, k):
    a, b = torch.randn(m, k), torch.randn(k, n)
    c = torch.empty(m, n)
    return lambda: torch.matmul(a, b, out=c)


def attention(batch, heads, length, size, backward):
    q, k, v, g = (torch.randn(batch, heads, length, size) for _ in range(4))
    if not backward:
        def forward():
            with torch.no_grad():
                F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return forward
    for x in (q, k, v):
        x.requires_grad_(True)

    def both():
        q.grad = k.grad = v.grad = None
        F.scaled_dot_product_attention(q, k, v, is_causal=True).backward(g)
    return both


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.projection, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.expansion, self.contraction = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, t, c = x.shape
        parts = self.projection(self.norm1(x)).split(c, 2)
        q, k, v = (y.view(b, t, self.heads, c // self.heads).transpose(1, 2) for y in parts)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.output(y.transpose(1, 2).reshape(b, t, c))
        return x + self.contraction(F.gelu(self.expansion(self.norm2(x)), approximate="tanh"))


class GPT(nn.Module):
    def __init__(self, vocabulary, length, layers, heads, width):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)

    def forward(self, ids):
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        return F.linear(self.norm(x), self.tokens.weight)


def train_gpt(vocabulary, length, layers, heads, width, batch):
    model = GPT(vocabulary, length, layers, heads, width)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    x, y = (torch.randint(0, vocabulary, (batch, length)) for _ in range(2))

    def step():
        loss = F.cross_entropy(model(x).view(-1, vocabulary), y.view(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return step


WORKLOADS = {
    "gemm_1024x1024x1024": lambda: gemm(1024, 1024, 1024),
    "attention_1x12x512x64_causal_forward": lambda: attention(1, 12, 512, 64, False),
    "attention_1x12x512x64_causal_forward_backward": lambda: attention(1, 12, 512, 64, True),
    "train_chargpt_4l4h128_b12t64": lambda: train_gpt(65, 64, 4, 4, 128, 12),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--filter", default="")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    results = {}
    for name, make in WORKLOADS.items():
        if arguments.filter not in name:
            continue
        best, median = measure(make())
        results[name] = {"threads": arguments.threads, "seconds": best, "median_seconds": median}
        print(f"{name:<48} {arguments.threads} threads  best {best * 1e3:.3f} ms  median {median * 1e3:.3f} ms")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"machine": {"library": f"PyTorch {torch.__version__}"}, "results": results}, file, indent=1)


if __name__ == "__main__":
    main()

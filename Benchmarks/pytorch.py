"""Measures the workloads of Workloads/ in PyTorch: python3 pytorch.py [--filter TEXT] [--threads N] [--json FILE]

Prints the best and the median time of each workload, and writes them in the format of `ApusBenchmarks --json`.
"""

import argparse
import json
import os
import pathlib
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


def measure(body):
    warm_up = rounds = 0
    while rounds < 3 and warm_up < 1:
        start = time.perf_counter()
        body()
        warm_up, rounds = warm_up + time.perf_counter() - start, rounds + 1
    samples = []
    while len(samples) < 5 or (sum(samples) < 2 and len(samples) < 200):
        start = time.perf_counter()
        body()
        samples.append(time.perf_counter() - start)
    return min(samples), statistics.median(samples)


def gemm(m, n, k, transposed=False):
    a = torch.randn(m, k)
    b = torch.randn(n, k).t() if transposed else torch.randn(k, n)
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


def pointwise(function):
    x, y = torch.randn(512, 3072), torch.randn(512, 3072)
    weight, bias = torch.randn(3072), torch.randn(3072)

    def body():
        with torch.no_grad():
            function(x, y, weight, bias)
    return body


def movement(function):
    x = torch.randn(512, 3072)
    places, rows = torch.randint(0, 512, (512, 3072)), torch.randint(0, 512, (512,))

    def body():
        with torch.no_grad():
            function(x, places, rows)
    return body


class Block(nn.Module):
    def __init__(self, width, heads, causal=True, gelu="tanh"):
        super().__init__()
        self.heads, self.causal, self.gelu = heads, causal, gelu
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.projection, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.expansion, self.contraction = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, cache=None):
        b, t, c = x.shape
        parts = self.projection(self.norm1(x)).split(c, 2)
        q, k, v = (y.view(b, t, self.heads, c // self.heads).transpose(1, 2) for y in parts)
        if cache is not None:
            start = cache["count"]
            cache["k"][:, :, start:start + t], cache["v"][:, :, start:start + t] = k, v
            k, v = cache["k"][:, :, :start + t], cache["v"][:, :, :start + t]
            cache["count"] = start + t
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal and t > 1)
        x = x + self.output(y.transpose(1, 2).reshape(b, t, c))
        return x + self.contraction(F.gelu(self.expansion(self.norm2(x)), approximate=self.gelu))


class GPT(nn.Module):
    def __init__(self, vocabulary, length, layers, heads, width):
        super().__init__()
        self.heads, self.width = heads, width
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)

    def forward(self, ids, caches=None, last_only=False):
        start = caches[0]["count"] if caches else 0
        x = self.tokens(ids) + self.positions(torch.arange(start, start + ids.shape[1]))
        for index, block in enumerate(self.blocks):
            x = block(x, caches[index] if caches else None)
        if last_only:
            x = x[:, -1:]
        return F.linear(self.norm(x), self.tokens.weight)

    def caches(self, capacity):
        shape = (1, self.heads, capacity, self.width // self.heads)
        return [{"k": torch.zeros(shape), "v": torch.zeros(shape), "count": 0} for _ in self.blocks]


def gpt2():
    return GPT(50257, 1024, 12, 12, 768)


def train_gpt(vocabulary, context, layers, heads, width, batch, length):
    model = GPT(vocabulary, context, layers, heads, width)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    x, y = (torch.randint(0, vocabulary, (batch, length)) for _ in range(2))

    def step():
        loss = F.cross_entropy(model(x).view(-1, vocabulary), y.view(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return step


def train_xor():
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])

    def step():
        loss = F.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return step


def prefill(last_only):
    model = gpt2()
    ids = torch.randint(0, 50257, (1, 512))
    caches = model.caches(512) if last_only else None

    def body():
        with torch.no_grad():
            for cache in caches or []:
                cache["count"] = 0
            model(ids, caches, last_only)
    return body


class ViT(nn.Module):
    """ViT-B/16: the blocks of the GPT without a mask and with the exact GELU."""

    def __init__(self, width=768, heads=12, layers=12, patch=16, size=224, classes=1000):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.first = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.positions = nn.Parameter(torch.randn(1, (size // patch) ** 2 + 1, width) * 0.02)
        self.blocks = nn.ModuleList([Block(width, heads, causal=False, gelu="none") for _ in range(layers)])
        self.norm, self.classifier = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, pixels):
        x = self.patches(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.first.expand(x.shape[0], -1, -1), x], 1) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.classifier(self.norm(x)[:, 0])


def vit():
    model, pixels = ViT(), torch.randn(1, 3, 224, 224)

    def body():
        with torch.no_grad():
            model(pixels)
    return body


def decode():
    model = gpt2()
    caches = model.caches(64)

    def body():
        with torch.no_grad():
            for cache in caches:
                cache["count"] = 0
            token = torch.zeros(1, 1, dtype=torch.long)
            for _ in range(64):
                token = model(token, caches).argmax(-1)
    return body


def encode(batch, layers, heads, width):
    """BERT's encoder with a fused projection for queries, keys and values, unlike Hugging Face's implementation."""
    vocabulary, length, hidden = 30522, 128, 4 * width
    embed = [nn.Embedding(n, width) for n in (vocabulary, 512, 2)]
    norm = nn.LayerNorm(width)
    blocks = [
        [nn.Linear(width, 3 * width), nn.Linear(width, width), nn.LayerNorm(width),
         nn.Linear(width, hidden), nn.Linear(hidden, width), nn.LayerNorm(width)]
        for _ in range(layers)
    ]
    ids = torch.randint(0, vocabulary, (batch, length))

    def body():
        with torch.no_grad():
            x = norm(embed[0](ids) + embed[1].weight[:length] + embed[2].weight[0])
            for project, out, norm1, expand, contract, norm2 in blocks:
                q, k, v = project(x).view(batch, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
                y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, length, width)
                x = norm1(x + out(y))
                x = norm2(x + contract(F.gelu(expand(x))))
    return body


WORKLOADS = {
    "gemm_1024x1024x1024": lambda: gemm(1024, 1024, 1024),
    "gemm_256x256x256": lambda: gemm(256, 256, 256),
    "gemm_256x3072x768": lambda: gemm(256, 3072, 768, transposed=True),
    "gemm_256x50257x768": lambda: gemm(256, 50257, 768, transposed=True),
    "gemm_1x3072x768": lambda: gemm(1, 3072, 768, transposed=True),
    "gemm_1x50257x768": lambda: gemm(1, 50257, 768, transposed=True),
    "attention_1x12x512x64_causal_forward": lambda: attention(1, 12, 512, 64, False),
    "attention_1x12x512x64_causal_forward_backward": lambda: attention(1, 12, 512, 64, True),
    "attention_1x12x2048x64_causal_forward": lambda: attention(1, 12, 2048, 64, False),
    "attention_1x12x2048x64_causal_forward_backward": lambda: attention(1, 12, 2048, 64, True),
    "gelu_512x3072": lambda: pointwise(lambda x, y, w, b: F.gelu(x, approximate="tanh")),
    "gelu_erf_512x3072": lambda: pointwise(lambda x, y, w, b: F.gelu(x)),
    "softmax_512x3072": lambda: pointwise(lambda x, y, w, b: torch.softmax(x, -1)),
    "layernorm_512x3072": lambda: pointwise(lambda x, y, w, b: F.layer_norm(x, (3072,), w, b)),
    "exp_512x3072": lambda: pointwise(lambda x, y, w, b: torch.exp(x)),
    "add_512x3072": lambda: pointwise(lambda x, y, w, b: x + y),
    "scatter_add_512x3072": lambda: movement(lambda x, places, rows: x.scatter_add(0, places, x)),
    "gather_512x3072": lambda: movement(lambda x, places, rows: x.gather(0, places)),
    "index_select_512x3072": lambda: movement(lambda x, places, rows: x.index_select(0, rows)),
    "index_add_512x3072": lambda: movement(lambda x, places, rows: torch.zeros_like(x).index_add_(0, rows, x)),
    "flip_512x3072": lambda: movement(lambda x, places, rows: x.flip(1)),
    "roll_512x3072": lambda: movement(lambda x, places, rows: x.roll(7, 1)),
    "slice_2_512x3072": lambda: movement(lambda x, places, rows: x[:, ::2].contiguous()),
    "train_mlp_xor": train_xor,
    "train_chargpt_4l4h128_b12t64": lambda: train_gpt(65, 64, 4, 4, 128, 12, 64),
    "train_gpt2_124m_b4t64": lambda: train_gpt(50257, 1024, 12, 12, 768, 4, 64),
    "prefill_gpt2_124m_512": lambda: prefill(False),
    "prefill_gpt2_124m_512_last": lambda: prefill(True),
    "decode_gpt2_124m_64": decode,
    "encode_bert_base_b1t128": lambda: encode(1, 12, 12, 768),
    "encode_bert_base_b16t128": lambda: encode(16, 12, 12, 768),
    "encode_minilm_b1t128": lambda: encode(1, 6, 12, 384),
    "encode_minilm_b16t128": lambda: encode(16, 6, 12, 384),
    "infer_vit_base_16_224_b1": vit,
}


def load_tokenizer():
    from tokenizers import ByteLevelBPETokenizer, Tokenizer

    folder = pathlib.Path(os.environ["APUS_TOKENIZER"])
    if (folder / "tokenizer.json").exists():
        return Tokenizer.from_file(str(folder / "tokenizer.json"))
    return ByteLevelBPETokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))


def tokenize():
    text = pathlib.Path(__file__).parent.parent / "Sources/ApusCommand/Resources/tinyshakespeare.txt"
    tokenizer, text = load_tokenizer(), text.read_text(encoding="utf-8")
    return lambda: tokenizer.encode(text, add_special_tokens=False)


if os.environ.get("APUS_TOKENIZER"):
    # Hugging Face's tokenizers, which encode a single text on one thread. They always compute tokens, ids and offsets.
    WORKLOADS["tokenize_shakespeare"] = WORKLOADS["tokenize_shakespeare_offsets"] = tokenize
    WORKLOADS["load_tokenizer"] = lambda: load_tokenizer


def selected(name, text):
    return not text or any(name == part[1:] if part.startswith("=") else part in name for part in text.split(","))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--filter", default="")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    results = {}
    for name, make in WORKLOADS.items():
        if not selected(name, arguments.filter):
            continue
        best, median = measure(make())
        results[name] = {"threads": arguments.threads, "seconds": best, "median_seconds": median}
        print(f"{name:<48} {arguments.threads} threads  best {best * 1e3:.3f} ms  median {median * 1e3:.3f} ms")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"machine": {"library": f"PyTorch {torch.__version__}"}, "results": results}, file, indent=1)


if __name__ == "__main__":
    main()

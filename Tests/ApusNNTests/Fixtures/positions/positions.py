#!/usr/bin/env python3
"""Writes positions.json: rotary frequencies and T5's buckets, as Hugging Face's transformers computes them.

    python positions.py > positions.json
"""

import json

import torch
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
from transformers.models.t5.modeling_t5 import T5Attention


def rotary(name, head_size, base, length, **parameters):
    config = LlamaConfig(
        hidden_size=head_size, num_attention_heads=1, max_position_embeddings=length,
        rope_parameters={"rope_theta": base, "rope_type": name, **parameters})
    embedding = LlamaRotaryEmbedding(config)
    positions = [0, 1, 7, length - 1, 4 * length]
    cosines, sines = embedding(torch.zeros(1), torch.tensor([positions]))
    half = head_size // 2
    return {
        "name": name, "head_size": head_size, "base": base, "length": length, "parameters": parameters,
        "positions": positions, "cosines": cosines[0, :, :half].tolist(), "sines": sines[0, :, :half].tolist()}


def buckets(count, maximum, bidirectional):
    distances = torch.arange(-700, 701)
    result = T5Attention._relative_position_bucket(distances, bidirectional, count, maximum)
    return {"count": count, "maximum": maximum, "bidirectional": bidirectional, "first": -700, "buckets": result.tolist()}


print(json.dumps({
    "rotary": [
        rotary("default", 8, 10000.0, 64),
        rotary("linear", 8, 10000.0, 64, factor=4.0),
        rotary("dynamic", 8, 10000.0, 64, factor=2.0),
        rotary("llama3", 16, 500000.0, 256, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
               original_max_position_embeddings=64),
        rotary("yarn", 16, 10000.0, 256, factor=4.0, original_max_position_embeddings=64),
        rotary("yarn", 32, 5000.0, 512, factor=8.0, original_max_position_embeddings=128, beta_fast=16.0, beta_slow=2.0,
               attention_factor=1.25, truncate=False),
    ],
    "buckets": [buckets(32, 128, True), buckets(32, 128, False), buckets(8, 20, True), buckets(8, 20, False),
                buckets(12, 100, True), buckets(64, 512, False)],
}))

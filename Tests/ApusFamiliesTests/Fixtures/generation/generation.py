#!/usr/bin/env python3
"""Makes generation.json: what Hugging Face's generate writes with the fixtures' models under many settings.

    python generation.py > generation.json

Sampling itself is not compared (random numbers differ), but penalties, forbidden and forced tokens, and beam search are.
"""

import json
import logging
import pathlib
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

logging.disable(logging.WARNING)
here = pathlib.Path(__file__).parent
CASES = [
    {"max_new_tokens": 16, "repetition_penalty": 1.7},
    {"max_new_tokens": 16, "no_repeat_ngram_size": 2},
    {"max_new_tokens": 12, "bad_words_ids": "words"},
    {"max_new_tokens": 10, "min_new_tokens": 8},
    {"max_new_tokens": 6, "suppress_tokens": "first"},
    {"max_new_tokens": 6, "begin_suppress_tokens": "first"},
    {"max_new_tokens": 8, "forced_bos_token_id": 33, "forced_eos_token_id": 44},
    {"max_new_tokens": 12, "num_beams": 3, "length_penalty": 2.0},
    {"max_new_tokens": 12, "num_beams": 3, "length_penalty": -1.0},
    {"max_new_tokens": 12, "num_beams": 5, "length_penalty": 0.0},
    {"max_new_tokens": 14, "num_beams": 4, "early_stopping": True},
    {"max_new_tokens": 14, "num_beams": 4, "early_stopping": "never", "length_penalty": 1.5},
    {"max_new_tokens": 12, "num_beams": 4, "no_repeat_ngram_size": 2, "repetition_penalty": 1.3},
    {"max_new_tokens": 10, "num_beams": 2, "min_new_tokens": 6, "forced_eos_token_id": 44},
]
result = []
DECODERS = ["gpt2_lm", "llama_lm"]
for name in DECODERS + ["bart", "marian", "t5_relu", "t5_gated_gelu"]:
    kind = AutoModelForCausalLM if name in DECODERS else AutoModelForSeq2SeqLM
    model = kind.from_pretrained(here.parent / name, dtype=torch.float32, attn_implementation="eager").eval()
    prompt = load_file(here.parent / name / "generate.safetensors")
    prompt = {key: prompt[key] for key in ["input_ids", "attention_mask"]}
    plain = model.generate(**prompt, do_sample=False, max_new_tokens=12)
    start = prompt["input_ids"].shape[1] if name in DECODERS else 1
    for case in CASES:
        case = dict(case)
        if name in DECODERS and "forced_bos_token_id" in case:
            del case["forced_bos_token_id"]
        written = plain[0, start:].tolist()
        if case.get("bad_words_ids"):
            case["bad_words_ids"] = [[written[0]], written[1:3]]
        for key in ["suppress_tokens", "begin_suppress_tokens"]:
            if case.get(key):
                case[key] = [written[0], 7]
        out = model.generate(
            **prompt, do_sample=False, return_dict_in_generate=True, output_scores=True,
            **({"pad_token_id": 0} if name == "gpt2_lm" else {}), **case)
        entry = {"model": name, "settings": case, "sequences": out.sequences.tolist()}
        if case.get("num_beams", 1) > 1:
            entry["scores"] = out.sequences_scores.tolist()
        # Only what does not hang on rounding is worth comparing.
        with torch.no_grad():
            double = kind.from_pretrained(here.parent / name, dtype=torch.float64, attn_implementation="eager").eval()
            again = double.generate(
                **prompt, do_sample=False, **({"pad_token_id": 0} if name == "gpt2_lm" else {}), **case)
        if again.tolist() == entry["sequences"]:
            result.append(entry)
        else:
            print(f"left out: {name} {case}", file=sys.stderr)
print(json.dumps(result))

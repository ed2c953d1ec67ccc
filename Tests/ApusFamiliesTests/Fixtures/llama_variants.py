"""Makes llama_variants.safetensors and llama_variants.json: python llama_variants.py (needs torch, transformers, safetensors).

The model of llama_lm with other settings in config.json: the scalings of rotary positions in the old and the new layout, tied
embeddings, biases. VARIANT.logits is what Hugging Face's library computes; the settings are in the JSON file.
"""

import json

import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

base = json.load(open("llama_lm/config.json"))
weights = load_file("llama_lm/model.safetensors")
new = {
    "linear": {"rope_type": "linear", "factor": 2.5},
    "dynamic": {"rope_type": "dynamic", "factor": 3.0},
    "llama3": {
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 16,
    },
    "yarn": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16},
    "yarn_exact": {
        "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "beta_fast": 6.0, "beta_slow": 0.5,
        "attention_factor": 1.3, "truncate": False,
    },
    "yarn_mscale": {
        "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "mscale": 1.2, "mscale_all_dim": 0.7,
    },
}
variants = {}
for name, parameters in new.items():
    variants[name] = {"rope_parameters": {"rope_theta": 500.0, **parameters}}
variants["dynamic"]["max_position_embeddings"] = 12
variants["base"] = {"rope_parameters": {"rope_theta": 777.0, "rope_type": "default"}}
variants["old_base"] = {"rope_parameters": None, "rope_theta": 777.0}
variants["old_linear"] = {"rope_parameters": None, "rope_theta": 500.0, "rope_scaling": {"type": "linear", "factor": 2.5}}
variants["old_llama3"] = {"rope_parameters": None, "rope_theta": 500.0, "rope_scaling": new["llama3"]}
variants["no_head_dim"] = {"head_dim": None, "pad_token_id": None}
variants["tied"] = {"tie_word_embeddings": True}
variants["gelu"] = {"hidden_act": "gelu", "rms_norm_eps": 0.1}

ids = torch.randint(0, 80, (1, 30), generator=torch.Generator().manual_seed(0))
outputs = {"input_ids": ids}
for name, changes in variants.items():
    config = {key: value for key, value in {**base, **changes}.items() if value is not None}
    model = LlamaForCausalLM(LlamaConfig(**config)).eval()
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not missing and not unexpected, (name, missing, unexpected)
    with torch.no_grad():
        outputs[name + ".logits"] = model(input_ids=ids, use_cache=False).logits.contiguous()
    same = [other for other in outputs if other != name + ".logits" and other != "input_ids"
            and torch.equal(outputs[other], outputs[name + ".logits"])]
    print(name, same)
# Tied: the file has the embedding table only.
model = LlamaForCausalLM(LlamaConfig(**{**base, "tie_word_embeddings": True})).eval()
model.load_state_dict({key: value for key, value in weights.items() if key != "lm_head.weight"}, strict=False)
with torch.no_grad():
    outputs["tied.logits"] = model(input_ids=ids, use_cache=False).logits.contiguous()
save_file(outputs, "llama_variants.safetensors")
json.dump(variants, open("llama_variants.json", "w"), indent=1)

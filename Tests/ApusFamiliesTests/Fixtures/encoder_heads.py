#!/usr/bin/env python3
"""Makes the fixtures in heads/: the encoders' heads that the shared fixtures leave out, tiny, with padding on either side.

    pip install torch transformers safetensors
    python encoder_heads.py heads

Each folder is as `save_pretrained` writes it, with inputs, outputs and gradients as the library computes them (eval mode).
Made with torch 2.15.0 and transformers 5.23.0.
"""

import pathlib
import sys

import torch
import transformers as hf
from safetensors.torch import load_file, save_file

V, T = 24, 6
BERT = dict(vocab_size=V, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12,
            max_position_embeddings=12, type_vocab_size=2)
DISTIL = dict(vocab_size=V, dim=8, n_layers=2, n_heads=2, hidden_dim=12, max_position_embeddings=12)
GPT = dict(vocab_size=V, n_embd=8, n_layer=2, n_head=2, n_positions=12, bos_token_id=1, eos_token_id=1)

g = torch.Generator().manual_seed(7)


def ints(low, high, *shape):
    return torch.randint(low, high, shape, generator=g)


def normal(*shape):
    return torch.randn(shape, generator=g)


def tokens(pad, left=False, lengths=(6, 4, 5)):
    ids, mask = torch.full((len(lengths), T), pad), torch.zeros(len(lengths), T, dtype=torch.long)
    for row, n in enumerate(lengths):
        place = slice(T - n, T) if left else slice(0, n)
        ids[row, place], mask[row, place] = ints(3, V, n), 1
    return dict(input_ids=ids, attention_mask=mask)


def cotangents(batch, **shapes):
    mask = batch["attention_mask"][..., None]
    for name, shape in shapes.items():
        x = normal(*shape)
        batch["cotangent" if name == "first" else "cotangent." + name] = x * mask if len(shape) == 3 else x
    return batch


def words(batch):
    labels = ints(0, V, *batch["input_ids"].shape)
    labels[(batch["attention_mask"] == 0) | (torch.rand(labels.shape, generator=g) < 0.4)] = -100
    return dict(batch, labels=labels)


def roberta(**more):
    return hf.RobertaConfig(**dict(BERT, type_vocab_size=1, max_position_embeddings=14), **more)


def cases():
    types = dict(token_type_ids=ints(0, 2, 3, T))
    yield "bert_masked_lm", hf.BertForMaskedLM, hf.BertConfig(**BERT), words(dict(tokens(0, left=True), **types))
    yield ("bert_masked_lm_untied", hf.BertForMaskedLM, hf.BertConfig(**BERT, tie_word_embeddings=False),
           words(tokens(0)))
    yield ("bert_positions", hf.BertModel, hf.BertConfig(**dict(BERT, hidden_act="gelu_new"), pad_token_id=None),
           cotangents(dict(tokens(0, left=True), position_ids=ints(0, 12, 3, T)), first=(3, T, 8)))
    yield ("bert_next_sentence", hf.BertForNextSentencePrediction, hf.BertConfig(**BERT),
           dict(tokens(0), **types, labels=ints(0, 2, 3)))
    yield ("bert_question_answering", hf.BertForQuestionAnswering, hf.BertConfig(**BERT),
           dict(tokens(0), **types, start_positions=torch.tensor([1, 99, 3]), end_positions=torch.tensor([4, 2, 99])))
    yield ("bert_regression", hf.BertForSequenceClassification, hf.BertConfig(**BERT, num_labels=1),
           dict(tokens(0), labels=normal(3)))
    yield ("bert_several_numbers", hf.BertForSequenceClassification,
           hf.BertConfig(**BERT, num_labels=4, problem_type="regression"), dict(tokens(0), labels=normal(3, 4)))
    yield ("bert_several_classes", hf.BertForSequenceClassification, hf.BertConfig(**BERT, num_labels=4),
           dict(tokens(0), labels=ints(0, 2, 3, 4).float()))
    yield "roberta_model", hf.RobertaModel, roberta(), cotangents(
        tokens(1, left=True), first=(3, T, 8), pooler_output=(3, 8))
    yield ("roberta_sequence_classification", hf.RobertaForSequenceClassification, roberta(num_labels=3),
           dict(tokens(1), labels=ints(0, 3, 3)))
    yield ("roberta_token_classification", hf.RobertaForTokenClassification, roberta(num_labels=3),
           dict(tokens(1), labels=ints(0, 3, 3, T)))
    yield ("roberta_question_answering", hf.RobertaForQuestionAnswering, roberta(),
           dict(tokens(1), start_positions=ints(0, T, 3), end_positions=ints(0, T, 3)))
    yield ("xlm_roberta_masked_lm", hf.XLMRobertaForMaskedLM,
           hf.XLMRobertaConfig(**dict(BERT, type_vocab_size=1, max_position_embeddings=14)), words(tokens(1)))
    yield "distilbert_model", hf.DistilBertModel, hf.DistilBertConfig(**DISTIL), cotangents(
        tokens(0, left=True), first=(3, T, 8))
    yield "distilbert_masked_lm", hf.DistilBertForMaskedLM, hf.DistilBertConfig(**DISTIL), words(tokens(0))
    yield ("distilbert_token_classification", hf.DistilBertForTokenClassification,
           hf.DistilBertConfig(**DISTIL, num_labels=3), dict(tokens(0), labels=ints(0, 3, 3, T)))
    yield ("distilbert_question_answering", hf.DistilBertForQuestionAnswering, hf.DistilBertConfig(**DISTIL),
           dict(tokens(0), start_positions=ints(0, T, 3), end_positions=ints(0, T, 3)))
    batch = tokens(0, left=True)
    positions = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
    yield "gpt2_model", hf.GPT2Model, hf.GPT2Config(**GPT), cotangents(
        dict(batch, position_ids=positions), first=(3, T, 8))


def fields(out):
    for name, value in out.items():
        if isinstance(value, torch.Tensor):
            yield name, value
        elif name == "hidden_states":
            for i, x in enumerate(value):
                yield f"{name}.{i}", x


def main(root):
    for name, kind, config, batch in cases():
        torch.manual_seed(len(name))
        config._attn_implementation = "eager"
        model = kind(config).eval()
        for p in model.parameters():
            p.data += 0.3 * normal(*p.shape)
        folder = root / name
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        model = kind.from_pretrained(folder, attn_implementation="eager").eval()
        arguments = {k: v for k, v in batch.items() if not k.startswith("cotangent")}
        extra = {} if kind is not hf.GPT2Model else dict(use_cache=False)
        out = model(**arguments, output_hidden_states=True, **extra)
        named = dict(fields(out))
        if "loss" in named:
            scalar = named["loss"]
        else:
            first = next(iter(named))
            scalar = sum((named[k[10:] or first] * v).sum() for k, v in batch.items() if k.startswith("cotangent"))
        scalar.backward()
        stored = load_file(folder / "model.safetensors")
        # By the names in the file: a tied parameter has several.
        gradients = {n: model.get_parameter(n).grad for n in stored}
        gradients = {n: gradient for n, gradient in gradients.items() if gradient is not None}
        for file, tensors in [("inputs", batch), ("outputs", named), ("gradients", gradients)]:
            save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, folder / f"{file}.safetensors")
        print(name, list(named))


main(pathlib.Path(sys.argv[1]))

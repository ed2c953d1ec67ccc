"""Trains small SentencePiece models, puts them into folders of Marian, T5, XLM-RoBERTa, CamemBERT and Llama, and
records the ids and texts of transformers' tokenizers that work without a tokenizer.json.

    pip install transformers==4.57.6 sentencepiece==0.2.1 protobuf
    python generate.py ENGLISH.txt ../unigram/cases.json

The first argument is any plain English text; the second contains texts to encode. The variable MORE=100 makes a hundred
times as many random texts, and RULES=nmt_nfkc selects another normalization.
"""

import json
import os
import random
import sys
import tempfile

import sentencepiece
from transformers import (
    CamembertTokenizer, LlamaTokenizer, MarianTokenizer, T5Tokenizer, XLMRobertaTokenizer)

lines = [line for line in open(sys.argv[1]).read().split("\n") if line][:1200]
random.seed(2)
more = int(os.environ.get("MORE", "1"))


def train(name, lines, **options):
    if not os.path.exists(f"{name}.model"):
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines), model_prefix=name, minloglevel=2, **options)
        os.remove(f"{name}.vocab")


rules = {"normalization_rule_name": os.environ.get("RULES", "identity")}
train("unigram", lines, model_type="unigram", vocab_size=200, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, **rules)
train("fairseq", lines, model_type="unigram", vocab_size=200, **rules)
train("bytes", lines, model_type="bpe", vocab_size=450, byte_fallback=True, remove_extra_whitespaces=False,
      normalization_rule_name="identity")
train("source", lines, model_type="unigram", vocab_size=180, **rules)
# Another language, in which every word is spelled backwards.
back = [" ".join(word[::-1] for word in line.split()) for line in lines]
train("target", back, model_type="bpe", vocab_size=180, **rules)

base = [case["text"] for case in json.load(open(sys.argv[2]))["single"]]
base = [text for text in base if len(text) < 60][:24] + ["", " ", "   two  spaces ", "\u2581a \u2581", "\t tab\n", "the king"]


def texts(words):
    result = list(base)
    letters = list("the king,. ") + ["\u00e9", "\u65e5\u672c", "\U0001f600", "e\u0301", "\u2581", "  ", "\n", "\u00a0", "<", ">>", "<<", "A"]
    for word in words:
        result += [word, f"a {word} b", f"a{word}b", f" {word}", f"{word} the", f"the  {word}  {word}x"]
    for _ in range(30 * more):
        result.append("".join(
            random.choice(words if random.random() < 0.15 and words else letters + ["the ", " king", "and"])
            for _ in range(random.randint(1, 25))))
    return result


def variant(name, kind, models, files, words):
    with tempfile.TemporaryDirectory() as folder:
        for target, source in models.items():
            with open(f"{folder}/{target}", "wb") as file:
                file.write(open(f"{source}.model", "rb").read())
        for target, content in files.items():
            with open(f"{folder}/{target}", "w") as file:
                json.dump(content, file)
        tokenizer = kind.from_pretrained(folder)
    size = len(tokenizer)
    encoded = []
    for text in texts(words):
        ids = tokenizer(text)["input_ids"]
        # An empty list has no first token, which the decoders of Llama and T5 do not expect.
        encoded.append({
            "text": text, "ids": ids, "plain": tokenizer(text, add_special_tokens=False)["input_ids"],
            "decoded": tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False),
            "whole": tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)})
    decoded = []
    known = [i for i in range(size) if tokenizer.convert_ids_to_tokens(i) is not None]
    special = sorted(set(tokenizer.all_special_ids))
    for _ in range(30 * more):
        ids = [random.choice(special if random.random() < 0.2 else known) for _ in range(random.randint(1, 9))]
        decoded.append({
            "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False),
            "whole": tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)})
    pair = tokenizer("the king", "and you")["input_ids"]
    return {"name": name, "models": models,
            "files": {key: json.dumps(value) for key, value in files.items()}, "size": size, "encoded": encoded, "decoded": decoded, "pair": pair}


def vocabulary(*names):
    pieces = []
    for name in names:
        model = sentencepiece.SentencePieceProcessor(model_file=f"{name}.model")
        pieces += [model.id_to_piece(i) for i in range(model.get_piece_size())]
    # A trained vocabulary does not contain all pieces of the models.
    kept = [piece for i, piece in enumerate(dict.fromkeys(pieces)) if piece not in ("<unk>", "<s>", "</s>") and i % 9]
    return {piece: i for i, piece in enumerate(["</s>", "<unk>"] + kept + [">>fra<<", ">>deu<<", "\u65e5\u672c", "<pad>"])}


strip = {"lstrip": True, "rstrip": True, "normalized": True, "single_word": False}
plain = {"lstrip": False, "rstrip": False, "normalized": False, "single_word": False}
marian = {"source.spm": "source", "target.spm": "target"}
variants = [
    variant("marian", MarianTokenizer, marian, {
        "config.json": {"model_type": "marian"}, "vocab.json": vocabulary("source", "target"),
        "tokenizer_config.json": {
            "source_lang": "eng", "target_lang": "mul", "tokenizer_class": "MarianTokenizer", "separate_vocabs": False}},
        [">>fra<<", "</s>", "<unk>", "<pad>", ">>x<<"]),
    variant("marian_separate", MarianTokenizer, marian, {
        "config.json": {"model_type": "marian"}, "vocab.json": vocabulary("source"),
        "target_vocab.json": vocabulary("target"),
        "tokenizer_config.json": {"separate_vocabs": True, "tokenizer_class": "MarianTokenizer"}},
        [">>fra<<", "</s>"]),
    variant("t5", T5Tokenizer, {"spiece.model": "unigram"}, {"config.json": {"model_type": "t5"}},
        ["<extra_id_0>", "<extra_id_99>", "</s>", "<unk>", "<pad>", "<extra_id_100>"]),
    variant("t5_new", T5Tokenizer, {"spiece.model": "unigram"}, {
        "config.json": {"model_type": "t5"},
        "tokenizer_config.json": {"legacy": False, "extra_ids": 7, "tokenizer_class": "T5Tokenizer"},
        "added_tokens.json": {"<new>": 207}},
        ["<extra_id_0>", "<extra_id_6>", "</s>", "<extra_id_7>"]),
    variant("t5_added", T5Tokenizer, {"spiece.model": "unigram"}, {
        "config.json": {"model_type": "t5"},
        "special_tokens_map.json": {"additional_special_tokens": ["<extra_id_0>", "<extra_id_1>", "<kept>"],
            "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"},
        "tokenizer_config.json": {"extra_ids": 2, "tokenizer_class": "T5Tokenizer", "additional_special_tokens": ["<extra_id_0>", "<extra_id_1>"], "added_tokens_decoder": {
            "200": {"content": "<extra_id_1>", "special": True, **plain},
            "201": {"content": "<extra_id_0>", "special": True, **plain},
            "202": {"content": "<tool>", "special": False, **strip}}}},
        ["<extra_id_0>", "<extra_id_1>", "<tool>", "</s>"]),
    variant("xlm_roberta", XLMRobertaTokenizer, {"sentencepiece.bpe.model": "fairseq"}, {
        "config.json": {"model_type": "xlm-roberta"}}, ["<mask>", "<s>", "</s>", "<pad>", "<unk>"]),
    variant("camembert", CamembertTokenizer, {"sentencepiece.bpe.model": "fairseq"}, {
        "config.json": {"model_type": "camembert"}}, ["<mask>", "<s>", "</s>", "<pad>", "<unk>", "<s>NOTUSED"]),
    variant("llama", LlamaTokenizer, {"tokenizer.model": "bytes"}, {
        "config.json": {"model_type": "llama"}}, ["<s>", "</s>", "<unk>"]),
    variant("llama_new", LlamaTokenizer, {"tokenizer.model": "bytes"}, {
        "config.json": {"model_type": "llama"},
        "tokenizer_config.json": {
            "legacy": False, "add_bos_token": False, "add_eos_token": True, "tokenizer_class": "LlamaTokenizer",
            "bos_token": {"__type": "AddedToken", "content": "<s>", **plain}, "pad_token": "<pad>",
            "additional_special_tokens": ["[INST]"]}},
        ["<s>", "</s>", "[INST]", "<pad>"]),
]
with open("cases.json", "w") as file:
    json.dump(variants, file, ensure_ascii=True, separators=(",", ":"))
    file.write("\n")

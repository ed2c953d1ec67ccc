"""Trains small SentencePiece models of every kind and records the library's results for texts and ids.

    pip install sentencepiece==0.2.3 protobuf
    python generate.py ENGLISH.txt ../unigram/cases.json

The first argument is any plain English text; the second contains texts to encode.
"""

import io
import json
import random
import sys

import sentencepiece
from sentencepiece import sentencepiece_model_pb2

lines = open(sys.argv[1]).read().split("\n")
texts = [case["text"] for case in json.load(open(sys.argv[2]))["single"]]
texts = [text for text in texts if len(text) < 80] + [
    "foo bar foo  bar", "a<sep>b <sep> c", "@user mail @user@user <mask><ctl> <s></s> ingingsinging <unk> \u2047",
    "  two  \u2581\u2581 spaces \u2581a ", "\u0301e\u0301", "<0x41> x", "ab " * 30, "\r\n crlf\r\n", "x\x00y",
]
random.seed(1)
alphabet = "abcdefgh thein,. \u00e9\u65e5\U0001f600\n\t\u2581<>s@u"
texts += ["".join(random.choice(alphabet) for _ in range(random.randint(1, 60))) for _ in range(40)]


def train(name, unused=0, **options):
    buffer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines[:1500]), model_writer=buffer, minloglevel=2,
        normalization_rule_name="identity", **options)
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(buffer.getvalue())
    if unused:
        for piece in [piece for piece in model.pieces if piece.type == 1][3:150:unused]:
            piece.type = 5
    with open(f"{name}.model", "wb") as file:
        file.write(model.SerializeToString())
    processor = sentencepiece.SentencePieceProcessor(model_file=f"{name}.model")
    size = processor.get_piece_size()
    encoded = [{"text": t, "ids": processor.encode(t), "decoded": processor.decode(processor.encode(t))} for t in texts]
    decoded = []
    for _ in range(40):
        ids = [random.randrange(random.choice([size, min(260, size)])) for _ in range(random.randint(1, 12))]
        decoded.append({"ids": ids, "decoded": processor.decode(ids)})
    return {"encoded": encoded, "decoded": decoded}


symbols = ["<sep>", "ing", "@user"]
cases = {
    "bpe_bytes": train(
        "bpe_bytes", model_type="bpe", vocab_size=600, byte_fallback=True, remove_extra_whitespaces=False,
        split_digits=True, pad_id=3, user_defined_symbols=["<sep>", "\u2581\u2581", "foo bar"]),
    "bpe_unused": train(
        "bpe_unused", unused=7, model_type="bpe", vocab_size=300, user_defined_symbols=["<mask>", "@user"],
        control_symbols=["<ctl>"]),
    "unigram_bytes": train(
        "unigram_bytes", unused=7, model_type="unigram", vocab_size=500, byte_fallback=True,
        user_defined_symbols=symbols),
    "unigram_suffix": train(
        "unigram_suffix", model_type="unigram", vocab_size=300, treat_whitespace_as_suffix=True, unk_surface=" [?] "),
    "unigram_bare": train(
        "unigram_bare", model_type="unigram", vocab_size=300, add_dummy_prefix=False, remove_extra_whitespaces=False,
        bos_id=-1),
}
with open("cases.json", "w") as file:
    json.dump(cases, file, ensure_ascii=True, separators=(",", ":"))
    file.write("\n")

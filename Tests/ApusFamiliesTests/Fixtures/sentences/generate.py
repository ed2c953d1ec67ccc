"""Makes folders of sentence-transformers around one small BERT with random weights, and writes down their vectors.

    pip install torch transformers sentence-transformers==6.2.0 tokenizers
    python generate.py ENGLISH.txt

The files of the encoder are the same in all folders and are kept once, in `encoder`.
"""

import glob
import json
import os
import shutil
import sys
import tempfile

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import LayerNorm, Pooling
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

torch.manual_seed(0)
lines = open(sys.argv[1]).read().split("\n")[:400]
tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
tokenizer.normalizer = normalizers.BertNormalizer()
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
tokenizer.train_from_iterator(lines, trainers.WordPieceTrainer(vocab_size=120, special_tokens=special))
tokenizer.post_processor = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
fast = PreTrainedTokenizerFast(
    tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
    mask_token="[MASK]", model_max_length=24)
config = BertConfig(
    vocab_size=120, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
    max_position_embeddings=32, initializer_range=0.3)
texts = [
    "Speak, speak!", "You are all resolved rather to die than to famish?", "Resolved. resolved.", "", "a",
    "First, you know Caius Marcius is chief enemy to the people. We know't, we know't. Let us kill him, and we'll have corn.",
    "\u00c9t\u00e9 \u65e5\u672c",
]
prompts = {"query": "search for: ", "passage": "text: "}
here = os.getcwd()
if os.path.exists("encoder"):
    shutil.rmtree("encoder")
with tempfile.TemporaryDirectory() as folder:
    BertModel(config).eval().save_pretrained(folder)
    fast.save_pretrained(folder)
    shutil.copytree(folder, "encoder")


def variant(name, *modules, **options):
    transformer = Transformer("encoder", max_seq_length=options.pop("longest", None))
    model = SentenceTransformer(modules=[transformer, *modules], device="cpu", **options)
    if os.path.exists(name):
        shutil.rmtree(name)
    model.save(name, create_model_card=False)
    # The folder that was saved is what is read.
    model = SentenceTransformer(name, device="cpu")
    expected = {"texts": texts, "width": model.get_embedding_dimension()}
    expected["vectors"] = model.encode(texts).tolist()
    if options.get("prompts"):
        expected["query"] = model.encode(texts, prompt_name="query").tolist()
    for file in os.listdir("encoder"):
        if file != "config.json" and os.path.exists(f"{name}/{file}") and file != "tokenizer_config.json":
            os.remove(f"{name}/{file}")
    os.remove(f"{name}/config.json")
    with open(f"{name}/expected.json", "w") as file:
        json.dump(expected, file)
        file.write("\n")


def random(module):
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return module


variant("dense", Pooling(16, "mean"), random(Dense(16, 12)), Normalize(), longest=16, prompts=prompts)
variant(
    "layers", Pooling(16, ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")),
    random(Dense(96, 20, bias=False, activation_function=torch.nn.GELU())), random(LayerNorm(20)),
    random(Dense(20, 20, activation_function=torch.nn.Identity(), use_residual=True)),
    random(Dense(20, 6, activation_function=torch.nn.ReLU(), use_residual=True)))
variant(
    "prompts", Pooling(16, ("weightedmean", "cls"), include_prompt=False), prompts=prompts,
    default_prompt_name="passage")

# Every text file of the package ends with a line break.
for path in glob.glob("**/*.json", recursive=True):
    text = open(path).read()
    if not text.endswith("\n"):
        open(path, "w").write(text + "\n")

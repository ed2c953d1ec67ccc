"""Makes a small CLIP with random weights and a tokenizer of its own, two pictures, and what transformers says of them.

    pip install torch transformers==5.23.0 tokenizers pillow
    python generate.py CAPTIONS.tsv

CAPTIONS.tsv has descriptions of pictures in its last column; the tokenizer is trained with them.
"""

import glob
import json
import os
import shutil
import sys

import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from tokenizers import Regex
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizerFast

torch.manual_seed(3)
lines = [line.split("\t")[-1] for line in open(sys.argv[1]).read().split("\n")[1:] if line][:500]
start, end = "<|startoftext|>", "<|endoftext|>"
tokenizer = Tokenizer(models.BPE(unk_token=end, end_of_word_suffix="</w>", continuing_subword_prefix=""))
tokenizer.normalizer = normalizers.Sequence([
    normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
    pre_tokenizers.Split(
        Regex(r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"),
        behavior="removed", invert=True),
    pre_tokenizers.ByteLevel(add_prefix_space=False)])
alphabet = pre_tokenizers.ByteLevel.alphabet()
tokenizer.train_from_iterator(["a photo of a " + line for line in lines], trainers.BpeTrainer(
    vocab_size=700, special_tokens=[], initial_alphabet=alphabet, end_of_word_suffix="</w>"))
trained = json.loads(tokenizer.to_str())["model"]
# As CLIP has it: the characters, the same with the end of a word, the merges, the two special tokens.
letters = sorted(alphabet)
merges = [tuple(merge) for merge in trained["merges"]]
names = list(dict.fromkeys(letters + [letter + "</w>" for letter in letters] + ["".join(merge) for merge in merges]))
vocab = {name: i for i, name in enumerate(names + [start, end])}
if os.path.exists("model"):
    shutil.rmtree("model")
os.makedirs("model")
fast = CLIPTokenizerFast(vocab=vocab, merges=merges)
size = len(vocab)
config = CLIPConfig(
    text_config=dict(
        vocab_size=size, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=24, projection_dim=12, bos_token_id=size - 2, eos_token_id=size - 1,
        pad_token_id=size - 1),
    vision_config=dict(
        hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, image_size=28, patch_size=7,
        projection_dim=12),
    projection_dim=12)
model = CLIPModel(config).eval()
with torch.no_grad():
    # Far from each other, so that an error shows.
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.normal_(std=0.25)
model.save_pretrained("model")
images = CLIPImageProcessor(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})
processor = CLIPProcessor(images, fast)
processor.save_pretrained("model")
print(sorted(os.listdir("model")))

generator = torch.Generator().manual_seed(1)
cases = []
labels = ["a photo of a cat", "a photo of a dog", "Grinning FACE!", "two  words \u00e9", "flag: \u65e5\u672c"]
for name, (width, height) in {"wide.png": (61, 40), "tall.png": (23, 55)}.items():
    small = torch.rand(3, 5, 7, generator=generator)
    picture = torch.nn.functional.interpolate(small[None], size=(height, width), mode="bicubic")[0].clamp(0, 1)
    image = Image.fromarray((picture.permute(1, 2, 0).numpy() * 255).astype("uint8"))
    image.save(name)
    inputs = processor(text=labels, images=Image.open(name), return_tensors="pt", padding=True)
    with torch.no_grad():
        probabilities = model(**inputs).logits_per_image.softmax(dim=1)[0]
    cases.append({"picture": name, "labels": labels, "probabilities": probabilities.tolist()})
with open("expected.json", "w") as file:
    json.dump({"cases": cases, "ids": [fast(label)["input_ids"] for label in labels]}, file)
    file.write("\n")

# Every text file of the package ends with a line break.
for path in glob.glob("**/*.json", recursive=True):
    text = open(path).read()
    if not text.endswith("\n"):
        open(path, "w").write(text + "\n")

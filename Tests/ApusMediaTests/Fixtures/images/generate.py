"""Makes png.safetensors and resize.safetensors: python generate.py (needs numpy, pillow, safetensors).

PNG files with every color type, bit depth, interlacing, filter and transparency are written here byte by byte, because
Pillow cannot write all of them. Pillow reads them back, and the result is checked against the samples written.
NAME.file contains the bytes of a file, NAME.samples the expected samples.
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

noise = np.random.default_rng(0)
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def packed_rows(values, depth):
    """[rows, samples] of numbers below 2^depth -> bytes of each row."""
    for row in values:
        if depth == 16:
            yield row.astype(">u2").tobytes()
        else:
            bits = np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - depth:].reshape(-1)
            yield np.packbits(bits).tobytes()


def filtered(rows, distance, first):
    """Rows with the filters 0 to 4 in turn."""
    above, result = None, b""
    for y, row in enumerate(rows):
        kind = (first + y) % 5
        previous = above or bytes(len(row))
        line = bytearray([kind])
        for i, byte in enumerate(row):
            left = row[i - distance] if i >= distance else 0
            up = previous[i]
            corner = previous[i - distance] if i >= distance else 0
            estimate = left + up - corner
            paeth = min((left, up, corner), key=lambda n: abs(estimate - n))
            line.append((byte - (0, left, up, (left + up) // 2, paeth)[kind]) % 256)
        result += bytes(line)
        above = row
    return result


def png(values, color, depth, interlaced=False, palette=None, transparency=None, level=9, strategy=0, parts=1, first=0):
    height, width, count = values.shape
    distance = max(1, depth * count // 8)
    data = b""
    for x, y, dx, dy in PASSES if interlaced else [(0, 0, 1, 1)]:
        part = values[y::dy, x::dx]
        if part.size:
            data += filtered(list(packed_rows(part.reshape(part.shape[0], -1), depth)), distance, first)
    compressor = zlib.compressobj(level, zlib.DEFLATED, 15, 9, strategy)
    data = compressor.compress(data) + compressor.flush()
    file = b"\x89PNG\r\n\x1a\n"
    file += chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced)))
    file += chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"tEXt", b"Comment\0made for a test")
    if palette is not None:
        file += chunk(b"PLTE", palette.astype(np.uint8).tobytes())
    if transparency is not None:
        file += chunk(b"tRNS", transparency)
    size = -(-len(data) // parts)
    for start in range(0, len(data), size):
        file += chunk(b"IDAT", data[start:start + size])
    return file + chunk(b"IEND", b"")


def eight_bits(values, depth):
    """Scales as the reader does, rounded to the nearest."""
    return np.floor(values.astype(np.float64) * 255 / (2**depth - 1) + 0.5).astype(np.uint8)


def check_with_pillow(file, expected, depth):
    image = Image.open(io.BytesIO(file))
    channels = expected.shape[2]
    if image.mode.startswith("I"):
        theirs = eight_bits(np.array(image), 16)[:, :, None]
        channels = 1
    else:
        if depth != 8 and channels % 2 == 0 and "transparency" in image.info and image.mode != "P":
            # Pillow compares a transparent color of another bit depth with 8-bit samples.
            channels -= 1
        theirs = np.array(image.convert({1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]))
        theirs = theirs.reshape(*expected.shape[:2], channels)
    # Of 16-bit samples, Pillow keeps the upper 8 bits, so the difference is at most 1.
    difference = np.abs(theirs.astype(int) - expected[:, :, :channels].astype(int)).max()
    assert difference <= (1 if depth == 16 else 0), (image.mode, depth, difference)


tensors = {}


def add(name, file, expected, depth):
    check_with_pillow(file, expected, depth)
    tensors[name + ".file"] = np.frombuffer(file, np.uint8).copy()
    tensors[name + ".samples"] = expected.copy()


number = 0
for color, depths in DEPTHS.items():
    for depth in depths:
        for interlaced in (False, True):
            for transparent in (False, True) if color in (0, 2, 3) else (False,):
                number += 1
                width, height = [(13, 11), (8, 9), (1, 7), (21, 3)][number % 4]
                palette = noise.integers(0, 256, (min(2**depth, 50), 3)) if color == 3 else None
                most = len(palette) if color == 3 else 2**depth
                values = noise.integers(0, most, (height, width, SAMPLES[color]))
                transparency = None
                if transparent and color == 3:
                    transparency = bytes(noise.integers(0, 256, len(palette) // 2 + 1).astype(np.uint8))
                elif transparent:
                    values[::2, ::2] = values[0, 0]
                    if depth == 16:
                        # Differs from the transparent color only in the lower bytes.
                        values[1, 0] = values[0, 0] ^ 1
                    transparency = values[0, 0].astype(">u2").tobytes()
                file = png(values, color, depth, interlaced, palette, transparency, parts=1 + number % 3, first=number)
                if color == 3:
                    expected = palette[values[:, :, 0]].astype(np.uint8)
                    if transparent:
                        alpha = np.full(len(palette), 255)
                        alpha[:len(transparency)] = list(transparency)
                        expected = np.concatenate([expected, alpha[values].astype(np.uint8)], axis=2)
                else:
                    expected = eight_bits(values, depth)
                    if transparent:
                        alpha = np.where((values == values[0, 0]).all(axis=2, keepdims=True), 0, 255)
                        expected = np.concatenate([expected, alpha.astype(np.uint8)], axis=2)
                name = f"color{color}_depth{depth}" + "_interlaced" * interlaced + "_transparent" * transparent
                add(name, file, expected, depth)

# Every kind of deflate block; sizes at which passes of Adam7 are empty.
smooth = (np.add.outer(np.arange(40) * 3, np.arange(50) * 2)[:, :, None] + [0, 40, 90]) % 256
for name, level, strategy in [
    ("stored", 0, 0), ("fixed", 9, zlib.Z_FIXED), ("runs", 9, zlib.Z_RLE), ("huffman", 9, zlib.Z_HUFFMAN_ONLY), ("fast", 1, 0),
]:
    add(f"deflate_{name}", png(smooth, 2, 8, level=level, strategy=strategy, parts=2), smooth.astype(np.uint8), 8)
for width in range(1, 10):
    for height in (1, 2, 5):
        values = noise.integers(0, 256, (height, width, 1))
        add(f"small_{width}x{height}", png(values, 0, 8, interlaced=True), values.astype(np.uint8), 8)
save_file(tensors, "png.safetensors")

tensors = {}
METHODS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3}
image = noise.integers(0, 256, (19, 23, 3)).astype(np.uint8)
image[:10, :12] = np.where(noise.integers(0, 2, (10, 12, 1)) == 1, 255, 0)
tensors["image"] = image
for method, code in METHODS.items():
    for width, height in [(7, 5), (23, 19), (40, 33), (23, 4), (60, 19), (1, 1), (22, 20)]:
        resized = Image.fromarray(image).resize((width, height), code)
        tensors[f"{method}_{width}x{height}"] = np.array(resized)
tensors["gray"] = np.array(Image.fromarray(image).convert("L"))
save_file(tensors, "resize.safetensors")

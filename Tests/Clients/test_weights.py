"""Tests of the commands that show files of weights to people."""

import json
import os
import struct

from holdfast import MODEL_FILE, cli


def inspect(file, *options):
    return cli("weights", "inspect", str(file), *options)


def test_a_real_model_is_shown():
    shown = inspect(MODEL_FILE)
    print(shown.stdout[:2000])
    assert shown.returncode == 0
    for words in ["GGUF v3", "llama", "134.5 M", "Q4_1 210", "49,152 tokens", "chat template", "blk.{0…29}.attn_q.weight"]:
        assert words in shown.stdout, words
    wide = [line for line in shown.stdout.splitlines() if len(line) > 80]
    assert not wide, "\n".join(wide)
    described = json.loads(inspect(MODEL_FILE, "--json").stdout)
    assert described["layers"] == 30 and len(described["tensors"]) == 272
    assert described["size"] == MODEL_FILE.stat().st_size


def test_what_is_ambiguous_is_refused_with_its_place(tmp_path):
    whole = MODEL_FILE.read_bytes()
    broken = {
        "behind.gguf": (whole + b"PK\x03\x04 and more", "behind"),
        "short.gguf": (whole[:-100], ""),
        "absurd.gguf": (whole[:8] + struct.pack("<Q", 1 << 62) + whole[16:], ""),
        "pickle.gguf": (b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94.", "pickle"),
        "zip.safetensors": (b"PK\x03\x04" + bytes(100), "ZIP"),
        "empty.gguf": (b"", ""),
    }
    for name, (content, words) in broken.items():
        file = tmp_path / name
        file.write_bytes(content)
        done = inspect(file)
        print(done.stderr)
        assert done.returncode == 65 and done.stdout == "" and words in done.stderr, (name, done)
    for missing in [tmp_path / "nothing", tmp_path]:
        assert inspect(missing).returncode == 66
    os.mkfifo(tmp_path / "pipe")
    assert inspect(tmp_path / "pipe").returncode == 66

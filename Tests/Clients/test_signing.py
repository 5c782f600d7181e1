"""Signed models, with the reference implementation (model-signing) in both
directions, and what lies in their folders."""

import base64
import json
import os
import subprocess

import model_signing
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from weights import (
    FILES, written, model, key, weights, verify, holds, refused, theirs, signed_by_them, Key,
)  # fmt: skip


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_a_key_both_ways(tmp_path, model, curve):
    key = Key(tmp_path, "k", curve)
    holds(weights("sign", model, "--private-key", key.file, "--signature", tmp_path / "ours.sig"))
    assert theirs(model, tmp_path / "ours.sig", key) is None
    ours = holds(verify(model, key, tmp_path / "ours.sig"))
    signed_by_them(model, tmp_path / "theirs.sig", key)
    # The same root, whatever the order: it is over the digests as listed.
    text = holds(verify(model, key, tmp_path / "theirs.sig"))
    assert "4 files" in text and key.hint in text and "4 files" in ours
    (model / "a.txt").write_bytes(b"other\n")
    assert theirs(model, tmp_path / "ours.sig", key) is not None
    refused(verify(model, key, tmp_path / "theirs.sig"), "not what was signed: a.txt")


def test_a_key_of_ours_both_ways(tmp_path, model):
    hint = holds(weights("key", tmp_path / "k")).strip()
    assert (tmp_path / "k.key").stat().st_mode & 0o777 == 0o600
    holds(weights("sign", model, "--private-key", tmp_path / "k.key"))
    assert json.loads((tmp_path / "m.sig").read_bytes())["verificationMaterial"]["publicKey"]["hint"] == hint
    config = model_signing.verifying.Config().use_elliptic_key_verifier(public_key=tmp_path / "k.pub")
    config.verify(model, tmp_path / "m.sig")
    assert weights("key", tmp_path / "k").returncode == 66, "a key must not be overwritten"


def test_a_key_from_openssl(tmp_path, model):
    # With the block of parameters that `openssl ecparam` writes before it.
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-out", tmp_path / "k.key"], check=True)
    assert "EC PARAMETERS" in (tmp_path / "k.key").read_text()
    subprocess.run(["openssl", "ec", "-in", tmp_path / "k.key", "-pubout", "-out", tmp_path / "k.pub"], check=True)
    holds(weights("sign", model, "--private-key", tmp_path / "k.key"))
    holds(weights("verify", model, "--public-key", tmp_path / "k.pub"))


HASHING = {
    "shards": lambda: model_signing.hashing.Config().use_shard_serialization(shard_size=256),
    "shards-blake2b": lambda: model_signing.hashing.Config().use_shard_serialization(
        shard_size=256, hashing_algorithm="blake2"
    ),
    "files-blake2b": lambda: model_signing.hashing.Config().use_file_serialization(hashing_algorithm="blake2"),
}


@pytest.mark.parametrize("name", HASHING)
def test_what_they_sign_and_cannot_verify(tmp_path, key, name):
    files = {"a.txt": b"first\n", "d/b.bin": bytes(range(256)) * 3, "d/c": b"x" * 256, "z": b"y" * 1000}
    model = written(tmp_path / "m", files)
    signed_by_them(model, tmp_path / "m.sig", key, HASHING[name]())
    assert theirs(model, tmp_path / "m.sig", key) is not None
    assert "4 files" in holds(verify(model, key))
    for changed in ["d/b.bin", "d/c", "z"]:
        for content in [files[changed][:-1], files[changed] + b"y", files[changed][:-1] + b"!"]:
            (model / changed).write_bytes(content)
            refused(verify(model, key), f"not what was signed: {changed}")
        (model / changed).write_bytes(files[changed])


def test_their_order_and_the_specifications(tmp_path, key):
    # `d/b` before `d-e` by parts, after it by code points.
    model = written(tmp_path / "m", {"d/b": b"1", "d-e": b"2", "d.f": b"3"})
    signed_by_them(model, tmp_path / "theirs.sig", key)
    holds(weights("sign", model, "--private-key", key.file, "--signature", tmp_path / "ours.sig"))
    names = {}
    for who in ["ours", "theirs"]:
        payload = json.loads((tmp_path / f"{who}.sig").read_bytes())["dsseEnvelope"]["payload"]
        names[who] = [each["name"] for each in json.loads(base64.b64decode(payload))["predicate"]["resources"]]
        holds(verify(model, key, tmp_path / f"{who}.sig"))
    assert names == {"ours": ["d-e", "d.f", "d/b"], "theirs": ["d/b", "d-e", "d.f"]}
    assert theirs(model, tmp_path / "ours.sig", key) is None


def test_a_single_file(tmp_path, key):
    file = tmp_path / "w.gguf"
    file.write_bytes(b"weights")
    (tmp_path / "another").write_bytes(b"not the model's business")
    holds(weights("sign", file, "--private-key", key.file))
    assert "1 file is" in holds(verify(file, key))
    file.write_bytes(b"Weights")
    refused(verify(file, key), "not what was signed: w.gguf")
    # The reference implementation calls every such file ".".
    signed_by_them(file, tmp_path / "theirs.sig", key)
    refused(verify(file, key, tmp_path / "theirs.sig"), 'name is "."')


def test_the_signature_may_lie_in_the_folder(model, key):
    for name in ["model.sig", "d/model.sig"]:
        holds(weights("sign", model, "--private-key", key.file, "--signature", model / name))
        holds(verify(model, key, model / name))
        assert theirs(model, model / name, key) is None
        (model / name).unlink()


# What is in the folder


def test_what_lies_about_unsigned(tmp_path, model, key):
    holds(weights("sign", model, "--private-key", key.file))
    lies = {".git/hooks/post-checkout": b"#!/bin/sh", ".gitattributes": b"*", "extra.py": b"import os", "d/__init__.py": b""}
    for name, content in lies.items():
        written(model, {name: content})
        # The reference implementation passes over what is version control's.
        assert (theirs(model, tmp_path / "m.sig", key) is None) == name.startswith(".git")
        refused(verify(model, key), f"not signed: {name}", "--move-aside")
        (model / name).unlink()
    holds(verify(model, key))
    written(model, lies)
    os.symlink("/etc/passwd", model / "link")
    os.mkfifo(model / "fifo")
    (model / os.fsdecode(b"\xff\xfe")).write_bytes(b"no name")
    (model / "tty\x1b[2Jtrick").write_bytes(b"")
    said = refused(verify(model, key), "link, a link", "fifo, a device or a pipe", "\\xff\\xfe", "tty\\u{1b}[2Jtrick")
    assert "\x1b" not in said
    done = verify(model, key, None, "--move-aside")
    assert "4 files" in holds(done) and "moved to" in done.stderr
    aside = tmp_path / "m.unsigned-1"
    assert aside.stat().st_mode & 0o777 == 0o700
    for name, content in lies.items():
        assert (aside / name).read_bytes() == content and not (model / name).exists()
    assert os.readlink(aside / "link") == "/etc/passwd"
    holds(verify(model, key))
    written(model, {"again": b""})
    holds(verify(model, key, None, "--move-aside"))
    assert (tmp_path / "m.unsigned-2/again").exists()


def test_links_and_pipes_where_files_were_signed(tmp_path, model, key):
    holds(weights("sign", model, "--private-key", key.file))
    (tmp_path / "same").write_bytes(FILES["a.txt"])
    for make in [lambda file: os.symlink(tmp_path / "same", file), os.mkfifo]:
        (model / "a.txt").unlink()
        make(model / "a.txt")
        refused(verify(model, key), "not a regular file: a.txt")
    (model / "a.txt").unlink()
    refused(verify(model, key), "missing: a.txt")
    (model / "a.txt").mkdir()
    refused(verify(model, key), "missing: a.txt")
    (model / "a.txt").rmdir()
    (model / "a.txt").write_bytes(FILES["a.txt"])
    # A folder that is a link to one that holds the same.
    (model / "d").rename(tmp_path / "d")
    os.symlink(tmp_path / "d", model / "d")
    refused(verify(model, key), "missing: d/b.bin", "not signed: d, a link")


def test_names_that_look_the_same(model, key):
    holds(weights("sign", model, "--private-key", key.file))
    (model / "é.json").rename(model / "e\u0301.json")
    refused(verify(model, key), "missing: é.json", "not signed: e\u0301.json")


def test_what_is_not_signed(model, key):
    for name, make in [("link", lambda file: os.symlink("a.txt", file)), ("fifo", os.mkfifo)]:
        make(model / name)
        refused(weights("sign", model, "--private-key", key.file), name)
        holds(weights("sign", model, "--private-key", key.file, "--ignore", name))
        (model / name).unlink()
    bad = model / os.fsdecode(b"bad\xff")
    bad.write_bytes(b"")
    refused(weights("sign", model, "--private-key", key.file), "bad\\xff", "not UTF-8")
    bad.unlink()
    written(model, {".git/config": b"x"})
    done = weights("sign", model, "--private-key", key.file)
    assert done.returncode == 0 and "not signed: .git/config" in done.stderr
    for wrong in [".", "../x", "/x", "a/", "a//b", ""]:
        assert weights("sign", model, "--private-key", key.file, "--ignore", wrong).returncode == 64


def test_an_empty_folder(tmp_path, key):
    (tmp_path / "m").mkdir()
    refused(weights("sign", tmp_path / "m", "--private-key", key.file), "no file to sign")
    assert weights("sign", tmp_path / "none", "--private-key", key.file).returncode == 66

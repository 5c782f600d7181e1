"""Statements and bundles that are signed well and must be refused all the
same."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import model_signing
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from holdfast import BINARY
from weights import (
    changed, written, key, weights, verify, holds, refused, theirs, PREDICATE, Key, b64, bundle, certificate, legacy_pae, pae, resource, statement,
)  # fmt: skip


def plain(name="a.txt", content=b"first\n", algorithm="sha256"):
    return [resource(name, content, algorithm)]


def correct_but(path, value):
    """A correct statement with one member another."""
    return changed(path, value, statement(plain()))


def shards(*ranges, size=256, **more):
    return statement(
        [resource(f"a.txt:{r}", b"first\n", f"sha256-sharded-{int(size)}") for r in ranges], method="shards", shard_size=size, **more
    )


PAYLOADS = {
    "one key twice": (
        json.dumps(statement(plain())).replace('"predicateType"', '"predicateType": "x", "predicateType"'), "given twice",
    ),
    "resources twice": (
        json.dumps(statement(plain())).replace('"resources"', '"resources": [], "resources"'), "given twice",
    ),
    "one key in two spellings": (
        json.dumps(statement(plain())).replace('"_type"', '"\\u005ftype": "x", "_type"'), "given twice",
    ),
    "one name twice": (statement(plain() * 2), "a.txt is named twice"),
    "one name twice, other digests": (statement(plain() + plain(content=b"x")), "a.txt is named twice"),
    "unsorted": (statement(plain("b") + plain("a")), "not sorted"),
    "./": (statement(plain("./a.txt")), "names no file"),
    "./ inside": (statement(plain("d/./b")), "names no file"),
    "../": (statement(plain("../a.txt")), "names no file"),
    "../ inside": (statement(plain("d/../a.txt")), "names no file"),
    "absolute": (statement(plain("/etc/passwd")), "names no file"),
    "an empty part": (statement(plain("d//b")), "names no file"),
    "a slash at the end": (statement(plain("d/")), "names no file"),
    ".": (statement(plain(".")), "names no file"),
    "no name": (statement(plain("")), "names no file"),
    "NUL": (statement(plain("a.txt\0.png")), "names no file"),
    "not UTF-8": (json.dumps(statement(plain())).encode().replace(b"a.txt", b"a\xff.txt"), "UTF-8"),
    "a lone surrogate": (json.dumps(statement(plain())).replace("a.txt", "\\ud800"), "surrogate"),
    "no resources": (statement([]), "`resources` is empty"),
    "ignores everything": (statement(plain(), ignore_paths=["."]), "ignore_paths"),
    "nothing, and ignores everything": (statement([], ignore_paths=["."]), "ignore_paths"),
    "ignores above": (statement(plain(), ignore_paths=["../x"]), "ignore_paths"),
    "ignores absolute": (statement(plain(), ignore_paths=["/x"]), "ignore_paths"),
    "ignores what is signed": (statement(plain(), ignore_paths=["a.txt"]), "ignored"),
    "ignores one path twice": (statement(plain(), ignore_paths=["x", "x"]), "twice"),
    "version 0.1": (correct_but(["predicateType"], "https://model_signing/Digests/v0.1"), "0.1"),
    "another predicate": (correct_but(["predicateType"], PREDICATE + "1"), "predicateType"),
    "another statement": (correct_but(["_type"], "https://in-toto.io/Statement/v0.1"), "_type"),
    "another root": (correct_but(["subject", 0, "digest", "sha256"], "0" * 64), "subject"),
    "two subjects": (correct_but(["subject"], statement(plain())["subject"] * 2), "more than one subject"),
    "no subject": (correct_but(["subject"], []), "no subject"),
    "a subject without a name": (correct_but(["subject", 0, "name"], ""), "no subject with a name"),
    "a member too many": (correct_but(["also"], 1), "not known"),
    "a serialization's member too many": (statement(plain(), also=1), "not known"),
    "no serialization": (correct_but(["predicate", "serialization"], ...), "no `serialization`"),
    "links allowed by a string": (statement(plain(), allow_symlinks="false"), "allow_symlinks"),
    "blake3": (statement(plain(algorithm="blake3"), hash_type="blake3"), "blake3"),
    "sha1": (statement(plain(algorithm="sha1"), hash_type="sha1"), "sha1"),
    "another algorithm in the resource": (statement(plain(algorithm="blake2b")), "another algorithm"),
    "a digest in capitals": (
        correct_but(["predicate", "resources", 0, "digest"], plain()[0]["digest"].upper()), "small hexadecimal",
    ),
    "half a digest": (correct_but(["predicate", "resources", 0, "digest"], plain()[0]["digest"][:32]), "digits"),
    "an unknown method": (statement(plain(), method="tensors"), "tensors"),
    "files with a shard's size": (statement(plain(), shard_size=256), "shard_size"),
    "half a byte": (shards("0:6", size=256.5), "whole number"),
    "no bytes": (shards("0:6", size=0), "whole number"),
    "a size beyond 64 bits": (shards("0:6", size=1e30), "whole number"),
    "half a byte's end": (shards("0:5.5"), "no shard"),
    "shards overlap": (shards("0:256", "100:356"), "overlap"),
    "shards leave a gap": (shards("0:256", "300:400"), "gap"),
    "shards start late": (shards("1:257"), "gap"),
    "a short shard within": (shards("0:100", "100:356"), "where 256 belong"),
    "a long shard": (shards("0:300"), "where 256 belong"),
    "an empty shard": (shards("0:0"), "no shard"),
    "a shard backwards": (shards("6:0"), "no shard"),
    "a shard's zero before": (shards("00:6"), "no shard"),
    "a shard's sign": (shards("+0:6"), "no shard"),
    "a shard's underscore": (shards("0:1_0"), "no shard"),
    "a shard beyond 64 bits": (shards("0:99999999999999999999"), "no shard"),
    "a shard above": (
        statement([resource("../a:0:6", b"first\n")], method="shards", shard_size=256), "names no file",
    ),
    "another shard's size": (
        statement([resource("a.txt:0:6", b"first\n", "sha256-sharded-512")], method="shards", shard_size=256),
        "another algorithm",
    ),
    "no JSON": (b"{", "can't be read"),
    "a list": (b"[]", "no JSON object"),
    "more behind it": (json.dumps(statement(plain())) + "{}", "can't be read"),
    "a mark before it": (b"\xef\xbb\xbf" + json.dumps(statement(plain())).encode(), "can't be read"),
    "too deep": ('{"_type":' + "[" * 10_000 + "]" * 10_000 + "}", "can't be read"),
}  # fmt: skip
#: Which of these the reference implementation lets pass.
LAX = {
    "one key twice", "resources twice", "one key in two spellings", "one name twice", "./", "nothing, and ignores everything",
    "ignores above", "ignores absolute", "ignores one path twice", "a subject without a name", "a member too many",
    "a serialization's member too many", "links allowed by a string", "a digest in capitals", "files with a shard's size",
    "a shard's zero before", "a shard's sign", "a mark before it",
}  # fmt: skip


@pytest.fixture
def small(tmp_path):
    return written(tmp_path / "m", {"a.txt": b"first\n"})


@pytest.mark.parametrize("name", PAYLOADS)
def test_statements_that_are_refused(tmp_path, small, key, name):
    content, word = PAYLOADS[name]
    if isinstance(content, str):
        content = content.encode()
    file = tmp_path / "m.sig"
    file.write_text(json.dumps(bundle(content, key)))
    refused(verify(small, key), word)
    assert (theirs(small, file, key) is None) == (name in LAX)


def test_the_correct_statement_holds(tmp_path, small, key):
    # All that the cases above are made of.
    for content in [
        statement(plain()), statement(plain(), allow_symlinks=True, ignore_paths=[".git", "x"]), shards("0:6"),
        shards("0:6", size=256.0), shards("0:6", size=6), correct_but(["predicate", "resources", 0, "media_type"], "text/plain"),
    ]:  # fmt: skip
        (tmp_path / "m.sig").write_text(json.dumps(bundle(content, key)))
        holds(verify(small, key))


def spoilt(path, value):
    def spoil(content, key):
        return changed(path, value, content)

    return spoil


def text(old, new):
    def spoil(content, key):
        written = json.dumps(content)
        assert old in written
        return written.replace(old, new, 1)

    return spoil


def resigned(**more):
    def spoil(content, key):
        return bundle(base64.b64decode(content["dsseEnvelope"]["payload"]), key, **more)

    return spoil


def respelt(text):
    """The same bytes: what padding leaves over need not be zeros for most readers."""
    text = text if text.endswith("=") else b64(base64.b64decode(text) + b"\0")
    body = text.rstrip("=")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = body[:-1] + alphabet[alphabet.index(body[-1]) ^ 1] + "=" * (len(text) - len(body))
    assert base64.b64decode(other) == base64.b64decode(text) and other != text
    return other


SIGNATURE = ["dsseEnvelope", "signatures"]
BUNDLES = {
    "the legacy encoding": (resigned(encode=legacy_pae), "doesn't hold"),
    "another type in the encoding": (resigned(encode=lambda payload: pae(payload, "text/plain")), "doesn't hold"),
    "the payload alone signed": (resigned(encode=lambda payload: payload), "doesn't hold"),
    "a key twice": (text('"mediaType"', '"mediaType": "x", "mediaType"'), "given twice"),
    "a payload twice": (text('"payload"', '"payload": "e30=", "payload"'), "given twice"),
    "another media type": (spoilt(["mediaType"], "application/vnd.dev.sigstore.bundle+json;version=0.2"), "mediaType"),
    "another payload type": (spoilt(["dsseEnvelope", "payloadType"], "text/plain"), "payloadType"),
    "no signature": (spoilt(SIGNATURE, []), "0 signatures"),
    "two signatures": (lambda content, key: changed(SIGNATURE, content["dsseEnvelope"]["signatures"] * 2, content), "exactly one"),
    "an empty signature": (spoilt([*SIGNATURE, 0, "sig"], ""), "base 64"),
    "a key id": (spoilt([*SIGNATURE, 0, "keyid"], "x"), "keyid"),
    "another key's hint": (spoilt(["verificationMaterial", "publicKey", "hint"], "0" * 64), "another key"),
    "no material": (spoilt(["verificationMaterial"], {}), "either"),
    "both materials": (
        lambda content, key: changed(["verificationMaterial", "x509CertificateChain"], {"certificates": []}, content), "either",
    ),
    "a log's entry": (spoilt(["verificationMaterial", "tlogEntries"], [{"logIndex": "1"}]), "transparency log"),
    "a timestamp": (
        spoilt(["verificationMaterial", "timestampVerificationData"], {"rfc3161Timestamps": [{}]}), "timestamps",
    ),
    "a keyless certificate": (
        spoilt(["verificationMaterial"], {"certificate": {"rawBytes": "AAAA"}, "tlogEntries": []}), "Sigstore certificate",
    ),
    "a member too many": (spoilt(["also"], 1), "not known"),
    "base 64 in another spelling": (
        lambda content, key: changed([*SIGNATURE, 0, "sig"], respelt(content["dsseEnvelope"]["signatures"][0]["sig"]), content),
        "base 64",
    ),
    "a line feed in base 64": (
        lambda content, key: changed(["dsseEnvelope", "payload"], content["dsseEnvelope"]["payload"] + "\n", content), "base 64",
    ),
    "no bundle": (lambda content, key: "", "can't be read"),
    "more behind it": (lambda content, key: json.dumps(content) + "x", "can't be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", BUNDLES)
def test_bundles_that_are_refused(tmp_path, small, key, name):
    spoil, word = BUNDLES[name]
    content = spoil(bundle(statement(plain()), key), key)
    (tmp_path / "m.sig").write_text(content if isinstance(content, str) else json.dumps(content))
    refused(verify(small, key), word)
    if name in {"the legacy encoding", "a key twice"}:
        assert theirs(small, tmp_path / "m.sig", key) is None


def test_older_bundles_without_a_hint(tmp_path, small, key):
    material = {"publicKey": {"rawBytes": b64(key.public_file.read_bytes()), "keyDetails": 0}}
    content = bundle(statement(plain()), key, material=material)
    content["dsseEnvelope"]["signatures"][0]["keyid"] = None
    (tmp_path / "m.sig").write_text(json.dumps(content))
    holds(verify(small, key))
    refused(verify(small, Key(tmp_path, "other")), "none of your keys")


def test_another_key(tmp_path, small, key):
    (tmp_path / "m.sig").write_text(json.dumps(bundle(statement(plain()), key)))
    other = Key(tmp_path, "other")
    refused(verify(small, other), "another key")
    holds(verify(small, other, None, "--public-key", key.public_file))
    for wrong in [key.file, BINARY]:
        done = weights("verify", small, "--public-key", wrong)
        assert done.returncode in (65, 66) and "BEGIN" not in done.stderr
    (tmp_path / "two.pub").write_bytes(key.public_file.read_bytes() * 2)
    refused(weights("verify", small, "--public-key", tmp_path / "two.pub"), "instead of one")
    strange = ec.generate_private_key(ec.SECP256K1()).public_key()
    (tmp_path / "k1.pub").write_bytes(
        strange.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    refused(weights("verify", small, "--public-key", tmp_path / "k1.pub"), "P-256")


def test_every_byte_of_a_bundle(tmp_path, key):
    """None can be another: all of it is signed, or has one spelling."""
    file = tmp_path / "w"
    file.write_bytes(b"weights")
    good = json.dumps(bundle(statement(plain("w", b"weights"), name="w"), key), separators=(",", ":")).encode()
    (tmp_path / "w.sig").write_bytes(good)
    holds(verify(file, key))

    def spoil(place):
        bad = tmp_path / f"{place}.sig"
        bad.write_bytes(good[:place] + bytes([good[place] ^ (1 << place % 8)]) + good[place + 1 :])
        done = verify(file, key, bad)
        bad.unlink()
        return place, done.returncode, done.stderr

    with ThreadPoolExecutor(4) as pool:
        for place, code, said in pool.map(spoil, range(len(good))):
            assert code == 65 and said.startswith("holdfast: "), f"byte {place}: {code} {said}"

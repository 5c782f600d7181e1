"""On what terms a model may be in service: what custodians sign."""

import base64
import hashlib
import json
import sqlite3

import pytest
from holdfast import MODEL_FILE, Holdfast
from weights import (
    changed, written, model, key, weights, verify, holds, refused, PREDICATE, Key, b64, pae, statement,
)  # fmt: skip


@pytest.fixture(scope="module")
def custodians(tmp_path_factory):
    folder = tmp_path_factory.mktemp("custodians")
    return [Key(folder, name) for name in ["one", "two", "three"]]


class Custody:
    def __init__(self, folder, key, custodians):
        self.model = written(folder / "m")
        self.engine = folder / "engine"
        self.engine.write_bytes(b"code")
        self.file = folder / "m.custody"
        self.key = key
        self.custodians = custodians
        holds(weights("sign", self.model, "--private-key", key.file))

    def sign(self, *keys, role="primary", name="m", epoch=3, until="30d", **more):
        options = {"out": self.file, **more}
        return weights(
            "custody", self.model, "--public-key", self.key.public_file, "--model-id", name, "--role", role,
            "--epoch", epoch, "--not-after", until, "--egress-bits-per-day", 8_000_000, "--mapping", self.engine,
            *(each for key in keys for each in ["--private-key", key.file]),
            *(each for option, value in options.items() for each in [f"--{option}", value]),
        )  # fmt: skip

    def verify(self, role="primary", name="m", custodians=None, *more):
        given = [each for key in custodians or self.custodians for each in ["--custodian", key.public_file]]
        return verify(
            self.model, self.key, None, "--custody", self.file, "--role", role, "--model-id", name, *given, *more
        )


@pytest.fixture
def custody(tmp_path, key, custodians):
    return Custody(tmp_path, key, custodians)


def test_two_of_three_put_a_model_into_service(custody):
    one, two, three = custody.custodians
    holds(custody.sign(one, until="2099-01-31"))
    refused(custody.verify(), "signed with 1 of the 2")
    # Apart, each with a key of their own.
    assert "2 signatures" in holds(custody.sign(two, until="2099-01-31"))
    said = holds(custody.verify())
    for word in ["m as primary", "epoch", "3", "8000000 bits", one.hint, two.hint, "2099-01-31"]:
        assert word in said
    refused(custody.verify("primary", "m", None, "--threshold", 3), "signed with 2 of the 3")
    # Other terms are not signed along.
    refused(custody.sign(three, until="2099-01-31", epoch=4), "not the same")
    holds(custody.sign(three, until="2099-01-31"))
    holds(custody.verify("primary", "m", None, "--threshold", 3))
    # Twice with one key is once.
    assert "3 signatures" in holds(custody.sign(three, until="2099-01-31"))


def test_a_model_does_what_it_is_signed_for(custody):
    one, two, _ = custody.custodians
    holds(custody.sign(one, two))
    refused(custody.verify(role="supervisor"), "signed as primary and wanted as supervisor")
    refused(custody.verify(role="adapter"), "signed as primary and wanted as adapter")
    refused(custody.verify(name="other"), "about another model")
    assert custody.verify(role="judge").returncode == 64


def test_custody_of_other_files(custody):
    one, two, _ = custody.custodians
    holds(custody.sign(one, two))
    (custody.model / "a.txt").write_bytes(b"other")
    refused(custody.sign(one), "not what was signed")
    holds(weights("sign", custody.model, "--private-key", custody.key.file))
    refused(custody.verify(), "about other files")


def test_custodians_must_differ(tmp_path, custody):
    one, two, three = custody.custodians
    holds(custody.sign(one, two))
    refused(custody.verify("primary", "m", [one, one]), "given twice")
    copied = Key(tmp_path, "copied")
    copied.public_file.write_bytes(one.public_file.read_bytes().replace(b"\n", b"\r\n"))
    refused(custody.verify("primary", "m", [one, copied]), "given twice")
    refused(custody.verify("primary", "m", [one]), "1 keys are given")
    refused(custody.verify("primary", "m", [one, two], "--threshold", 1), "nobody acts alone")
    refused(custody.verify("primary", "m", [one, three]), "not among yours")
    # The signer of the model is no custodian by that.
    refused(custody.verify("primary", "m", [one, custody.key]), "not among yours")


def test_one_signature_copied_to_make_two(custody):
    one, two, _ = custody.custodians
    holds(custody.sign(one))
    content = json.loads(custody.file.read_text())
    [signature] = content["signatures"]
    for copy, word in [
        (dict(signature), "signed twice with one key"),
        ({"sig": signature["sig"], "keyid": two.hint}, "doesn't hold"),
        ({"sig": signature["sig"], "keyid": ""}, "not among yours"),
        ({"sig": signature["sig"]}, "not among yours"),
        # Another signature by the same key is no second opinion.
        ({"sig": b64(one.sign(pae(base64.b64decode(content["payload"])))), "keyid": one.hint}, "signed twice"),
    ]:
        custody.file.write_text(json.dumps({**content, "signatures": [signature, copy]}))
        refused(custody.verify(), word)


CUSTODY = {
    "another predicate": (["predicateType"], PREDICATE, "predicateType"),
    "an unknown role": (["predicate", "role"], "judge", "judge"),
    "no role": (["predicate", "role"], ..., "no `role`"),
    "an epoch of zero": (["predicate", "epoch"], 0, "epoch"),
    "half an epoch": (["predicate", "epoch"], 1.5, "epoch"),
    "no end": (["predicate", "not_after"], ..., "not_after"),
    "past": (["predicate", "not_after"], 1, "has run out"),
    "no budget": (["predicate", "egress_bits_per_day"], 0, "egress_bits_per_day"),
    "no word on the template": (["predicate", "chat_template_sha256"], ..., "chat_template_sha256"),
    "half a template": (["predicate", "chat_template_sha256"], "00", "digest"),
    "mappings twice": (["predicate", "mappings"], [{"name": "a", "sha256": "0" * 64}] * 2, "sorted"),
    "a member too many": (["predicate", "unless"], True, "not known"),
    "another root": (["subject", 0, "digest", "sha256"], "0" * 64, "about other files"),
}


@pytest.mark.parametrize("name", CUSTODY)
def test_custody_statements_that_are_refused(custody, name):
    path, value, word = CUSTODY[name]
    one, two, _ = custody.custodians
    holds(custody.sign(one, two))
    holds(custody.verify())
    content = json.loads(custody.file.read_text())
    payload = json.dumps(changed(path, value, json.loads(base64.b64decode(content["payload"])))).encode()
    signatures = [{"sig": b64(each.sign(pae(payload))), "keyid": each.hint} for each in [one, two]]
    custody.file.write_text(json.dumps({**content, "payload": b64(payload), "signatures": signatures}))
    refused(custody.verify(), word)


def test_a_models_signature_is_no_custody_statement(custody):
    content = json.loads((custody.model.parent / "m.sig").read_text())
    for spoilt in [content, content["dsseEnvelope"]]:
        custody.file.write_text(json.dumps(spoilt))
        refused(custody.verify())


def test_what_the_engine_runs_and_says_is_pinned(tmp_path, key, custodians):
    one, two, _ = custodians
    engine = tmp_path / "engine.so"
    engine.write_bytes(b"code")
    holds(weights("sign", MODEL_FILE, "--private-key", key.file, "--signature", tmp_path / "s.sig"))
    holds(weights(
        "custody", MODEL_FILE, "--public-key", key.public_file, "--signature", tmp_path / "s.sig", "--model-id", "smol",
        "--role", "primary", "--epoch", 1, "--not-after", "1d", "--egress-bits-per-day", 1000, "--mapping", engine,
        "--private-key", one.file, "--private-key", two.file, "--out", tmp_path / "s.custody",
    ))  # fmt: skip
    terms = json.loads(base64.b64decode(json.loads((tmp_path / "s.custody").read_text())["payload"]))["predicate"]
    assert terms["mappings"] == [{"name": str(engine), "sha256": hashlib.sha256(b"code").hexdigest()}]
    [template] = json.loads(holds(weights("inspect", MODEL_FILE, "--json")))["chat_templates"]
    assert terms["chat_template_sha256"] == hashlib.sha256(template["text"].encode()).hexdigest()


def test_an_older_statement_after_a_newer_one(custody):
    one, two, _ = custody.custodians
    holds(custody.sign(one, two, epoch=3))
    with Holdfast({}) as holdfast:
        config = holdfast.config
        holds(custody.verify("primary", "m", None, "--config", config))
        holdfast.stop()
        database = sqlite3.connect(holdfast.directory / ".holdfast/data/holdfast.sqlite")
        statement = base64.b64decode(json.loads(custody.file.read_text())["payload"])
        same, other = hashlib.sha256(statement).digest(), bytes(32)
        for kept, digest, word in [
            (2, other, None), (3, same, None), (3, other, "another custody statement of epoch 3"),
            (4, other, "is of epoch 3, and 4 was in force"),
        ]:  # fmt: skip
            database.execute("INSERT OR REPLACE INTO custodyEpoch VALUES ('m', 'primary', ?, ?, 0)", (kept, digest))
            database.commit()
            done = custody.verify("primary", "m", None, "--config", config)
            holds(done) if word is None else refused(done, word)
        database.close()

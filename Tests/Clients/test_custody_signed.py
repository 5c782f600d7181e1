"""Hosted models that somebody has vouched for: nothing else is loaded, in no
other engine, and not on other terms."""

import base64
import json
import os
import shutil
import signal
import subprocess

import model_signing
import pytest
from holdfast import ENGINE_PYTHON, MODEL_FILE, Holdfast, cli, engine, eventually
from test_signing_certificates import Authority
from weights import Key, b64, changed, holds, pae, pem, signed_by_them, weights

MODEL = "smollm2-135m"
LEDGER = {"name": "ledger.example.com/signed"}
BUDGET = 1_000_000


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    file = tmp_path_factory.mktemp("engine") / "engine.sha256"
    file.write_text(holds(weights("engine", "--python", ENGINE_PYTHON)))
    return file


class Signed:
    """A model in a folder, its publisher, and two custodians."""

    def __init__(self, folder, images):
        self.images = images
        self.model = folder / "m"
        (self.model / "gguf").mkdir(parents=True)
        self.file = self.model / "gguf" / "model.gguf"
        shutil.copyfile(MODEL_FILE, self.file)
        (self.model / "README").write_text("a model\n")
        self.publisher, self.one, self.two = (Key(folder, name) for name in ["publisher", "one", "two"])
        self.statement = folder / "m.custody"
        self.signature = folder / "m.sig"
        self.sign()
        self.grant()

    def sign(self):
        holds(weights("sign", self.model, "--private-key", self.publisher.file))

    def grant(self, epoch=3, role="primary", name=MODEL, images=None, keys=None, budget=BUDGET):
        self.statement.unlink(missing_ok=True)
        holds(weights(
            "custody", self.model, "--public-key", self.publisher.public_file, "--model-id", name, "--role", role,
            "--epoch", epoch, "--not-after", "30d", "--egress-bits-per-day", 8 * budget,
            "--mappings", images or self.images,
            *(each for key in keys or [self.one, self.two] for each in ["--private-key", key.file]),
        ))  # fmt: skip

    def amend(self, path, value):
        """Another statement, signed as well as the first."""
        content = json.loads(self.statement.read_text())
        payload = json.dumps(changed(path, value, json.loads(base64.b64decode(content["payload"])))).encode()
        signatures = [{"sig": b64(key.sign(pae(payload))), "keyid": key.hint} for key in [self.one, self.two]]
        self.statement.write_text(json.dumps({**content, "payload": b64(payload), "signatures": signatures}))

    def hosting(self, waits=True, **more):
        signed = {
            "folder": str(self.model), "keys": [str(self.publisher.public_file)], "custody": str(self.statement),
            "custodians": [str(self.one.public_file), str(self.two.public_file)],
        }  # fmt: skip
        provider = {"model_file": str(self.file), "parallel": 1, "context": 512, "models": [MODEL], "signed": signed}
        return Holdfast({"here": engine(**{**provider, **more})}, ledger=LEDGER, waits=waits)


@pytest.fixture
def signed(tmp_path, images):
    return Signed(tmp_path, images)


def ask(holdfast):
    return holdfast.openai().chat.completions.with_raw_response.create(
        model=f"here/{MODEL}", messages=[{"role": "user", "content": "hi"}], max_tokens=4
    )


def receipt(holdfast):
    return json.loads(cli("weights", "receipt", "here", "--json", config=holdfast.config, check=0).stdout)


def entries(holdfast, kind):
    lines = cli("ledger", "show", "--json", "--kind", kind, config=holdfast.config, check=0).stdout.splitlines()
    return [json.loads(line) for line in lines]


def is_refused(holdfast, *words):
    """An engine that isn't let start, for a reason that is told and is on
    record; nobody is answered."""
    holdfast.log_has(*words)
    eventually(lambda: _listens(holdfast))
    with pytest.raises(Exception) as caught:
        ask(holdfast)
    assert caught.value.status_code == 503


def _listens(holdfast):
    try:
        return holdfast.get("/health")[0] == 200
    except OSError:
        return False


def test_what_was_signed_is_served_on_its_terms(signed):
    with signed.hosting() as holdfast:
        said = receipt(holdfast)
        assert said["manifest"] == "signed" and said["engine_pinned"] is True and said["epoch"] == 3
        assert said["role"] == "primary" and said["files"][0]["name"] == "model.gguf"
        verified = holds(weights("verify", signed.model, "--public-key", signed.publisher.public_file))
        assert said["manifest_root"] in verified
        assert ask(holdfast).headers["x-holdfast-custody"] == said["id"]
        # The custodians' budget, which is less than the usual one.
        shown = json.loads(cli("disclosures", "--json", config=holdfast.config, check=0).stdout)
        assert str(BUDGET) in json.dumps(shown)
        # An older statement is refused from now on, also after a restart.
        holdfast.stop()
        signed.grant(epoch=2)
        holdfast.start(ready=False)
        is_refused(holdfast, "is of epoch 2, and 3 was in force already")
        holdfast.stop()
        signed.grant(epoch=4)
        holdfast.start()
        assert receipt(holdfast)["epoch"] == 4


def test_what_is_signed_meanwhile_counts_from_the_engines_next_start(signed):
    with signed.hosting() as holdfast:
        before = receipt(holdfast)

        def budget():
            [model] = json.loads(cli("disclosures", "--json", config=holdfast.config, check=0).stdout)["models"]
            return model["egress_per_day"]

        def again():
            os.kill(receipt(holdfast)["process"], signal.SIGKILL)

        assert budget() == BUDGET
        signed.grant(epoch=4, budget=BUDGET // 2)
        again()
        shown = lambda: json.loads(cli("weights", "receipt", "here", "--json", config=holdfast.config).stdout or "{}")
        eventually(lambda: shown().get("epoch") == 4, every=0.2)
        assert budget() == BUDGET // 2 and ask(holdfast).headers["x-holdfast-custody"] != before["id"]
        # The bytes in memory are right; that nobody vouches for them any more counts all the same.
        signed.amend(["predicate", "not_after"], 1)
        again()
        is_refused(holdfast, "has run out")


def spoil_byte(signed):
    with signed.file.open("r+b") as file:
        file.seek(60_000_000)
        byte = file.read(1)
        file.seek(60_000_000)
        file.write(bytes([byte[0] ^ 1]))


def plant(name):
    def spoil(signed):
        file = signed.model / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("[core]\n")

    return spoil


def without_an_image(signed):
    lines = signed.images.read_text().splitlines()
    short = signed.model.parent / "short.sha256"
    short.write_text("\n".join(line for line in lines if "libm.so" not in line) + "\n")
    signed.grant(images=short)


def sign_with_another_key(signed):
    other = Key(signed.model.parent, "stranger")
    holds(weights("sign", signed.model, "--private-key", other.file))


def copy_a_signature(signed):
    signed.grant(keys=[signed.one])
    content = json.loads(signed.statement.read_text())
    signed.statement.write_text(json.dumps({**content, "signatures": content["signatures"] * 2}))


def become_another_file(signed):
    signed.file.unlink()
    signed.file.symlink_to(MODEL_FILE)


def become_a_pipe(name):
    def spoil(signed):
        file = getattr(signed, name)
        file.unlink()
        os.mkfifo(file)

    return spoil


def flood(signed):
    with signed.signature.open("r+b") as file:
        file.truncate(65 << 20)


REFUSED = {
    "a pipe for a signature": (become_a_pipe("signature"), "m.sig is not a regular file"),
    "a pipe for a statement": (become_a_pipe("statement"), "m.custody is not a regular file"),
    "a signature without end": (flood, "is larger than"),
    "no bundle": (lambda signed: signed.signature.write_text("{}"), "the bundle"),
    "another byte": (spoil_byte, "is not what its manifest says"),
    "a planted file": (plant("gguf/tokenizer.json"), "gguf/tokenizer.json lies in the model's folder and was not signed"),
    "a planted hook": (plant(".git/config"), ".git/config lies in the model's folder"),
    "a link in its place": (become_another_file, "gguf/model.gguf was signed and isn't there as a file"),
    "a file gone": (lambda signed: (signed.model / "README").unlink(), "README was signed and isn't there"),
    "another signer": (sign_with_another_key, "signed with another key"),
    "no signature": (lambda signed: signed.signature.unlink(), "can't read"),
    "another role": (lambda signed: signed.grant(role="supervisor"), "signed as supervisor and wanted as primary"),
    "another model's": (lambda signed: signed.grant(name="other"), "about another model"),
    "one custodian": (lambda signed: signed.grant(keys=[signed.one]), "signed with 1 of the 2"),
    "one signature twice": (copy_a_signature, "signed twice with one key"),
    "run out": (lambda signed: signed.amend(["predicate", "not_after"], 1), "has run out"),
    "another template": (
        lambda signed: signed.amend(["predicate", "chat_template_sha256"], "0" * 64), "chat template",
    ),
    "other code": (without_an_image, "which the manifest does not name"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_was_not_signed_is_not_loaded(signed, name):
    spoil, *words = REFUSED[name]
    spoil(signed)
    with signed.hosting(waits=False) as holdfast:
        is_refused(holdfast, *words)
        refused = eventually(lambda: entries(holdfast, "weights.refused"))
        assert refused[0]["provider"] == "here"


def test_certificates_lead_to_a_root_that_is_named(signed, tmp_path):
    authority = Authority(tmp_path)
    leaf = pem(tmp_path / "leaf.pem", authority.leaf())
    signed.signature.unlink()
    holds(weights(
        "sign", signed.model, "--private-key", authority.leaf_key.file, "--certificate", leaf,
        "--chain", authority.middle_file,
    ))  # fmt: skip
    with signed.hosting(signed={"folder": str(signed.model), "roots": [str(authority.root_file)]}) as holdfast:
        assert receipt(holdfast)["manifest"] == "signed"
        holdfast.stop()
        (tmp_path / "other").mkdir()
        other = Authority(tmp_path / "other")
        holdfast.settings["providers"]["here"]["signed"]["roots"] = [str(other.root_file)]
        holdfast.write_config()
        holdfast.start(ready=False)
        is_refused(holdfast, "root")


HASHING = {
    "shards": lambda: model_signing.hashing.Config().use_shard_serialization(shard_size=1 << 20),
    "blake2b": lambda: model_signing.hashing.Config().use_file_serialization(hashing_algorithm="blake2"),
}


@pytest.mark.parametrize("name", HASHING)
def test_what_others_sign_in_other_ways(signed, name):
    signed_by_them(signed.model, signed.signature, signed.publisher, HASHING[name]())
    signed.grant()
    with signed.hosting() as holdfast:
        assert receipt(holdfast)["manifest"] == "signed"
        holdfast.stop()
        spoil_byte(signed)
        holdfast.start(ready=False)
        is_refused(holdfast, "is not what its manifest says")


@pytest.mark.skipif(shutil.which("age") is None, reason="install Debian's age")
def test_signed_plain_and_encrypted_on_the_disk(signed, tmp_path):
    identity = tmp_path / "identity.txt"
    subprocess.run(["age-keygen", "-o", identity], check=True, capture_output=True)
    identity.chmod(0o600)
    recipient = next(line.split()[-1] for line in identity.read_text().splitlines() if "public key" in line)
    hidden = signed.file.with_name("model.gguf.age")
    subprocess.run(["age", "-r", recipient, "-o", hidden, signed.file], check=True)
    signed.file.unlink()
    with signed.hosting(model_file=str(hidden), weights_key={"file": str(identity)}) as holdfast:
        said = receipt(holdfast)
        assert said["manifest"] == "signed" and said["files"][0]["name"] == "model.gguf"
        assert ask(holdfast).headers["x-holdfast-custody"] == said["id"]


def test_settings_of_signatures_are_checked(tmp_path):
    def problems(signed):
        file = tmp_path / "holdfast.yaml"
        provider = {**engine(models=[MODEL]), "signed": signed}
        file.write_text(json.dumps({"providers": {"here": provider}, "keys": "none"}))
        return cli("check", str(file)).stdout + cli("check", str(file)).stderr

    key = Key(tmp_path, "key").public_file
    assert "needs keys, or roots" in problems({})
    assert "needs keys, or roots" in problems({"keys": [str(key)], "roots": [str(key)]})
    assert "nobody acts alone" in problems({"keys": [str(key)], "custody": "c", "custodians": [str(key)]})
    assert "goes with custody" in problems({"keys": [str(key)], "custodians": [str(key)] * 2})
    assert "not above model_file" in problems({"keys": [str(key)], "folder": str(tmp_path)})
    assert "threshold" in problems({"keys": [str(key)], "custody": "c", "custodians": [str(key)] * 2, "threshold": 1})

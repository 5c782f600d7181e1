"""Hosted weights: what an answer, a receipt and the ledger say of them, and
what becomes of an engine that isn't shut in, of a file that was changed, of a
neighbour who looks."""

import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import openai
import pytest
from entries import checked_entries
from holdfast import BINARY, MODEL_FILE, Holdfast, cli, engine, eventually
from splitting import split

MODEL = "smollm2-135m"
SHA256 = hashlib.sha256(MODEL_FILE.read_bytes()).hexdigest() if MODEL_FILE.exists() else None
LEDGER = {"name": "ledger.example.com/custody"}


def hosting(**more):
    top = {name: more.pop(name) for name in ["ledger", "custody"] if name in more}
    return Holdfast({"here": engine(parallel=1, context=512, models=[MODEL], **more)}, **top)


def ask(holdfast, model=f"here/{MODEL}", **fields):
    return holdfast.openai().chat.completions.with_raw_response.create(
        model=model, messages=[{"role": "user", "content": "hi"}], max_tokens=4, **fields
    )


def receipt(holdfast, model=MODEL):
    return json.loads(cli("weights", "receipt", model, "--json", config=holdfast.config, check=0).stdout)


def entries(holdfast, kind):
    lines = cli("ledger", "show", "--json", "--kind", kind, config=holdfast.config, check=0).stdout.splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def kept():
    with hosting(ledger=LEDGER) as holdfast:
        yield holdfast


def test_every_answer_names_the_receipt(hosted, scripted):
    here, vectors = receipt(hosted, "here"), receipt(hosted, "vectors")
    assert here["id"].startswith("custody_") and here["id"] != vectors["id"]
    assert ask(hosted).headers["x-holdfast-custody"] == here["id"]
    assert ask(hosted, "assistant").headers["x-holdfast-custody"] == here["id"]
    with hosted.openai().chat.completions.with_streaming_response.create(
        model=f"here/{MODEL}", messages=[{"role": "user", "content": "hi"}], max_tokens=4, stream=True
    ) as stream:
        assert stream.headers["x-holdfast-custody"] == here["id"]
        stream.read()
    told = hosted.anthropic().messages.with_raw_response.create(
        model=f"here/{MODEL}", messages=[{"role": "user", "content": "hi"}], max_tokens=4
    )
    assert told.headers["x-holdfast-custody"] == here["id"]
    embedded = hosted.openai().embeddings.with_raw_response.create(model="vectors/smol-vectors", input="hi")
    assert embedded.headers["x-holdfast-custody"] == vectors["id"]


def test_answers_of_others_name_none(scripted, upstream):
    from shapes import openai_answer
    from upstream import answer

    upstream.plays(answer(openai_answer("x"), headers={"x-holdfast-custody": "custody_forged"}), model="elsewhere")
    assert "x-holdfast-custody" not in ask(scripted, "oa/elsewhere").headers


def test_receipt_says_what_serves(kept):
    shown = cli("weights", "receipt", f"here/{MODEL}", config=kept.config, check=0).stdout
    for words in ["RECEIPT custody_", SHA256, "sealed: write, grow, shrink, seal", "every page of the weights", "SHUT IN BY"]:
        assert words in shown, shown
    told = receipt(kept)
    [file] = told["files"]
    assert file["sha256"] == SHA256 and file["size"] == MODEL_FILE.stat().st_size
    [mapping] = told["mappings"]
    assert told["scrub"] == "whole" and all(each["shared"] and not each["writable"] for each in mapping["at"])
    # The kernel says the same.
    maps = Path(f"/proc/{told['process']}/maps").read_text()
    assert any("/memfd:weights-" in line and line.split()[1] == "r--s" for line in maps.splitlines())
    assert str(MODEL_FILE) not in maps, "the file itself is nowhere in the engine"
    assert told["seen"] == "observed" and told["manifest"] == "development"
    known = {each["path"]: each["sha256"] for each in told["executables"]}
    path = next(each for each in known if "python" in each)
    assert known[path] == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    wrong = cli("weights", "receipt", "nobody", config=kept.config)
    assert wrong.returncode == 64 and f"there are here/{MODEL}" in wrong.stderr


def test_weights_are_on_record(kept):
    told = receipt(kept)
    loaded = eventually(lambda: entries(kept, "weights.loaded"))
    verified = entries(kept, "weights.verified")
    assert verified[0]["files"] == [{"name": MODEL_FILE.name, "sha256": SHA256}]
    assert verified[0]["manifest_root"] == told["manifest_root"]
    assert told["id"] in [each["receipt"] for each in loaded]
    assert loaded[0]["missing"] == [name for name, each in told["sandbox"].items() if not each["held"]]
    request = ask(kept).headers["x-request-id"]
    settled = lambda: [each for each in entries(kept, "request.settled") if each["id"] == request]
    assert eventually(settled)[0]["custody"] == told["id"]
    assert checked_entries(kept.directory / ".holdfast/data/ledger/log")


def test_an_engine_that_was_killed_has_another_receipt(kept):
    before = receipt(kept)
    os.kill(before["process"], signal.SIGKILL)
    after = eventually(lambda: kept.engine_pid("here") not in (None, before["process"]) and receipt(kept))
    assert after["id"] != before["id"] and after["files"] == before["files"]
    assert ask(kept).headers["x-holdfast-custody"] == after["id"]
    assert len(entries(kept, "weights.verified")) == 1, "the same sealed bytes"


def test_a_socket_in_the_engines_place_gets_nothing(kept):
    """Only root and the engine's user can put one there. It is not talked to
    before there is a receipt for what listens on it; a stream that was under
    way ends with an error, and not with another's words."""
    before = receipt(kept)
    stream = kept.openai().chat.completions.create(
        model=f"here/{MODEL}", messages=[{"role": "user", "content": "Count upwards."}], max_tokens=400, stream=True,
    )  # fmt: skip
    told = [next(stream)]
    path = Path(kept.directory) / ".holdfast/run/here/s/engine.sock"
    os.kill(before["process"], signal.SIGKILL)
    eventually(lambda: kept.engine_pid("here") != before["process"])
    try:
        path.unlink(missing_ok=True)
        impostor = socket.socket(socket.AF_UNIX)
        impostor.bind(str(path))
        impostor.listen(8)
        impostor.setblocking(False)
    except OSError:
        pytest.skip("the engine was back sooner")

    with pytest.raises(openai.APIError):
        told += list(stream)
    assert all(not chunk.choices or chunk.choices[0].finish_reason is None for chunk in told)

    def answered():
        try:
            return ask(kept).headers["x-holdfast-custody"]
        except openai.InternalServerError:
            return None

    assert eventually(answered) == receipt(kept)["id"]
    try:
        connection, _ = impostor.accept()
        assert b"/v1/chat" not in connection.recv(65536)
    except BlockingIOError:
        pass
    impostor.close()


def test_a_file_that_changed_since_the_first_start_is_refused(tmp_path):
    file = tmp_path / "model.gguf"
    shutil.copyfile(MODEL_FILE, file)
    with hosting(model_file=str(file), ledger=LEDGER) as holdfast:
        assert ask(holdfast).headers["x-holdfast-custody"]
        # A running engine doesn't care.
        with file.open("r+b") as open_file:
            open_file.seek(50_000_000)
            byte = open_file.read(1)
            open_file.seek(50_000_000)
            open_file.write(bytes([byte[0] ^ 1]))
        process = receipt(holdfast)["process"]
        os.kill(process, signal.SIGKILL)
        eventually(lambda: holdfast.engine_pid("here") not in (None, process))
        assert ask(holdfast).headers["x-holdfast-custody"]
        holdfast.stop()
        holdfast.start(ready=False)
        holdfast.log_has("is not what its manifest says")
        refused = eventually(lambda: entries(holdfast, "weights.refused"))
        assert refused[0]["provider"] == "here" and refused[0]["cause"] == "mismatch"
        # Between two tries it is starting again.
        shown = lambda: cli("weights", "receipt", "here", config=holdfast.config, check=69).stderr
        eventually(lambda: "is not what its manifest says" in shown())
        # Each try is in the log.
        eventually(lambda: holdfast.log.count("is not what its manifest says") >= 3)
        assert len(entries(holdfast, "weights.refused")) == 1, "told once, not at every try"
        assert checked_entries(holdfast.directory / ".holdfast/data/ledger/log")


@pytest.mark.skipif(shutil.which("age") is None, reason="install Debian's age")
def test_encrypted_weights_are_served_and_never_lie_plain(tmp_path):
    subprocess.run(["age-keygen", "-o", tmp_path / "key"], check=True, capture_output=True)
    subprocess.run(["age-keygen", "-o", tmp_path / "other"], check=True, capture_output=True)
    recipient = next(line.split()[-1] for line in (tmp_path / "key").read_text().splitlines() if "public key" in line)
    secret = (tmp_path / "key").read_text().splitlines()[-1]
    folder = tmp_path / "models"
    folder.mkdir()
    subprocess.run(["age", "-r", recipient, "-o", folder / "model.gguf.age", MODEL_FILE], check=True)
    file = str(folder / "model.gguf.age")
    with hosting(model_file=file, weights_key={"file": str(tmp_path / "key")}) as holdfast:
        holdfast.secrets.append(secret)
        assert ask(holdfast).headers["x-holdfast-custody"]
        assert receipt(holdfast)["files"][0]["sha256"] == SHA256, "of the plain bytes"
        assert os.listdir(folder) == ["model.gguf.age"]
        for process in [holdfast.process.pid, receipt(holdfast)["process"]]:
            assert secret.encode() not in Path(f"/proc/{process}/cmdline").read_bytes()
            assert secret.encode() not in Path(f"/proc/{process}/environ").read_bytes()
        print_it = ["sh", "-c", f"cat {tmp_path}/key"]
        holdfast.stop()
        holdfast.settings["providers"]["here"]["weights_key"] = {"command": print_it}
        holdfast.write_config()
        holdfast.start()
        assert ask(holdfast).headers["x-holdfast-custody"]
        holdfast.stop()
        holdfast.settings["providers"]["here"]["weights_key"] = {"file": str(tmp_path / "other")}
        holdfast.write_config()
        holdfast.start(ready=False)
        holdfast.log_has("was not encrypted to this key")
        eventually(lambda: holdfast.log.count("listening") == 3)


def test_settings_of_custody_are_checked(tmp_path):
    def problems(**more):
        file = tmp_path / "holdfast.yaml"
        file.write_text(json.dumps({"listen": "127.0.0.1:0", "keys": {"file": "keys.yaml"}, "providers": {"here": engine(**more)}}))
        done = cli("check", str(file))
        return done.returncode, done.stdout + done.stderr

    assert problems(custody="required", scrub="2%", weights_key={"descriptor": "KEY"})[0] == 0
    for more, words in [
        ({"custody": "maybe"}, "best-effort"), ({"scrub": "fast"}, "share of a core"), ({"scrub": "200%"}, "share of a core"),
        ({"weights_key": "AGE-SECRET-KEY-1XX"}, "weights_key"), ({"weights_key": {}}, "one of file, command and descriptor"),
        ({"weights_key": {"file": "a", "command": ["b"]}}, "one of file, command and descriptor"),
        ({"weights_key": {"command": []}}, "command"),
    ]:
        code, said = problems(**more)
        assert code == 78 and words in said, (more, said)
        assert "AGE-SECRET-KEY-1XX" not in said


def test_loading_is_measured():
    def measure(*words, check):
        done = subprocess.run([BINARY.with_name("holdfast-measure"), "weights", *words], capture_output=True, text=True, timeout=60)
        assert done.returncode == check, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    done = json.loads(measure(MODEL_FILE, "--json", check=0))
    assert len(done["runs"]) == 3
    for run in done["runs"]:
        assert run["size"] == MODEL_FILE.stat().st_size
        assert run["peak_bytes"] - run["peak_before_bytes"] < 48 << 20, "no second copy"
        parts = run["copy_s"] + run["seal_s"] + run["hash_s"] + run["check_s"]
        assert abs(parts - run["total_s"]) < 1e-6 and run["ratio"] > 0.5 and run["first_s"] > 0
    made = json.loads(measure("--synthetic", "64MB", "--runs", "1", "--json", check=0))
    assert abs(made["runs"][0]["size"] - 64_000_000) < 20_000
    measure("--synthetic", "many", check=64)
    measure("/nowhere.gguf", check=66)


def test_a_split_model_is_served_from_sealed_parts(tmp_path):
    parts = split(MODEL_FILE, tmp_path)
    (tmp_path / "m-00003-of-00002.gguf").write_bytes(b"planted")
    with hosting(model_file=str(parts[0])) as holdfast:
        whole = receipt(holdfast)
        assert [(each["name"], each["sha256"]) for each in whole["files"]] == [
            (part.name, hashlib.sha256(part.read_bytes()).hexdigest()) for part in parts
        ]
        assert whole["scrub"] == "whole" and len(whole["mappings"]) == 2
        assert str(tmp_path) not in Path(f"/proc/{whole['process']}/maps").read_text()
        assert ask(holdfast).parse().choices[0].message.content


def test_a_quarantine_outlives_restarts_until_it_is_lifted():
    """Memory can't be broken for a test, so what its finder keeps is put there."""
    with hosting() as holdfast:
        holdfast.stop()
        database = holdfast.directory / ".holdfast/data/holdfast.sqlite"
        with sqlite3.connect(database) as memory:
            memory.execute("INSERT INTO scrub VALUES ('here', ?, 'quarantine')", [int(time.time())])
        memory.close()
        for is_again in [False, True]:
            if is_again:
                holdfast.stop()
            holdfast.start(ready=False)
            eventually(lambda: holdfast.log.count("listening") == 2 + is_again)
            eventually(lambda: holdfast.log.count("in quarantine, and is not loaded") == 1 + is_again)
            (hold,) = holdfast.holds
            assert hold["reason"] == "its weights changed in memory twice within a day", hold
            with pytest.raises(openai.APIStatusError):
                ask(holdfast)
        holdfast.restore(hold)
        holdfast.wait_ready()
        assert ask(holdfast).parse().choices
        holdfast.restart()
        assert ask(holdfast).parse().choices and not holdfast.holds

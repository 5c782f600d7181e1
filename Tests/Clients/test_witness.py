"""Witnesses: strangers who sign that a ledger has one history. Real ones,
that are killed, kept away and lied to; what they signed is checked by a
program that isn't ours (tlog-scales)."""

import base64
import json
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from conftest import scripted_providers
from holdfast import ANSWER, BINARY, Holdfast, cli, eventually, free_ports
from patience import PATIENCE
from shapes import openai_answer
from public_record import NAME, ROUTES, VERIFY, ask, folder, key, others, size
from tlog_scales import backend, signing, tlog
from tlog_scales.reader import TilesReader
from upstream import answer


class Witness:
    """`holdfast witness`, to be killed and started again."""

    def __init__(self, directory, name, logs):
        self.directory, self.name, self.logs = directory, name, logs
        [self.port] = free_ports(1)
        self.process = None
        self.log_file = directory.with_suffix(".log")
        self.vkey = cli("witness", "key", "--directory", str(directory), "--name", name, check=0).stdout.strip()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def command(self):
        logs = [part for log in self.logs for part in ("--log", log)]
        where = ["--listen", f"127.0.0.1:{self.port}", "--directory", str(self.directory)]
        return [BINARY, "witness", *where, "--name", self.name, *logs]

    def start(self):
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(lambda: self.ask("GET", "/")[0] == 200)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0, self.log_file.read_text()

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method, data=body)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()
        except OSError:
            return None, None, b""

    def add(self, old, proof, checkpoint):
        lines = [f"old {old}", *(base64.b64encode(each).decode() for each in proof), ""]
        return self.ask("POST", "/add-checkpoint", "\n".join(lines).encode() + b"\n" + checkpoint)


class World:
    """A Holdfast with two witnesses, of whom both are a quorum."""

    def __init__(self, upstream, scratch):
        self.scratch = scratch
        upstream.plays(answer(openai_answer(ANSWER)), model="scripted-ledger")
        self.providers = scripted_providers(upstream)

    def __enter__(self):
        self.holdfast = Holdfast(self.providers, ROUTES, ledger={"name": NAME}, ends_badly=True)
        self.holdfast.__enter__()
        self.witnesses = []
        try:
            self.log = key(self.holdfast)
            for number in (1, 2):
                self.witnesses.append(
                    Witness(self.scratch / f"witness-{number}", f"witness.example/{number}", [self.log]).start()
                )
            self.policy = self.scratch / "policy"
            lines = [f"log {self.log}"]
            lines += [f"witness w{number} {each.vkey} {each.url}" for number, each in enumerate(self.witnesses)]
            self.policy.write_text("\n".join([*lines, "group both 2 w0 w1", "quorum both", ""]))
            self.holdfast.write_config(ledger={"name": NAME, "policy": str(self.policy)})
            self.holdfast.restart()
        except BaseException:
            self.__exit__(None)
            raise
        return self

    def __exit__(self, *_):
        for witness in self.witnesses:
            if witness.process.poll() is None:
                witness.kill()
        self.holdfast.__exit__(None, None, None)

    def checkpoint(self):
        return tlog.Checkpoint.from_text(self.holdfast.get("/ledger/checkpoint")[2].decode())

    def signers(self):
        return {signature.name for signature in self.checkpoint().signatures}

    def witnessed(self, within=PATIENCE):
        wanted = {NAME, *(each.name for each in self.witnesses)}
        eventually(lambda: self.signers() == wanted, within)

    def verify(self, target, *more, policy=None):
        command = [VERIFY, target, "--policy", policy or self.policy, *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def world(upstream, tmp_path):
    with World(upstream, tmp_path) as world:
        yield world


def test_a_quorum_of_strangers(world, tmp_path):
    before, began = size(world.holdfast), int(time.time())
    ids = [ask(world.holdfast) for _ in range(300)]
    # Starts and stops are entries, too: counted from what was there.
    # Beside the requests, the server's own entries count.
    last = ["ledger", "prove", ids[-1], "-o", str(tmp_path / "last.tlog-proof")]
    eventually(lambda: cli(*last, config=world.holdfast.config).returncode == 0)
    assert size(world.holdfast) >= before + 300
    world.witnessed()
    checkpoint = world.checkpoint()
    for witness in world.witnesses:
        # Checked by tlog-scales: a cosignature/v1, and its time.
        vkey = signing.Vkey.from_string(witness.vkey)
        checkpoint.verify(vkey)
        [signature] = [each for each in checkpoint.signatures if vkey.match(each)]
        assert began <= vkey.get_verifier().get_timestamp(signature.payload) <= time.time()
        # What the witness shows monitors is the same tree.
        [file] = (witness.directory / "log").glob("*/checkpoint")
        theirs = tlog.Checkpoint.from_text(file.read_text())
        assert theirs.serialize_body() == checkpoint.serialize_body()
        theirs.verify(vkey)
    # Proofs that need both.
    for index, request in [(1, ids[0]), (300, ids[299])]:
        proof = tmp_path / f"{index}.tlog-proof"
        done = cli("ledger", "prove", request, "-o", str(proof), config=world.holdfast.config, check=0)
        assert done.stderr == ""
        done = world.verify(proof)
        assert done.returncode == 0 and f'"id":"{request}"' in done.stdout, done.stderr
        lonely = tmp_path / "lonely.tlog-proof"
        lonely.write_text("\n".join(line for line in proof.read_text().split("\n") if "witness.example/2" not in line))
        done = world.verify(lonely)
        assert done.returncode == 1 and "quorum" in done.stderr
    copy = tmp_path / "copy"
    shutil.copytree(folder(world.holdfast), copy)
    done = world.verify(copy)
    assert done.returncode == 0 and "witness.example/1, witness.example/2" in done.stdout, done.stderr
    assert "note" not in done.stdout
    for witness in world.witnesses:
        [line] = [line for line in done.stdout.splitlines() if line.startswith(f"cosigned    {witness.name} at 20")]
        assert "not checked" not in line
    # Without their keys they are shown as what they are.
    done = subprocess.run([VERIFY, copy, "--log", world.log], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.count("not checked: no key of it was given") == 2, done.stdout
    # The kept checkpoints carry them, too.
    kept = [tlog.Checkpoint.from_text(file.read_text()) for file in sorted((copy / "checkpoints").glob("0*"))]
    assert len(kept[-1].signatures) == 3, kept
    assert TilesReader(backend.LocalBackend(copy)).get_checkpoint().size == checkpoint.size
    done = cli("ledger", "verify", config=world.holdfast.config, check=0)
    assert "witness.example/1, witness.example/2" in done.stdout
    # Over the network, too, and whatever is newest.
    assert world.holdfast.get("/ledger/checkpoint.witnessed")[0] == 200
    ask(world.holdfast)
    address = f"{world.holdfast.url}/ledger"
    done = cli("ledger", "verify", address, "--policy", str(world.policy), config=world.holdfast.config)
    assert done.returncode == 0 and "witness.example/2" in done.stdout, done.stderr
    eventually(lambda: size(world.holdfast) > checkpoint.size)
    world.witnessed()
    checkpoint = world.checkpoint()
    assert world.holdfast.metric("holdfast_ledger_witness_lag_seconds") == 0
    assert world.holdfast.metric("holdfast_ledger_witnessed_entries") == checkpoint.size
    assert world.holdfast.metric("holdfast_ledger_witness_requests_total", result="cosigned") >= 2


def test_under_load_proofs_have_their_quorum(world, tmp_path):
    """A checkpoint a second, each without cosignatures at first: proofs take
    the newest one that has them, and the log is whole at any instant."""
    asked, verified = [], 0
    while verified < 6:
        asked.append(ask(world.holdfast))
        assert len(asked) < 20_000, "a quorum doesn't come"
        if len(asked) % 20 == 0:
            copy = tmp_path / f"copy-{len(asked)}"
            shutil.copytree(folder(world.holdfast), copy)
            if (copy / "checkpoint.witnessed").exists():
                done = world.verify(copy)
                assert done.returncode == 0, done.stderr
                done = cli("ledger", "prove", "0", "--policy", str(world.policy), config=world.holdfast.config)
                assert done.returncode == 0, done.stderr
                verified += 1
    world.witnessed()
    assert "lacks its quorum" not in world.holdfast.log


def test_a_witness_is_killed_and_comes_back(world):
    first, second = world.witnesses
    ask(world.holdfast)
    world.witnessed()
    second.kill()
    # Until it is back there is no quorum: a request that waited for one would not be answered.
    for _ in range(30):
        ask(world.holdfast)
    eventually(lambda: first.name in world.signers() and size(world.holdfast) > 30)
    assert second.name not in world.signers()
    world.holdfast.log_has("lacks its quorum of witnesses")
    assert world.holdfast.metric("holdfast_ledger_witness_lag_seconds") > 4
    # Verified with the witness that is there; not with the quorum of before
    # for what is new.
    newest = size(world.holdfast) - 1
    done = cli("ledger", "prove", str(newest), "--policy", str(world.policy), config=world.holdfast.config)
    assert done.returncode == 65 and "quorum" in done.stderr
    done = cli("ledger", "prove", str(newest), config=world.holdfast.config)
    assert done.returncode == 0 and "lacks its quorum" in done.stderr
    second.start()
    world.witnessed()
    world.holdfast.log_has("has its quorum of witnesses again")
    log = world.holdfast.log
    assert log.count("lacks its quorum of witnesses") == 1 and log.count("a witness doesn't cosign") == 1, log
    for witness in world.witnesses:
        witness.stop()


def test_witnesses_killed_at_any_instant(world):
    """A witness remembers what it has signed: it never reports to the log a smaller size than one that it has signed.
    """
    for round in range(6):
        witness = world.witnesses[round % 2]
        # Other instants between two checkpoints each time.
        deadline = time.monotonic() + 0.3 + 0.35 * round
        while time.monotonic() < deadline:
            ask(world.holdfast)
        witness.kill()
        [file] = (witness.directory / "log").glob("*/checkpoint")
        held = max(each.size for each in signed_by(world, witness))
        assert size_of(file) >= held
        witness.start()
    ask(world.holdfast)
    world.witnessed(70)


def size_of(file):
    return tlog.Checkpoint.from_text(file.read_text()).size


def signed_by(world, witness):
    public = folder(world.holdfast)
    files = [public / "checkpoint", public / "checkpoint.witnessed", *(public / "checkpoints").glob("0*")]
    for file in files:
        if file.exists():
            checkpoint = tlog.Checkpoint.from_text(file.read_text())
            if any(each.name == witness.name for each in checkpoint.signatures):
                yield checkpoint


def test_a_forked_log_gets_no_signature(world, tmp_path):
    """The same key, another history: the folder of before, gone on from."""
    holdfast = world.holdfast
    ask(holdfast)
    world.witnessed()
    eventually(lambda: others(holdfast)[-1]["kind"] == "request.settled")
    known = len(others(holdfast))
    holdfast.stop()
    early = tmp_path / "early"
    data = holdfast.directory / ".holdfast/data"
    shutil.copytree(data, early)
    before = size_of(early / "ledger/log/checkpoint")
    holdfast.start()
    for _ in range(5):
        ask(holdfast)
    # The settings of the start, and the requests.
    eventually(lambda: len(others(holdfast)) == known + 6)
    assert size(holdfast) >= before + 6
    world.witnessed()
    honest = size(holdfast)
    holdfast.stop()
    # The whole memory of before, so that nothing on the machine can tell.
    shutil.rmtree(data)
    shutil.copytree(early, data)
    holdfast.start()
    holdfast.log_has("it has cosigned")
    while size(holdfast) <= honest + 2:
        ask(holdfast)
        time.sleep(0.1)
    holdfast.log_has("the log was forked or rewritten", within=80)
    assert not any(each.name in world.signers() for each in world.witnesses)
    assert "a log contradicts itself" in world.witnesses[0].log_file.read_text()


def test_what_a_witness_answers(world, tmp_path):
    witness = world.witnesses[0]
    ask(world.holdfast)
    world.witnessed()
    newest = world.holdfast.get("/ledger/checkpoint")[2]
    entries = size(world.holdfast)
    status, headers, body = witness.add(0, [], newest)
    assert (status, headers["content-type"], body) == (409, "text/x.tlog.size", f"{entries}\n".encode())
    status, headers, body = witness.add(entries, [], newest)
    assert status == 200
    checkpoint = tlog.Checkpoint.from_text(newest.split(b"\n\n")[0].decode() + "\n\n" + body.decode())
    checkpoint.verify(signing.Vkey.from_string(witness.vkey))
    assert witness.add(entries, [b"\0" * 32], newest)[0] == 422
    assert witness.add(entries + 1, [], newest)[0] == 400
    assert witness.add(entries, [], newest.replace(NAME.encode(), b"other.example"))[0] == 404
    assert witness.add(entries, [], newest.replace(f"\n{entries}\n".encode(), f"\n{entries + 1}\n".encode()))[0] == 403
    assert witness.ask("POST", "/add-checkpoint", b"hello")[0] == 400
    assert witness.ask("POST", "/add-checkpoint", b"x" * 100_000)[0] in (413, None)
    assert witness.ask("GET", "/add-checkpoint")[0] == 405
    assert witness.ask("GET", "/metrics")[0] == 404
    status, _, body = witness.ask("GET", "/")
    assert status == 200 and witness.vkey.encode() in body and world.log.encode() in body
    # One process each.
    done = subprocess.run(witness.command(), capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 69 and "another process is the witness" in done.stderr
    # Its key is shown beside it, and is first in what it says.
    shown = cli("witness", "key", "--directory", str(witness.directory), "--name", witness.name, check=0).stdout
    assert shown.strip() == witness.vkey == witness.log_file.read_text().splitlines()[0]
    other = cli("witness", "--listen", "127.0.0.1:0", "--directory", str(tmp_path / "w"), "--name", "w")
    assert other.returncode == 64 and "--log or --policy" in other.stderr


def test_slow_and_silent_logs_dont_hang_it(world):
    witness = world.witnesses[0]
    head = b"POST /add-checkpoint HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n"
    slow = []
    for data in [b"", head[:20], head, head + b"old 0\n", b"POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n"] * 8:
        connection = socket.create_connection(("127.0.0.1", witness.port))
        connection.sendall(data)
        slow.append(connection)
    ask(world.holdfast)
    world.witnessed()
    for connection in slow:
        connection.setblocking(False)
    ended = set()

    def are_let_go():
        """They are, also those that send a byte now and then."""
        for connection in slow:
            try:
                connection.send(b"o")
                if connection.recv(4096) == b"":
                    ended.add(connection)
            except BlockingIOError:
                pass
            except OSError:
                ended.add(connection)
        return len(ended) == len(slow)

    eventually(are_let_go, every=0.5)
    witness.stop()


def test_settings_that_name_witnesses(upstream, tmp_path):
    upstream.plays(answer(openai_answer(ANSWER)), model="scripted-ledger")
    with Holdfast(scripted_providers(upstream), ROUTES, ledger={"name": NAME}, ends_badly=True) as holdfast:
        log = key(holdfast)
        witness = Witness(tmp_path / "witness", "witness.example", [log]).start()
        try:
            listed = [{"url": witness.url, "vkey": witness.vkey}]
            holdfast.write_config(ledger={"name": NAME, "witnesses": listed})
            cli("check", str(holdfast.config), check=0)
            holdfast.restart()
            ask(holdfast)
            eventually(lambda: b"witness.example" in holdfast.get("/ledger/checkpoint")[2])
            witness.stop()
            for wrong, words in [
                ({"witnesses": [{"url": "witness", "vkey": witness.vkey}]}, "ledger.witnesses[0].url must be"),
                ({"witnesses": [{"url": witness.url, "vkey": log}]}, "ledger.witnesses[0].vkey must be"),
                ({"witnesses": [{"url": witness.url}]}, "needs a vkey"),
                ({"witnesses": listed * 2}, "twice"),
                ({"policy": "nowhere"}, "ledger.policy"),
            ]:
                file = holdfast.config.with_name("wrong.yaml")
                file.write_text(json.dumps({**holdfast.settings, "ledger": {"name": NAME, **wrong}}))
                done = cli("check", str(file))
                assert done.returncode == 78 and words in done.stderr, done.stderr
            # A policy that is another log's is found at start.
            policy = holdfast.directory / "policy"
            policy.write_text(f"log other.example+{signing.Vkey('other.example', None, 1, b'0' * 32).serialize().split('+', 1)[1]}\nquorum none\n")
            holdfast.write_config(ledger={"name": NAME, "policy": "policy"})
            holdfast.stop()
            holdfast.start(ready=False)
            assert holdfast.process.wait(PATIENCE) == 78
            assert "names other logs" in holdfast.log
        finally:
            if witness.process.poll() is None:
                witness.kill()

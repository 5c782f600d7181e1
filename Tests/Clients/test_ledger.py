"""The public record, checked by a program that isn't ours (tlog-scales), by
an auditor's own (holdfast-verify), and by a machine that dies."""

import contextlib
import json
import os
import random
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
from conftest import scripted_providers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from entries import checked_entries
from holdfast import ANSWER, BINARY, PROMPT, Holdfast, cli, eventually
from patience import PATIENCE
from shapes import openai_answer, openai_stream
from tlog_scales import backend, signing, tlog
from tlog_scales.reader import TilesReader
from tlog_scales.tiles import leaf_hash
from tlog_scales.utils import b64enc
from tlog_scales.writer import TilesWriter
from upstream import answer, sse, status

VERIFY = BINARY.with_name("holdfast-verify")
NAME = "ledger.example.com/tests"
ROUTES = {"talk": {"candidates": [{"provider": "oa", "model": "scripted-ledger"}]}}


def recording(upstream, **more):
    upstream.plays(answer(openai_answer(ANSWER)), model="scripted-ledger")
    return Holdfast(scripted_providers(upstream), ROUTES, ledger={"name": NAME}, **more)


def ask(holdfast):
    reply = holdfast.openai().chat.completions.with_raw_response.create(
        model="talk", messages=[{"role": "user", "content": PROMPT}]
    )
    return reply.headers["x-request-id"]


def folder(holdfast):
    return holdfast.directory / ".holdfast/data/ledger/log"


def size(holdfast):
    return int(holdfast.get("/ledger/checkpoint")[2].split(b"\n")[1])


def recorded(holdfast, entries):
    eventually(lambda: size(holdfast) >= entries)


def key(holdfast):
    return cli("ledger", "key", config=holdfast.config, check=0).stdout.strip()


def verify(target, log, *more):
    return subprocess.run([VERIFY, target, "--log", log, *more], capture_output=True, text=True, timeout=60)


def shown(holdfast, *options):
    lines = cli("ledger", "show", "--json", *options, config=holdfast.config, check=0).stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_a_stranger_checks_it(upstream, tmp_path):
    with recording(upstream) as holdfast:
        ids = [ask(holdfast) for _ in range(5)]
        recorded(holdfast, 6)
        early = tmp_path / "early"
        early.write_bytes(holdfast.get("/ledger/checkpoint")[2])
        ids += [ask(holdfast) for _ in range(300)]
        recorded(holdfast, 306)
        log = key(holdfast)
        copy = tmp_path / "copy"
        shutil.copytree(folder(holdfast), copy)
        proofs = {}
        for index, request in [(1, ids[0]), (5, ids[4]), (256, ids[255]), (305, ids[304])]:
            file = tmp_path / f"{index}.tlog-proof"
            cli("ledger", "prove", request, "-o", str(file), config=holdfast.config, check=0)
            proofs[index] = file
        served = TilesReader(backend.make_backend(f"{holdfast.url}/ledger"))
        assert served.get_checkpoint().size == size(holdfast) and served.calculate_root_hash()
        done = cli("ledger", "verify", f"{holdfast.url}/ledger", "--log", log, config=holdfast.config, check=0)
        # Also what was kept, although a web server lists nothing.
        index = holdfast.get("/ledger/checkpoints/index")[2].decode().split()
        assert index and all(holdfast.get(f"/ledger/checkpoints/{int(each):020}")[0] == 200 for each in index)
        assert f"extends     {len(index)} older checkpoint" in done.stdout and "checkpoints/index names" in done.stdout
    # From here on the server is off.
    reader = TilesReader(backend.LocalBackend(copy))
    checkpoint = reader.get_checkpoint()
    assert checkpoint.origin == NAME and checkpoint.size == 306
    assert reader.calculate_root_hash() == checkpoint.root_hash
    for index in range(checkpoint.size):
        entry = reader.get_entry(index)
        reader.get_inclusion_proof(index, checkpoint.size).check(leaf_hash(entry), checkpoint.root_hash)
        assert PROMPT.encode() not in entry and ANSWER.encode() not in entry and b"sk-" not in entry
    checkpoint.verify(signing.Vkey.from_string(log))
    for old in [1, 2, 6, 255, 256, 257, 305, 306]:
        proof = reader.get_consistency_proof(old, checkpoint.size)
        proof.check(reader.mth(0, old), checkpoint.root_hash)
    # The early checkpoint is what the log was.
    past = tlog.Checkpoint.from_text(early.read_text())
    assert reader.mth(0, past.size) == past.root_hash
    for index, file in proofs.items():
        # Ours holds the entry itself; the rest is theirs, byte for byte.
        ours = [line for line in file.read_text().split("\n") if not line.startswith("extra ")]
        proof = reader.get_inclusion_proof(index, checkpoint.size)
        theirs = ["c2sp.org/tlog-proof@v1", f"index {index}", *map(b64enc, proof.node_hashes), ""]
        assert ours == theirs + checkpoint.serialize().split("\n")
        told = verify(file, log)
        assert told.returncode == 0 and f'"id":"{ids[index - 1]}"' in told.stdout
    done = verify(copy, log, "--trusted", early)
    assert done.returncode == 0 and "306 entries" in done.stdout, done.stdout + done.stderr
    # An entry that nobody hashes anew can say anything; ours hashes it.
    bundle = copy / "tile/entries/000"
    bundle.write_bytes(bundle.read_bytes().replace(b"\x0a\x18\xc8\x0b", b"\x0a\x18\xc9\x0b", 1))
    assert TilesReader(backend.LocalBackend(copy)).get_checkpoint().size == 306
    assert reader.calculate_root_hash() == checkpoint.root_hash
    done = verify(copy, log)
    assert done.returncode == 1 and "not the one that was logged" in done.stderr


def test_what_is_on_record(upstream):
    with recording(upstream) as holdfast:
        request = ask(holdfast)
        placed = cli("hold", "oa/scripted-ledger", "--reason", "rehearsal", "--yes", config=holdfast.config)
        assert placed.returncode == 0, placed.stderr
        [hold] = holdfast.holds
        holdfast.restore(hold)
        holdfast.write_config(routes={**ROUTES, "other": ROUTES["talk"]})
        holdfast.log_has("configuration reloaded")
        recorded(holdfast, 7)
        entries = shown(holdfast)
        kinds = [entry["kind"] for entry in entries]
        for kind in ["request.settled", "hold.placed", "hold.lifted", "configuration.changed", "administration"]:
            assert kind in kinds, kinds
        [settled] = shown(holdfast, "--kind", "request.settled")
        assert settled["id"] == request and settled["served_by"] == "oa/scripted-ledger"
        assert settled["outcome"] == "served" and len(settled["prompt_sha256"]) == 44
        [by_hand] = [entry for entry in entries if entry.get("action") == "/admin/holds"]
        assert by_hand["provider"] == "oa" and by_hand["model"] == "scripted-ledger" and by_hand["reason"] == "rehearsal"
        changed = [entry for entry in entries if entry["kind"] == "configuration.changed"]
        assert changed[-1]["changed"] == ["routes"]
        assert {entry["action"] for entry in entries if entry["kind"] == "administration"} == {
            "/admin/holds", "/admin/holds/:id/restore",
        }  # fmt: skip
        assert cli("ledger", "show", "--route", "talk", config=holdfast.config, check=0).stdout.count("\n") == 1
        assert len(checked_entries(folder(holdfast))) == len(entries)
        # Nothing but the public files.
        for path in ["private/key", "../private/key", "journal", "tile/0/000.p/0", "", "checkpoint/", "checkpoints/", "scratch/x"]:
            assert holdfast.get(f"/ledger/{path}")[0] in (401, 404), path


def test_killed_at_any_instant(upstream, tmp_path):
    """All entries of a published checkpoint remain for ever, and no two checkpoints contradict each other."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    kept = []
    with recording(upstream, ends_badly=True) as holdfast:
        log = key(holdfast)
        for round in range(int(os.environ.get("HOLDFAST_KILLS", "20"))):
            stop = threading.Event()

            def load():
                while not stop.is_set():
                    try:
                        ask(holdfast)
                    except Exception:
                        return

            callers = [threading.Thread(target=load) for _ in range(4)]
            for caller in callers:
                caller.start()
            # The instant is random, and has nothing to do with what is under way.
            until = time.monotonic() + chance.uniform(0.05, 1.6)
            while time.monotonic() < until:
                time.sleep(0.02)
                last = holdfast.get("/ledger/checkpoint")[2]
            holdfast.process.kill()
            holdfast.process.wait()
            stop.set()
            for caller in callers:
                caller.join()
            file = tmp_path / f"checkpoint-{round}"
            file.write_bytes(last)
            kept.append(file)
            holdfast.start()
        ask(holdfast)
        holdfast.stop()
        trusted = [part for file in kept for part in ("--trusted", file)]
        done = verify(folder(holdfast), log, *trusted)
        assert done.returncode == 0, f"seed {seed}: {done.stderr}"
        assert TilesReader(backend.LocalBackend(folder(holdfast))).get_checkpoint().size > 20


@pytest.mark.parametrize("how", ["rolled back", "emptied", "another key", "damaged"])
def test_a_ledger_that_is_not_the_one_it_was(upstream, tmp_path, how):
    with recording(upstream, ends_badly=True) as holdfast:
        ask(holdfast)
        holdfast.stop()
        ledger = folder(holdfast).parent
        early = tmp_path / "early"
        shutil.copytree(ledger, early)
        holdfast.start()
        for _ in range(5):
            ask(holdfast)
        holdfast.stop()
        if how == "rolled back":
            shutil.rmtree(ledger)
            shutil.copytree(early, ledger)
        elif how == "emptied":
            shutil.rmtree(ledger / "log")
        elif how == "another key":
            (ledger / "private/key").unlink()
        else:
            tile = max((ledger / "log/tile/0/000.p").iterdir(), key=lambda file: int(file.name))
            tile.write_bytes(bytes(reversed(tile.read_bytes())))
        holdfast.start(ready=False)
        assert holdfast.process.wait(PATIENCE) == 69
        words = {"emptied": "the ledger's folder is empty", "another key": "signed with another key"}
        assert words.get(how, how) in holdfast.log.splitlines()[-1], holdfast.log


def test_a_name_that_can_be_none(upstream):
    with recording(upstream) as holdfast:
        holdfast.config.with_name("bad.yaml").write_text('ledger: {name: "two words", record: [request]}\nkeys: none\n')
        done = cli("check", str(holdfast.config.with_name("bad.yaml")))
        assert done.returncode != 0
        assert "without spaces" in done.stdout + done.stderr and "requests, holds" in done.stdout + done.stderr


def test_contracts_beside_what_applications_felt(upstream, spare):
    """The first candidate is withdrawn: its contract has no fault to find,
    and the application noticed nothing."""
    gone = {"error": {"message": "The model has been deprecated and is no longer available", "code": "model_not_found"}}
    upstream.plays(status(404, body=gone), model="scripted-gone")
    spare.plays(answer(openai_answer(ANSWER)), model="scripted-spare")
    providers = {
        "first": scripted_providers(upstream)["oa"],
        "second": scripted_providers(spare)["oa"],
    }
    candidates = [{"provider": "first", "model": "scripted-gone"}, {"provider": "second", "model": "scripted-spare"}]
    with Holdfast(providers, {"talk": {"candidates": candidates}}, ledger={"name": NAME}) as holdfast:
        for _ in range(20):
            ask(holdfast)
        # The configuration, a hold placed and confirmed, and the requests.
        recorded(holdfast, 23)
        month = time.strftime("%Y-%m", time.gmtime())
        report = json.loads(cli("sla", "report", "--verified", "--month", month, "--json", config=holdfast.config, check=0).stdout)
        services = {service["service"]: service for service in report["services"]}
        first = services["first/scripted-gone"]
        assert first["attempts"] == 1 and first["causes"] == {"withdrawn": 1}
        assert all(contract["uptime_percent"] == 100 for contract in first["contracts"])
        assert services["second/scripted-spare"]["attempts"] == 20
        [felt] = report["routes"]
        assert felt["requests"] == felt["whole"] == 20 and felt["continuity_percent"] == 100
        assert felt["by_stand_in"] == 20
        text = cli("sla", "report", "--verified", "--month", month, config=holdfast.config, check=0).stdout
        assert "100.0000 %" in text and "withdrawn 1" in text, text
        print(text)


def aged(holdfast, entries, foreign=()):
    """Puts a ledger in place whose entries are a day old, and its last ten of
    now; written by tlog-scales, since nobody turns back a test's clock."""
    key = Ed25519PrivateKey.generate()
    signer = signing.PlainEd25519Signer(NAME, key)
    ledger = folder(holdfast).parent
    shutil.rmtree(ledger.parent)
    writer = TilesWriter.create(ledger / "log", NAME)
    for number in range(entries):
        age = 86_400 - number if number < entries - 10 else 0
        at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - age))
        entry = {"v": 1, "kind": "test", "at": at, "id": f"aged-{number}"}
        writer.add_leaf(json.dumps(entry, separators=(",", ":")).encode())
    for entry in foreign:
        writer.add_leaf(entry)
    writer.commit([signer])
    (ledger / "private").mkdir(mode=0o700)
    name, number, _ = signer.vkey.serialize().split("+", 2)
    secret = b64enc(b"\x01" + key.private_bytes_raw())
    (ledger / "private/key").write_text(f"PRIVATE+KEY+{name}+{number}+{secret}\n")


def pruned(holdfast, before, *options, check=0):
    return cli("ledger", "prune", "--before", before, *options, config=holdfast.config, check=check)


def test_what_isnt_ours_is_said_to_be_there(upstream):
    with recording(upstream) as holdfast:
        holdfast.stop()
        # No text, a number that is longer than it need be, and names out of order.
        aged(holdfast, 20, foreign=[b"\xff", b"\xa1\x00\x18\x01", b"\xa2\x01\x01\x00\x02"])
        found = cli("ledger", "show", "--json", config=holdfast.config, check=0)
        assert [json.loads(line)["id"] for line in found.stdout.splitlines()] == [f"aged-{n}" for n in range(20)]
        assert "3 entries are none of Holdfast's" in found.stderr, found.stderr


def test_pruning_keeps_the_last_hour(upstream):
    with recording(upstream) as holdfast:
        early = ask(holdfast)
        for _ in range(300):
            ask(holdfast)
        recorded(holdfast, 302)
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
        for before in ["256", "2999-01-01", soon]:
            assert "last hour" in pruned(holdfast, before, check=64).stderr
        for wrong in ["yesterday", "-1", "2026-13-01"]:
            assert cli("ledger", "prune", f"--before={wrong}", config=holdfast.config).returncode == 64
        assert "nothing to prune" in pruned(holdfast, "2020-01-01").stdout
        assert cli("ledger", "prove", early, "-o", "/dev/null", config=holdfast.config).returncode == 0


def test_pruning(upstream, tmp_path):
    """Old entries are removed while a Holdfast writes; later ones can still be proven, both to Holdfast and to
    tlog-scales."""
    with recording(upstream, ends_badly=True) as holdfast:
        holdfast.stop()
        aged(holdfast, 2_000)
        holdfast.start()
        log = key(holdfast)
        request = ask(holdfast)
        recorded(holdfast, 2_002)
        receipt = tmp_path / "old.tlog-proof"
        cli("ledger", "prove", "3", "-o", str(receipt), config=holdfast.config, check=0)
        whole = tmp_path / "whole"
        shutil.copytree(folder(holdfast), whole)

        # Nothing yet.
        yesterday = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 3 * 86_400))
        assert "nothing to prune" in pruned(holdfast, yesterday).stdout
        assert "would begin at entry 1792; 14 files would go" in pruned(holdfast, "1800", "--dry-run").stdout
        assert not (folder(holdfast) / "minimum-index").exists()
        assert "last hour" in pruned(holdfast, "1991", check=64).stderr

        stop = threading.Event()
        caller = threading.Thread(target=lambda: [ask(holdfast) for _ in iter(stop.is_set, True)])
        caller.start()
        try:
            assert "begins at entry 512; 4 files are gone" in pruned(holdfast, "600").stdout
            # The time of the 1,300th.
            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86_400 + 1_300))
            assert "begins at entry 1280; 6 files are gone" in pruned(holdfast, moment).stdout
        finally:
            stop.set()
            caller.join()
        assert holdfast.get("/ledger/minimum-index")[2] == b"1280\n"
        assert holdfast.get("/ledger/tile/entries/004")[0] == 404 and holdfast.get("/ledger/tile/entries/005")[0] == 200

        shown = cli("ledger", "show", "--json", config=holdfast.config, check=0)
        assert json.loads(shown.stdout.splitlines()[0])["index"] == 1280
        assert "entries before 1280 were pruned" in shown.stderr
        for entry in ["3", "1279"]:
            done = cli("ledger", "prove", entry, config=holdfast.config, check=65)
            assert "was pruned: the ledger begins at entry 1280" in done.stderr
        done = cli("ledger", "prove", "aged-3", config=holdfast.config, check=65)
        assert "entries before 1280 were pruned" in done.stderr
        for entry in ["1280", "aged-1999", request]:
            proof = tmp_path / f"{entry}.tlog-proof"
            cli("ledger", "prove", entry, "-o", str(proof), config=holdfast.config, check=0)
            assert verify(proof, log).returncode == 0
        # What was proven before stays so.
        assert verify(receipt, log).returncode == 0

        for target in [folder(holdfast), whole]:
            done = verify(target, log, "--trusted", whole / "checkpoint")
            assert done.returncode == 0, done.stderr
        done = verify(folder(holdfast), log)
        assert "pruned      entries before 1280" in done.stdout
        address = f"{holdfast.url}/ledger"
        done = cli("ledger", "verify", address, "--log", log, config=holdfast.config, check=0)
        assert "pruned      entries before 1280" in done.stdout
        reader = TilesReader(backend.LocalBackend(folder(holdfast)))
        checkpoint = reader.get_checkpoint()
        assert reader.calculate_root_hash() == checkpoint.root_hash
        for index in [1280, 1999, 2001]:
            proof = reader.get_inclusion_proof(index, checkpoint.size)
            proof.check(leaf_hash(reader.get_entry(index)), checkpoint.root_hash)
        # A restart compares it with what is remembered.
        holdfast.restart()
        while size(holdfast) < 2_048:
            ask(holdfast)

        # Broken off in the middle: some files are gone, some are not.
        public = folder(holdfast)
        (public / "minimum-index").write_text("1792\n")
        for path in ["tile/0/005", "tile/entries/006"]:
            (public / path).unlink()
        done = verify(public, log)
        assert done.returncode == 0 and "entries before 1792" in done.stdout, done.stderr
        assert "begins at entry 1792; 2 files are gone" in pruned(holdfast, "0").stdout
        assert verify(public, log).returncode == 0
        # Missing where nothing was pruned is another thing.
        (public / "tile/entries/007").unlink()
        done = verify(public, log)
        assert done.returncode == 1 and "tile/entries/007 is missing" in done.stderr
        assert "is missing" in pruned(holdfast, "1800", check=65).stderr


# record: before-answer


def before_answer(upstream, model, **more):
    routes = {"talk": {"candidates": [{"provider": "oa", "model": model}], "record": "before-answer"}}
    return Holdfast(scripted_providers(upstream), routes, ledger={"name": NAME}, **more)


def test_nothing_is_answered_before_it_is_on_record(upstream):
    """Both entries are durable when the answer's last byte is here: shown by
    killing the process at that very moment."""
    upstream.plays(answer(openai_answer(ANSWER)), model="scripted-before")
    upstream.plays(sse(openai_stream(ANSWER)), model="scripted-before-stream")
    for model, stream in [("scripted-before", False), ("scripted-before-stream", True)]:
        with before_answer(upstream, model, ends_badly=True) as holdfast:
            client = holdfast.openai()
            reply = client.chat.completions.with_raw_response.create(
                model="talk", messages=[{"role": "user", "content": PROMPT}], stream=stream
            )
            request = reply.headers["x-request-id"]
            if stream:
                words = "".join(chunk.choices[0].delta.content or "" for chunk in reply.parse() if chunk.choices)
                assert words == ANSWER
            else:
                assert reply.parse().choices[0].message.content == ANSWER
            holdfast.process.kill()
            holdfast.process.wait()
            holdfast.start()
            recorded(holdfast, 3)
            mine = [entry for entry in shown(holdfast) if entry.get("id") == request]
            assert [entry["kind"] for entry in mine] == ["request.admitted", "request.settled"]
            admitted, settled = mine
            assert admitted["by"] == settled["served_by"] == f"oa/{model}" and admitted["route"] == "talk"
            assert admitted["prompt_sha256"] == settled["prompt_sha256"] and settled["outcome"] == "served"
            assert admitted["index"] < settled["index"]
            checked_entries(folder(holdfast))


def test_a_stream_is_not_held_back_whole(upstream):
    """Words come while the provider still writes; only the end waits."""
    gate = threading.Event()
    upstream.plays(sse(openai_stream(ANSWER * 8), gate=gate, before=5), model="scripted-paced")
    with before_answer(upstream, "scripted-paced") as holdfast:
        chunks = []
        for chunk in holdfast.openai().chat.completions.create(
            model="talk", messages=[{"role": "user", "content": PROMPT}], stream=True
        ):
            chunks.append(chunk)
            if len(chunks) == 2:
                # Only now does the provider write the rest.
                gate.set()
        assert gate.is_set() and len(chunks) > 10


def test_every_candidate_is_admitted_and_refusals_are_recorded(upstream, spare):
    upstream.plays(status(500, body={"error": {"message": "boom"}}), model="scripted-first")
    spare.plays(answer(openai_answer(ANSWER)), model="scripted-second")
    providers = {"first": scripted_providers(upstream)["oa"], "second": scripted_providers(spare)["oa"]}
    route = {
        "candidates": [{"provider": "first", "model": "scripted-first"}, {"provider": "second", "model": "scripted-second"}],
        "record": "before-answer",
    }
    alone = {"candidates": [{"provider": "first", "model": "scripted-first"}], "record": "before-answer"}
    with Holdfast(providers, {"talk": route, "alone": alone}, ledger={"name": NAME}) as holdfast:
        ask(holdfast)
        with pytest.raises(Exception) as caught:
            holdfast.openai().chat.completions.create(model="alone", messages=[{"role": "user", "content": PROMPT}])
        assert caught.value.status_code == 500
        recorded(holdfast, 6)
        kinds = [(entry["kind"], entry.get("by") or entry.get("outcome")) for entry in shown(holdfast)][1:]
        assert ("request.admitted", "second/scripted-second") in kinds
        assert kinds[-1][0] == "request.settled" and kinds[-1][1] == "provider_error"


def test_before_answer_wants_a_ledger(upstream, tmp_path):
    routes = {"talk": {"candidates": [{"provider": "oa", "model": "m"}], "record": "before-answer"}}
    for ledger, words in [({}, "add `ledger"), ({"ledger": {"name": NAME, "record": ["holds"]}}, "requests among")]:
        file = tmp_path / "holdfast.yaml"
        file.write_text(json.dumps({"providers": scripted_providers(upstream), "routes": routes, **ledger}))
        done = cli("check", str(file))
        assert done.returncode == 78 and words in done.stderr, done


def test_a_full_disk_holds_answers_back(upstream, tmp_path):
    """Requests that can't be put on record get no answer; once the disk has room again, they do."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a disk of a few pages can't be mounted here")
    try:
        upstream.plays(answer(openai_answer(ANSWER)), model="scripted-full")
        routes = {"talk": {"candidates": [{"provider": "oa", "model": "scripted-full"}], "record": "before-answer"}}
        ledger = {"name": NAME, "directory": str(small / "ledger")}
        with Holdfast(scripted_providers(upstream), routes, ledger=ledger) as holdfast:
            ask(holdfast)
            filler = small / "filler"
            descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)
            try:
                while os.write(descriptor, b"x" * 4096):
                    pass
            except OSError:
                os.close(descriptor)
            client = holdfast.openai()
            codes = []
            # Some entries still fit into pages that the files have already.
            while 503 not in codes and len(codes) < 100:
                try:
                    client.chat.completions.create(model="talk", messages=[{"role": "user", "content": PROMPT}])
                    codes.append(200)
                except Exception as error:
                    codes.append(error.status_code)
                    assert error.body["code"] == "ledger_unavailable"
            assert codes[-1] == 503, codes
            filler.unlink()
            eventually(lambda: _answers(client), every=0.5)
            eventually(lambda: any(entry["kind"] == "request.withheld" for entry in shown(holdfast)), every=0.2)
            checked_entries(folder(holdfast))
            # Whoever counts, counts it as lost: in the kept counts, and anew out of the ledger.
            month = time.strftime("%Y-%m", time.gmtime())
            command = ["sla", "report", "--month", month, "--json"]

            def lost(*options):
                [felt] = json.loads(cli(*command, *options, config=holdfast.config, check=0).stdout)["routes"]
                return felt["lost"].get("ledger_unavailable")

            eventually(lambda: lost() and lost() == lost("--verified"), every=0.5)
    finally:
        subprocess.run(["umount", "-l", small], check=False)


def test_a_read_only_disk_holds_answers_back(upstream):
    """As when a file system has errors and the kernel lets nobody write to
    it any more: what was only counted on waits and is not lost."""
    upstream.plays(answer(openai_answer(ANSWER)), model="scripted-only")
    candidates = [{"provider": "oa", "model": "scripted-only"}]
    routes = {"talk": {"candidates": candidates}, "sure": {"candidates": candidates, "record": "before-answer"}}
    with Holdfast(scripted_providers(upstream), routes, ledger={"name": NAME}, ends_badly=True) as holdfast:
        ask(holdfast)
        ledger = folder(holdfast).parent
        with read_only(ledger):
            held = holdfast.openai()
            with pytest.raises(Exception) as caught:
                held.chat.completions.create(model="sure", messages=[{"role": "user", "content": PROMPT}])
            assert caught.value.status_code == 503 and caught.value.body["code"] == "ledger_unavailable"
            waiting = [ask(holdfast) for _ in range(3)]
            assert "Read-only file system" in holdfast.log and "entries wait" in holdfast.log
        holdfast.log_has("the ledger can be written again")
        eventually(lambda: {entry.get("id") for entry in shown(holdfast)} >= set(waiting), every=0.2)
        holdfast.stop()
        with read_only(ledger):
            holdfast.start(ready=False)
            assert holdfast.process.wait(PATIENCE) == 69
            assert "Read-only file system" in holdfast.log.splitlines()[-1], holdfast.log
        holdfast.start()
        ask(holdfast)
        holdfast.stop()
        assert verify(folder(holdfast), key(holdfast)).returncode == 0


@contextlib.contextmanager
def read_only(folder):
    # A mount of its own over the folder: the one below has open files.
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True).returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def _answers(client):
    try:
        return client.chat.completions.create(model="talk", messages=[{"role": "user", "content": PROMPT}])
    except Exception:
        return None

"""The public record, checked by a program that isn't ours (tlog-scales), by an auditor's own (holdfast-verify), and by
a machine that dies."""

import json
import os
import random
import shutil
import threading
import time

import pytest
from conftest import scripted_providers
from entries import checked_entries
from holdfast import ANSWER, PROMPT, Holdfast, cli
from patience import PATIENCE
from public_record import NAME, ROUTES, ask, folder, key, others, recorded, recording, shown, size, verify
from shapes import openai_answer
from tlog_scales import backend, signing, tlog
from tlog_scales.reader import TilesReader
from tlog_scales.tiles import leaf_hash
from tlog_scales.utils import b64enc
from upstream import answer, status


def test_a_stranger_checks_it(upstream, tmp_path):
    with recording(upstream) as holdfast:
        ids = [ask(holdfast) for _ in range(5)]
        recorded(holdfast, 6)
        early = tmp_path / "early"
        early.write_bytes(holdfast.get("/ledger/checkpoint")[2])
        ids += [ask(holdfast) for _ in range(300)]
        recorded(holdfast, 306)
        # Nothing but the requests and the settings, beside the server's own entries of permits.
        assert len(others(holdfast)) == 306
        log = key(holdfast)
        copy = tmp_path / "copy"
        shutil.copytree(folder(holdfast), copy)
        proofs = {}
        for request in [ids[0], ids[4], ids[255], ids[304]]:
            file = tmp_path / f"{request}.tlog-proof"
            cli("ledger", "prove", request, "-o", str(file), config=holdfast.config, check=0)
            proofs[request] = file
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
    assert checkpoint.origin == NAME and checkpoint.size >= 306
    assert reader.calculate_root_hash() == checkpoint.root_hash
    places = {}
    for index in range(checkpoint.size):
        entry = reader.get_entry(index)
        places |= {request: index for request in ids if request.encode() in entry}
        reader.get_inclusion_proof(index, checkpoint.size).check(leaf_hash(entry), checkpoint.root_hash)
        assert PROMPT.encode() not in entry and ANSWER.encode() not in entry and b"sk-" not in entry
    checkpoint.verify(signing.Vkey.from_string(log))
    assert len(places) == 305
    for old in [1, 2, 6, 255, 256, 257, checkpoint.size - 1, checkpoint.size]:
        proof = reader.get_consistency_proof(old, checkpoint.size)
        proof.check(reader.mth(0, old), checkpoint.root_hash)
    # The early checkpoint is what the log was.
    past = tlog.Checkpoint.from_text(early.read_text())
    assert reader.mth(0, past.size) == past.root_hash
    for request, file in proofs.items():
        index = places[request]
        # Ours holds the entry itself; the rest is theirs, byte for byte.
        ours = [line for line in file.read_text().split("\n") if not line.startswith("extra ")]
        proof = reader.get_inclusion_proof(index, checkpoint.size)
        theirs = ["c2sp.org/tlog-proof@v1", f"index {index}", *map(b64enc, proof.node_hashes), ""]
        assert ours == theirs + checkpoint.serialize().split("\n")
        told = verify(file, log)
        assert told.returncode == 0 and f'"id":"{request}"' in told.stdout
    done = verify(copy, log, "--trusted", early)
    assert done.returncode == 0 and f"{checkpoint.size} entries" in done.stdout, done.stdout + done.stderr
    # An entry that nobody hashes anew can say anything; ours hashes it.
    bundle = copy / "tile/entries/000"
    bundle.write_bytes(bundle.read_bytes().replace(b"\x0a\x18\xc8\x0b", b"\x0a\x18\xc9\x0b", 1))
    assert TilesReader(backend.LocalBackend(copy)).get_checkpoint().size == checkpoint.size
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

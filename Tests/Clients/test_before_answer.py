"""Routes that answer only once the request is on record (`record: before-answer`)."""

import contextlib
import json
import os
import subprocess
import threading
import time

import pytest
from conftest import scripted_providers
from entries import checked_entries
from holdfast import ANSWER, PROMPT, Holdfast, cli, eventually
from patience import PATIENCE
from public_record import NAME, ask, folder, key, recorded, shown, verify
from shapes import openai_answer, openai_stream
from upstream import answer, sse, status


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
            holdfast.log_has("Read-only file system", "entries wait")
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

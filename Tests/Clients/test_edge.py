"""Tests of callers that try to harm others: no caller can use up the memory, the time or the disk of all."""

import json
import os
import resource
import socket
import subprocess
import threading
import time

import pytest
from conftest import scripted_providers
from holdfast import Holdfast, MemoryWatch, eventually
from patience import PATIENCE, processor_seconds
from shapes import openai_answer, openai_stream
from upstream import answer, sse
from wire import Wire

TALK = [{"role": "user", "content": "hello"}]
MIB = 1 << 20


# Memory


@pytest.mark.parametrize("path, key", [("/status", "none"), ("/v1/models", "wrong"), ("/", "none"), ("/nowhere", None)])
def test_pages_that_nobody_reads_cost_nothing(scripted, path, key):
    with Wire(scripted) as wire, MemoryWatch(scripted) as memory:
        # Nothing has been taken for so long: it is held back.
        wire.socket.settimeout(0.5)
        request = wire.head(method="GET", path=path, key=key)
        try:
            for _ in range(200):
                wire.send(request * 200)
        except OSError:
            pass
        assert scripted.get("/health")[0] == 200
    assert memory.growth < 40, f"{memory.growth:.0f} MiB"


def big_answer(size):
    return answer(openai_answer("x" * size))


def hungry(holdfast, model, stream=False):
    """A caller that asks for something large and reads nothing of it."""
    caller = socket.socket()
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    caller.connect(("127.0.0.1", holdfast.port))
    body = json.dumps({"model": f"oa/{model}", "messages": TALK, "stream": stream}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-api-key: {holdfast.key}\r\ncontent-length: {len(body)}\r\n\r\n"
    caller.sendall(head.encode() + body)
    return caller


def test_answers_that_nobody_reads_stay_within_their_budget(upstream):
    """Two hundred times 4 MB, of which 32 MiB may wait."""
    model = upstream.plays(big_answer(4_000_000))
    callers = []
    try:
        with Holdfast(scripted_providers(upstream), limits={"unread_answers": "32MiB"}) as holdfast:
            waiting = []
            with MemoryWatch(holdfast) as memory:
                for _ in range(200):
                    callers.append(hungry(holdfast, model))
                    waiting.append(holdfast.metric("holdfast_unread_answer_bytes"))
                eventually(lambda: holdfast.metric("holdfast_answers_refused_unread") > 100)
                waiting.append(holdfast.metric("holdfast_unread_answer_bytes"))
            assert max(waiting) <= 32 * MIB * 9 / 8, max(waiting)
            assert max(waiting) > 8 * MIB, "nothing was counted"
            assert memory.growth < 400, f"{memory.growth:.0f} MiB"
            # Others are told so, in their dialect, and small answers go on.
            status, _, body = ask(holdfast, model)
            assert status == 503 and json.loads(body)["error"]["code"] == "answers_unread"
            small = upstream.plays(answer(openai_answer()))
            assert ask(holdfast, small)[0] == 200
            # Whoever took nothing for 30 s is given up for who comes then.
            eventually(lambda: ask(holdfast, model)[0] == 200, every=1)
            assert holdfast.metric("holdfast_callers_given_up") > 0
            for caller in callers:
                caller.close()
            eventually(lambda: holdfast.metric("holdfast_unread_answer_bytes") == 0)
    finally:
        for caller in callers:
            caller.close()


def ask(holdfast, model, **fields):
    with Wire(holdfast) as wire:
        wire.post({"model": f"oa/{model}", "messages": TALK, **fields})
        return wire.answer()


def test_a_hundred_large_answers_asked_for_at_once_come_one_by_one(upstream, scripted):
    model = upstream.plays(big_answer(2_000_000))
    with Wire(scripted) as wire, MemoryWatch(scripted) as memory:
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(100):
            wire.post({"model": f"oa/{model}", "messages": TALK})
        eventually(lambda: len(upstream.requests(model)) >= 1)
        for _ in range(20):
            assert scripted.get("/health")[0] == 200
        assert len(upstream.requests(model)) <= 5, "the next one was asked for before this one was read"
        # From here on a reader like any other.
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        for _ in range(5 if "HOLDFAST_LONG" in os.environ else 2):
            assert len(wire.answer()[2]) > 2_000_000
    assert memory.growth < 100, f"{memory.growth:.0f} MiB"


# Words


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/embeddings"])
@pytest.mark.parametrize("what", ["marks", "long name", "long field", "long role", "field of marks"])
def test_words_of_megabytes_are_cut(scripted, path, what):
    """Refused or not, nobody hears them again, and nobody else waits."""
    marks = "e" + "\u0301" * 1_500_000
    base = {"model": "an/x" if path != "/v1/messages" else "oa/x", "max_tokens": 1, "messages": TALK, "input": "x"}
    body = {
        "marks": {**base, "model": marks},
        "long name": {**base, "model": "oa/" + "x" * 3_000_000},
        "long field": {**base, "y" * 4_000_000: 1},
        "field of marks": {**base, marks: 1},
        "long role": {**base, "messages": [{"role": "z" * 3_000_000, "content": "x"}]},
    }[what]
    before = len(scripted.log)
    with Wire(scripted) as wire:
        wire.post(json.dumps(body, ensure_ascii=False).encode(), path=path)
        status, _, said = wire.answer()
    assert status in (400, 404, 502, 503), status
    assert len(said) < 1500, len(said)
    assert len(scripted.log) - before < 10_000


def test_other_callers_go_on_while_a_large_body_is_read(scripted, upstream):
    model = upstream.plays(answer(openai_answer()))
    text = json.dumps({"model": f"an/{model}", "max_tokens": 1, "messages": [{"role": "user", "content": "x\n" * 7_000_000}]}).encode()
    read = scripted.metric("holdfast_large_bodies_read")
    with Wire(scripted) as wire:
        wire.post(text)
        assert wire.answer() is not None
    assert scripted.metric("holdfast_large_bodies_read") > read


# Time


def test_a_body_that_dribbles_is_cut_and_a_slow_one_is_not(upstream):
    model = upstream.plays(answer(openai_answer()))
    with Holdfast(scripted_providers(upstream), limits={"minimum_rate": "1KiB"}) as holdfast:
        slow = json.dumps({"model": f"oa/{model}", "messages": [{"role": "user", "content": "x" * 120_000}]}).encode()
        with Wire(holdfast) as dribbling, Wire(holdfast) as honest:
            dribbling.send(dribbling.head(length=100_000))
            honest.send(honest.head(length=len(slow)))
            # 3 KB/s for 40 s, and beside it a byte at a time.
            said = False
            for start in range(0, len(slow), 1500):
                honest.send(slow[start : start + 1500])
                if not said:
                    try:
                        dribbling.send(b" ")
                    except OSError:
                        said = True
                time.sleep(0.5)
            assert honest.answer()[0] == 200
            status, message = dribbling.error()
            assert status == 400 and "did not arrive in time" in message


def test_the_administrators_listener_has_the_same_limits(upstream):
    with Holdfast(scripted_providers(upstream)) as holdfast:

        # Less than the 30 s after which a connection on which no request comes is closed.
        def admin(data, within=25):
            with socket.create_connection(("127.0.0.1", holdfast.admin_port), within) as connection:
                connection.sendall(data)
                said = b""
                while True:
                    try:
                        data = connection.recv(1 << 16)
                    except ConnectionResetError:
                        return said
                    if not data:
                        return said
                    said += data

        assert admin(b"GET /health HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 70_000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431")
        assert admin(b"hello\r\n\r\n").startswith(b"HTTP/1.1 400")
        assert admin(b"CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n").startswith(b"HTTP/1.1 4")
        token = (holdfast.directory / ".holdfast/run/admin-token").read_text()
        head = f"POST /admin/holds HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n"
        # The body that is refused is still read for a while.
        assert admin(f"{head}content-length: 70000\r\n\r\n".encode(), within=PATIENCE).startswith(b"HTTP/1.1 413")
        assert admin(f"{head}content-length: 2\r\n\r\n{{}}".encode()).startswith(b"HTTP/1.1 400")
        upgrade = "connection: upgrade, close\r\nupgrade: h2c\r\n"
        assert admin(f"GET /health HTTP/1.1\r\nhost: x\r\n{upgrade}\r\n".encode()).startswith(b"HTTP/1.1 200")
        # Half a head, and silence: both end, and not by our leaving.
        assert admin(b"GET /health HTTP/1.1\r\nhost: x\r\nx-half", within=PATIENCE) == b""
        assert admin(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\nGET /health HTTP/1.1\r\nx-half", within=PATIENCE).startswith(b"HTTP/1.1 200")


# Descriptors


def test_at_the_descriptor_limit_it_waits(upstream):
    """Two hundred descriptors, four hundred callers."""
    model = upstream.plays(answer(openai_answer()))
    with Holdfast(scripted_providers(upstream)) as holdfast:
        pid = holdfast.process.pid
        held = []
        holdfast.stop()
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
        try:
            holdfast.process = subprocess.Popen(
                ["sh", "-c", 'ulimit -n 200; exec "$0" "$@"', holdfast_binary(), "serve", "--config", str(holdfast.config)],
                stdin=subprocess.DEVNULL, stdout=holdfast.log_file.open("ab"), stderr=subprocess.STDOUT, cwd=holdfast.directory)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        holdfast.wait_ready()
        pid = holdfast.process.pid
        try:
            for _ in range(400):
                held.append(socket.create_connection(("127.0.0.1", holdfast.port), PATIENCE))
            began = processor_seconds(pid)
            # Administrators get in meanwhile. The pauses are the point: who spins works in them, too.
            for _ in range(40):
                assert json.loads(holdfast.admin("/health"))["status"] == "ok"
                time.sleep(0.05)
            assert processor_seconds(pid) - began < 1.0, "it spins"
        finally:
            for each in held:
                each.close()
        assert ask(holdfast, model)[0] == 200
        assert holdfast.holds == []


def holdfast_binary():
    from holdfast import BINARY

    return str(BINARY)


# Strangers


def test_without_keys_a_page_of_elsewhere_gets_nothing(upstream):
    model = upstream.plays(answer(openai_answer()))
    with Holdfast(scripted_providers(upstream)) as holdfast:
        holdfast.stop()
        holdfast.write_config(keys="none", hosts=["box.lan"], cors={"origins": ["https://app.example"]})
        holdfast.start()
        body = json.dumps({"model": f"oa/{model}", "messages": TALK}).encode()

        def post(host, origin=None):
            fields = f"host: {host}\r\n" + (f"origin: {origin}\r\n" if origin else "")
            with Wire(holdfast) as wire:
                wire.send(f"POST /v1/chat/completions HTTP/1.1\r\n{fields}content-length: {len(body)}\r\n\r\n".encode() + body)
                return wire.answer()

        for host in [f"127.0.0.1:{holdfast.port}", "localhost", "box.lan:8080", "[::1]"]:
            assert post(host)[0] == 200, host
        assert post("localhost", "https://app.example")[1]["access-control-allow-origin"] == "https://app.example"
        for host, origin in [("evil.example", None), ("localhost", "https://evil.example"), ("localhost", "null")]:
            status, _, said = post(host, origin)
            assert status == 403 and b"hosts" in said
        # An edit counts at once.
        holdfast.write_config(hosts=["evil.example"])
        eventually(lambda: post("evil.example")[0] == 200)
        assert post("box.lan")[0] == 403


def test_refusals_do_not_fill_the_log(upstream):
    with Holdfast(scripted_providers(upstream), log={"format": "json"}) as holdfast:
        with Wire(holdfast) as wire:
            request = wire.head(method="GET", path="/v1/models", key="hf_wrong")
            for _ in range(20):
                wire.send(request * 50)
                for _ in range(50):
                    assert wire.answer()[0] == 401
        eventually(lambda: holdfast.metric("holdfast_requests_total", outcome="refused") >= 1000)
        lines = holdfast.requests_logged(where=lambda line: line.get("reason") == "invalid_api_key")
        assert len(lines) <= 60, len(lines)


# Streams


def test_a_stream_beyond_what_is_remembered_goes_on_and_says_so(upstream):
    long = upstream.plays(sse(openai_stream("word " * 2000)))
    spare = upstream.plays(sse(openai_stream("other")))
    routes = {"long": {"candidates": [{"provider": "oa", "model": long}, {"provider": "oa", "model": spare}]}}
    with Holdfast(scripted_providers(upstream), routes, limits={"continuation": "2KiB"}, log={"format": "json"}) as holdfast:
        with Wire(holdfast) as wire:
            wire.post({"model": "long", "messages": TALK, "stream": True})
            status, _, body = wire.answer()
        assert status == 200 and body.endswith(b"data: [DONE]\n\n") and body.count(b"word ") == 2000
        line = holdfast.requests_logged()[-1]
        assert line["continuable"] is False and line["outcome"] == "served"

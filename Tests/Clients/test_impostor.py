"""Tests of another process of the engine's own user that unlinks the engine's socket and listens there: it receives
nothing of a request, none of its answers reaches a caller, and the attempt is on record."""

import json
import os
import signal
import socket
import threading
from pathlib import Path

import anthropic
import openai
import pytest
from conftest import scripted_providers
from holdfast import PROMPT, Holdfast, engine, eventually
from shapes import openai_answer
from test_custody import LEDGER, MODEL, entries, receipt
from upstream import answer

FORGED = {"id": "x", "object": "chat.completion", "created": 1, "model": MODEL, "tokens": [1], "prompt": "x", "data": [{"index": 0, "embedding": [0.5]}],
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "FORGED"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}  # fmt: skip


class Impostor:
    """Listens in an engine's place, keeps what it hears, and answers as the engine would."""

    def __init__(self, path):
        self.path = Path(path)
        self.heard = b""
        self.connections = 0

    def __enter__(self):
        self.path.unlink()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(64)
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def _run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        body = json.dumps(FORGED).encode()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        try:
            while data := connection.recv(65536):
                self.heard += data
                connection.sendall(head + body)
        except OSError:
            pass

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def forged_or_not(ask):
    """The answer's text; None where the caller was told that nobody can serve."""
    try:
        return ask()
    except (openai.InternalServerError, anthropic.InternalServerError) as error:
        assert "FORGED" not in str(error)
        assert error.status_code in (502, 503)
        return None


def test_an_impostor_at_the_engines_socket_hears_nothing(upstream):
    standby = upstream.plays(answer(openai_answer("the standby")))
    providers = {"here": engine(parallel=2, context=512, models=[MODEL]), **scripted_providers(upstream)}
    routes = {"both": {"candidates": [{"provider": "here", "model": MODEL}, {"provider": "oa", "model": standby}]}}
    with Holdfast(providers, routes, ledger=LEDGER) as holdfast:
        before = receipt(holdfast)
        messages = [{"role": "user", "content": PROMPT}]
        client, other = holdfast.openai(), holdfast.anthropic()

        def chat(model=f"here/{MODEL}"):
            return client.chat.completions.create(model=model, messages=messages, max_tokens=4).choices[0].message.content

        def stream():
            chunks = list(client.chat.completions.create(model=f"here/{MODEL}", messages=messages, max_tokens=4, stream=True))
            return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

        def count():
            return str(other.messages.count_tokens(model=f"here/{MODEL}", messages=messages).input_tokens)

        def translated():
            return other.messages.create(model=f"here/{MODEL}", messages=messages, max_tokens=4).content[0].text

        ways = [chat, stream, count, translated]
        # Connections that are kept are the engine's own, and stay so.
        real = [way() for way in ways]
        assert "FORGED" not in str(real)
        with Impostor(holdfast.directory / ".holdfast/run/here/s/engine.sock") as impostor:
            for way in ways:
                for _ in range(2):
                    said = forged_or_not(way)
                    assert said is None or "FORGED" not in said
            # Until the last of them has been closed for want of use, after 4 s.
            eventually(lambda: [forged_or_not(way) for way in ways] == [None] * len(ways), every=6)
            assert chat("both") == "the standby"
            [*_, event] = eventually(lambda: entries(holdfast, "engine.impostor"))
            assert event["receipt"] == before["id"] and event["provider"] == "here"
            assert event["expected"] == f"process {before['process']}" and event["found"] == f"process {os.getpid()}"
            holdfast.log_has("SOMEBODY LISTENS IN THE ENGINE'S PLACE")
            assert impostor.connections > 0, "it was met"
            assert impostor.heard == b"", "not a byte"
        # Its process ends, and with it what lies in its folder.
        os.kill(before["process"], signal.SIGKILL)
        eventually(lambda: forged_or_not(chat) is not None, every=0.2)
        assert receipt(holdfast)["id"] != before["id"]
        assert all("FORGED" not in way() for way in ways)
        assert impostor.heard == b""


def test_a_health_probe_asks_no_impostor(tmp_path):
    """An engine that never gets ready, and somebody who says that they are: not asked, and nobody is let through."""
    program = tmp_path / "engine.py"
    program.write_text(
        "import os, sys, time\n"
        "path = sys.argv[1]\n"
        "while True: time.sleep(1)\n"
    )
    command = {"command": ["python3", str(program), "{socket}"]}
    providers = {"here": engine(models=[MODEL], engine=command, start_timeout="60s")}
    with Holdfast(providers, waits=False, ledger=LEDGER) as holdfast:
        folder = holdfast.directory / ".holdfast/run/here/s"
        eventually(lambda: folder.exists() and holdfast.log_has("engine started"))
        path = folder / "engine.sock"
        path.touch()
        with Impostor(path) as impostor:
            eventually(lambda: impostor.connections > 0 and entries(holdfast, "engine.impostor"))
            assert impostor.heard == b""
            assert holdfast.get("/ready")[0] == 503

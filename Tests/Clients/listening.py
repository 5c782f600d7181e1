"""Callers with many streams at once, read by hand: what came last, when, and
whether it looked like an end."""

import json
import socket
import threading
import time

import bedrock_caller
from patience import PATIENCE
from standin import TALK

WORDS = TALK[0]["content"]
#: The request for a stream, by door: its path and its body.
ASKED = {
    "openai": ("/v1/chat/completions", {"messages": TALK, "stream": True, "max_tokens": 500}),
    "anthropic": ("/v1/messages", {"messages": TALK, "stream": True, "max_tokens": 500}),
    "responses": ("/v1/responses", {"input": WORDS, "stream": True, "store": False, "max_output_tokens": 500}),
    "converse": (
        "/model/{model}/converse-stream",
        {"messages": [{"role": "user", "content": [{"text": WORDS}]}], "inferenceConfig": {"maxTokens": 500}},
    ),
}
DOORS = list(ASKED)


class Listener:
    """A caller with one stream, read by a thread of its own.

    `library` is the door (DOORS). `how` is `whole` where the answer says of itself that it is complete,
    `error` where it ends in an error of the dialect, `refused` where it never
    began, and `cut` where it says neither.
    """

    def __init__(self, holdfast, library, model, key=None):
        self.library = library
        self.data = b""
        #: Of the last bytes that came, on the clock of the file system.
        self.last_at = None
        self.is_over = False
        path, asked = ASKED[library]
        body = json.dumps(asked if "{model}" in path else {"model": model, **asked}).encode()
        path = path.replace("{model}", model)
        lines = [f"POST {path} HTTP/1.1", "host: localhost", f"authorization: Bearer {key or holdfast.key}"]
        lines += ["connection: close", "content-type: application/json"]
        lines.append(f"content-length: {len(body)}")
        self.socket = self._connect(holdfast.port)
        self.socket.settimeout(2 * PATIENCE)
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _connect(self, port):
        return socket.create_connection(("127.0.0.1", port), PATIENCE)

    def _run(self):
        try:
            while data := self.socket.recv(1 << 16):
                self.data += data
                self.last_at = time.time()
        except OSError:
            pass
        self.is_over = True

    def join(self):
        """Waits for the end; returns how it ended."""
        self._thread.join(2 * PATIENCE)
        assert self.is_over, f"a stream neither ended nor moved: …{self.data[-300:]!r}"
        self.socket.close()
        return self.how

    @property
    def status(self):
        return int(self.data.split(b" ", 2)[1]) if self.data.startswith(b"HTTP/") else None

    @property
    def events(self):
        """Those that came whole."""
        head, _, body = self.data.partition(b"\r\n\r\n")
        if b"chunked" in head.lower():
            body = unchunked(body)
        if self.library == "converse":
            yield from ({"type": name, **payload} for name, payload in bedrock_caller.events(body))
            return
        for block in body.decode(errors="replace").split("\n\n")[:-1]:
            lines = [line[5:].strip() for line in block.split("\n") if line.startswith("data:")]
            try:
                yield json.loads("\n".join(lines))
            except ValueError:
                yield "\n".join(lines)

    @property
    def text(self):
        found = []
        for event in self.events:
            if not isinstance(event, dict):
                continue
            delta = event.get("delta") or {}
            if event.get("type") == "response.output_text.delta":
                found.append(delta)
            elif isinstance(delta, dict):
                found.append(delta.get("text") or "")
            for choice in event.get("choices") or []:
                found.append((choice.get("delta") or {}).get("content") or "")
        return "".join(found)

    @property
    def errors(self):
        found = []
        for event in self.events:
            if not isinstance(event, dict):
                continue
            if "error" in event:
                found.append(event["error"])
            elif event.get("type") == "response.failed":
                found.append(event["response"]["error"])
            elif event.get("type", "").endswith("Exception"):
                found.append(event)
        return found

    @property
    def how(self):
        if self.status != 200:
            return "refused" if self.status else "cut"
        if self.errors:
            assert not self.looks_complete, "an error and an end"
            return "error"
        return "whole" if self.looks_complete else "cut"

    @property
    def looks_complete(self):
        """Returns whether any of the words for an end of the dialect has come."""
        for event in self.events:
            # Of a response, it stands behind a failure, too.
            if event == "[DONE]" and self.library == "openai":
                return True
            if not isinstance(event, dict):
                continue
            if event.get("type") in ENDS:
                return True
            delta = event.get("delta")
            if isinstance(delta, dict) and delta.get("stop_reason"):
                return True
            if any(choice.get("finish_reason") for choice in event.get("choices") or []):
                return True
        return False


#: The types of events that say of an answer that it is complete.
ENDS = {"message_stop", "response.completed", "response.incomplete", "messageStop", "metadata"}


def unchunked(body):
    """As much as is there of a body in chunks."""
    found = b""
    while b"\r\n" in body:
        size, rest = body.split(b"\r\n", 1)
        try:
            size = int(size, 16)
        except ValueError:
            break
        found += rest[:size]
        body = rest[size + 2 :]
        if not size:
            break
    return found


def ended_after(listeners, ordered):
    """A line for people: how long after the order the last byte came to the callers."""
    times = sorted(max(0.0, each.last_at - ordered) for each in listeners if each.last_at)
    if not times:
        return "no stream had begun"

    def part(share):
        return times[min(len(times) - 1, int(share * len(times)))] * 1000

    return f"{len(times)} streams, ordered to last byte: p50 {part(0.5):.0f} ms, p99 {part(0.99):.0f} ms, most {times[-1] * 1000:.0f} ms"

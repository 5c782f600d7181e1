"""One request of OpenAI's dialect over a socket, and everything that came back with the time that it came.

No client library: those hide a missing end, an error event, and when a piece arrived.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from .scripted import QUESTION, WHOLE

# Longer than any limit that is set in a gateway: who waits for so long is told it hung.
PATIENCE = 20.0


@dataclass
class Heard:
    """An answer as a careful caller hears it; times are those of the monotonic clock."""

    asked_at: float
    streamed: bool
    status: int = 0
    text: str = ""
    finish: list[str] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)
    error: str = ""
    ended: bool = False
    ended_at: float = 0.0
    #: When the text had which length.
    grew: list[tuple[float, int]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return self.ended_at - self.asked_at

    def fault(self) -> str:
        """The reason why this is not the whole answer exactly once with a proper end; empty if it is."""
        if self.status != 200:
            return f"{self.status} to the caller" if self.status else self.error or "no answer"
        if self.text == WHOLE and self.finish == ["stop"] and self.ended and not self.error:
            return ""
        if self.text != WHOLE:
            whole = WHOLE.startswith(self.text)
            amount = f"{100 * len(self.text) // len(WHOLE)}% of the text" if whole else "a text that is not the answer"
        else:
            amount = "the text"
        if self.error:
            return f"{amount}, then an error"
        if not self.ended:
            return f"{amount}, then the connection closed" if self.ended_at else f"{amount}, then nothing"
        return f"{amount}, as if that were all" if self.text != WHOLE else "the text without its finish reason"


def ask(port: int, model: str, headers: dict[str, str], stream: bool, patience: float = PATIENCE) -> Heard:
    """Asks the scripted question and hears the answer to its end."""
    body: dict[str, object] = {"model": model, "messages": QUESTION, "max_tokens": 500}
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    data = json.dumps(body).encode()
    fields = {"host": "127.0.0.1", "content-type": "application/json", "content-length": str(len(data)), **headers}
    head = "POST /v1/chat/completions HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    heard = Heard(time.monotonic(), stream)
    pieces: list[tuple[float, bytes]] = []
    try:
        with socket.create_connection(("127.0.0.1", port), patience) as wire:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire.sendall(head.encode() + b"connection: close\r\n\r\n" + data)
            # Nothing is parsed while it runs: the times shall be the gateway's, not this program's.
            while piece := _receive(wire, heard, patience):
                pieces.append((time.monotonic(), piece))
    except OSError as error:
        heard.error = f"hung for {patience:.0f} s" if isinstance(error, TimeoutError) else str(error)
    heard.ended_at = time.monotonic()
    _read(heard, pieces)
    return heard


def _receive(wire: socket.socket, heard: Heard, patience: float) -> bytes:
    left = heard.asked_at + patience - time.monotonic()
    if left <= 0:
        raise TimeoutError
    wire.settimeout(left)
    return wire.recv(1 << 16)


def _read(heard: Heard, pieces: list[tuple[float, bytes]]) -> None:
    data = b"".join(piece for _, piece in pieces)
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return
    heard.status = int(head.split(b" ", 2)[1])
    if heard.status != 200 or not heard.streamed:
        _read_plain(heard, _unchunked(body) if b"transfer-encoding: chunked" in head.lower() else body)
        return
    arrived = _clock(pieces)
    for end, event in _events(body, len(head) + 4):
        at = arrived(end)
        if event == "[DONE]":
            heard.ended = True
        elif isinstance(event, str) or "error" in event:
            heard.error = str(event)[:300]
        else:
            heard.usage = event.get("usage") or heard.usage
            for choice in event.get("choices", []):
                if text := (choice.get("delta") or {}).get("content"):
                    heard.text += text
                    heard.grew.append((at, len(heard.text)))
                if reason := choice.get("finish_reason"):
                    heard.finish.append(reason)


def _read_plain(heard: Heard, body: bytes) -> None:
    try:
        said = json.loads(body)
    except ValueError:
        heard.error = heard.error or f"no JSON: {body[:80]!r}"
        return
    heard.ended = True
    if heard.status != 200:
        heard.error = json.dumps(said, ensure_ascii=False)[:2000]
        return
    [choice] = said["choices"]
    heard.text, heard.finish = choice["message"].get("content") or "", [choice["finish_reason"]]
    heard.usage = said.get("usage") or {}


def _clock(pieces: list[tuple[float, bytes]]):
    """Says when the byte at an offset had arrived; asked for ever larger offsets."""
    state = {"index": 0, "end": len(pieces[0][1])}

    def arrived(offset: int) -> float:
        while state["end"] < offset and state["index"] + 1 < len(pieces):
            state["index"] += 1
            state["end"] += len(pieces[state["index"]][1])
        return pieces[state["index"]][0]

    return arrived


def _events(body: bytes, offset: int) -> Iterator[tuple[int, dict | str]]:
    """The events of a chunked body, each with the offset of its end in what was received; one that
    is no JSON comes as a text."""
    text = b""
    at = 0
    while (line := body.find(b"\r\n", at)) >= 0:
        size = int(body[at:line].split(b";")[0] or b"0", 16)
        if size == 0:
            return
        end = line + 2 + size
        text += body[line + 2 : end]
        at = end + 2
        while (close := text.find(b"\n\n")) >= 0:
            block, text = text[:close].decode(errors="replace"), text[close + 2 :]
            data = "\n".join(row[5:].strip() for row in block.splitlines() if row.startswith("data:"))
            if data:
                try:
                    yield offset + min(end, len(body)), json.loads(data)
                except ValueError:
                    yield offset + min(end, len(body)), data


def _unchunked(body: bytes) -> bytes:
    whole, at = b"", 0
    while (line := body.find(b"\r\n", at)) >= 0:
        size = int(body[at:line].split(b";")[0] or b"0", 16)
        whole += body[line + 2 : line + 2 + size]
        if size == 0:
            break
        at = line + 2 + size + 2
    return whole

"""A provider whose every answer is scripted, on a real socket.

A behaviour is a value: `answer({...})`, `sse([...], delay=0.02)`, `silence`.
`Upstream.plays(behaviour)` returns a model name that nobody else uses; a
request that names this model gets that behaviour, so that tests cannot step on
each other's answers:

    model = upstream.plays(status(429, {"retry-after": "7"}, {...}))
    client.chat.completions.create(model=f"oa/{model}", ...)
    [request] = upstream.requests(model)
    request.headers["authorization"], request.body, request.gone_at

It speaks no dialect itself, and writes its own HTTP: most behaviours are
things that a library would refuse to send.
"""

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from patience import PATIENCE


class Gone(Exception):
    """The other side has closed the connection."""


@dataclass
class Request:
    """A received request, and the later state of the connection on which it came."""

    method: str
    target: str
    headers: dict[str, str]
    header_list: list[tuple[str, str]]
    body: bytes
    arrived_at: float
    connection: int
    #: When the other side closed the connection while this was being
    #: answered; None while it has not.
    gone_at: float | None = None
    answered_at: float | None = None
    #: The bytes of the answer that the socket and its buffer have taken.
    sent: int = 0

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def is_probe(self):
        """One token, asked by Holdfast itself to see whether a model is
        there; it does not count as traffic."""
        body = self.json
        # The least that Responses take is 16.
        asked = body.get("max_completion_tokens", body.get("max_tokens", body.get("max_output_tokens")))
        return self.headers.get("x-holdfast-probe") == "1" and asked in (1, 16)

    def gone(self):
        """Waits until the other side has gone; returns the time, or None if it waits for the whole answer."""
        deadline = time.monotonic() + PATIENCE
        while self.gone_at is None and self.answered_at is None and time.monotonic() < deadline:
            time.sleep(0.002)
        return self.gone_at


# Behaviours


@dataclass(frozen=True)
class Behaviour:
    """A way to answer a request. `play` sends the answer; raising `Gone` ends it."""

    async def play(self, wire: "Wire") -> None:
        raise NotImplementedError


def encoded(body):
    return body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()


def framed(event):
    """One SSE event, out of bytes as they are, a text, or `(name, data)`."""
    if isinstance(event, bytes):
        return event
    name, data = event if isinstance(event, tuple) else (None, event)
    if not isinstance(data, str):
        data = json.dumps(data, ensure_ascii=False)
    return ((f"event: {name}\n" if name else "") + f"data: {data}\n\n").encode()


REASONS = {200: "OK", 400: "Bad Request", 429: "Too Many Requests", 500: "Internal Server Error"}


def head(code, fields):
    lines = [f"HTTP/1.1 {code} {REASONS.get(code, 'Whatever')}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass(frozen=True)
class answer(Behaviour):
    """A whole answer, after `delay` seconds."""

    body: object
    code: int = 200
    headers: dict = field(default_factory=dict)
    delay: float = 0

    async def play(self, wire):
        await wire.sleep(self.delay)
        body = encoded(self.body)
        fields = {"content-type": "application/json", "content-length": len(body), **self.headers}
        await wire.send(head(self.code, fields) + body)


def status(code, headers=None, body=None):
    """An error of the provider's own."""
    return answer(body if body is not None else {}, code, headers or {})


def slow_head(seconds, body):
    return answer(body, delay=seconds)


@dataclass(frozen=True)
class sse(Behaviour):
    """An event stream: `delay` seconds before each event, cut after so many
    bytes of body where that is given, in pieces of `pieces` bytes where that
    is given. `ends` is False for a stream that says its last word and then
    leaves the connection open. With a `gate`, the event number `before` and
    those after it come once the test has opened it."""

    events: list
    delay: float = 0
    cut_after_bytes: int | None = None
    pieces: int | None = None
    headers: dict = field(default_factory=dict)
    ends: bool = True
    gate: threading.Event | None = None
    before: int = 0

    async def begin(self, wire):
        fields = {"content-type": "text/event-stream", "transfer-encoding": "chunked", **self.headers}
        await wire.send(head(200, fields))

    async def play(self, wire):
        await self.begin(wire)
        left = self.cut_after_bytes
        for number, event in enumerate(self.events):
            await wire.sleep(self.delay)
            if self.gate and number == self.before:
                await wire.until(self.gate)
            data = framed(event)
            if left is not None:
                data, left = data[:left], left - len(data)
            step = self.pieces or max(1, len(data))
            for start in range(0, len(data), step):
                piece = data[start : start + step]
                await wire.send(b"%x\r\n%s\r\n" % (len(piece), piece))
                if self.pieces:
                    # Lets the piece leave as a segment of its own.
                    await wire.sleep(0)
            if left is not None and left <= 0:
                wire.abort()
                return
        if self.ends:
            await wire.send(b"0\r\n\r\n")
        else:
            await wire.until_gone()


@dataclass(frozen=True)
class garbage(Behaviour):
    """Bytes that are no HTTP, or no whole HTTP; then the connection closes."""

    data: bytes = b"\x16\x03\x01 220 smtp.example ESMTP ready\r\n\r\n"

    async def play(self, wire):
        await wire.send(self.data)
        wire.close()


@dataclass(frozen=True)
class _CloseBeforeHead(Behaviour):
    async def play(self, wire):
        wire.close()


@dataclass(frozen=True)
class _Silence(Behaviour):
    async def play(self, wire):
        await wire.until_gone()


#: Takes the request and hangs up.
close_before_head = _CloseBeforeHead()
#: Takes the request and says nothing until the other side leaves.
silence = _Silence()


@dataclass(frozen=True)
class never_ends(Behaviour):
    """Repeats one piece of body for ever, as fast as it is taken."""

    piece: bytes
    first: bytes = b""
    content_type: str = "text/event-stream"
    delay: float = 0

    async def play(self, wire):
        await wire.send(head(200, {"content-type": self.content_type, "transfer-encoding": "chunked"}))
        data = self.first + self.piece
        while True:
            await wire.send(b"%x\r\n%s\r\n" % (len(data), data))
            await wire.sleep(self.delay)
            data = self.piece


def big_line(size, before, after):
    """A stream with one event of `size` bytes on a single line, made by
    `before` out of a text of that length."""
    return sse([*before, *after(size)])


@dataclass(frozen=True)
class in_turn(Behaviour):
    """The first request gets the first behaviour, and so on; the last one
    stays."""

    behaviours: tuple

    async def play(self, wire):
        index = min(wire.times_played - 1, len(self.behaviours) - 1)
        await self.behaviours[index].play(wire)


@dataclass(frozen=True)
class by_request(Behaviour):
    """The answer that a function of the request gives."""

    choose: Callable[["Request"], Behaviour]

    async def play(self, wire):
        await self.choose(wire.request).play(wire)


@dataclass(frozen=True)
class _Reset(Behaviour):
    async def play(self, wire):
        wire.reset()


#: Takes the request and resets the connection, as a dead host's router does.
reset = _Reset()


@dataclass(frozen=True)
class gated(Behaviour):
    """Another behaviour, as soon as the test has opened the gate."""

    gate: threading.Event
    then: Behaviour

    async def play(self, wire):
        await wire.until(self.gate)
        await self.then.play(wire)


# The socket


class Wire:
    """One request's way back, as a behaviour sees it."""

    def __init__(self, connection, times_played):
        self._connection = connection
        self.times_played = times_played

    async def send(self, data):
        if self._connection.is_gone:
            raise Gone
        self._connection.transport.write(data)
        await self._connection.until_writable()
        if self.request is not None:
            self.request.sent += len(data)

    async def sleep(self, seconds):
        if seconds:
            await self._connection.gone_within(seconds)
        else:
            await asyncio.sleep(0)
        if self._connection.is_gone:
            raise Gone

    async def until(self, gate):
        """Waits until a test has set a `threading.Event`."""
        while not gate.is_set():
            await self.sleep(0.005)

    async def until_gone(self):
        await self._connection.gone_within(3600)
        raise Gone

    def close(self):
        self._connection.transport.close()

    @property
    def request(self):
        """The request that is being answered."""
        return self._connection.current

    def reset(self):
        """RST instead of FIN: what is under way is lost, too."""
        connection = self._connection.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.transport.abort()

    def abort(self):
        """Hangs up once what was sent is out; nothing says it was the end."""
        self._connection.transport.close()


class _Connection(asyncio.Protocol):
    numbers = count(1)

    def __init__(self, upstream):
        self.upstream = upstream
        self.number = next(self.numbers)
        self.received = bytearray()
        self.current = None
        self.task = None
        self.gone = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()

    @property
    def is_gone(self):
        return self.gone.is_set()

    def connection_made(self, transport):
        self.transport = transport
        self.upstream.connections += 1

    def data_received(self, data):
        self.received += data
        self.take()

    def take(self):
        if self.task is not None:
            return
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return
        first, *lines = self.received[:end].decode("latin-1").split("\r\n")
        pairs = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        fields = {name.lower(): value for name, value in pairs}
        length = int(fields.get("content-length", 0))
        if len(self.received) < end + 4 + length:
            return
        body = bytes(self.received[end + 4 : end + 4 + length])
        del self.received[: end + 4 + length]
        method, target, _ = first.split(" ", 2)
        self.current = Request(method, target, fields, pairs, body, time.monotonic(), self.number)
        behaviour, times = self.upstream.takes(self.current)
        self.task = asyncio.get_running_loop().create_task(self.serve(self.current, behaviour, times))

    async def serve(self, request, behaviour, times):
        try:
            await behaviour.play(Wire(self, times))
            request.answered_at = time.monotonic()
        except Gone:
            pass
        finally:
            self.task = None
            self.current = None
            if not self.is_gone:
                self.take()

    def pause_writing(self):
        self.writable.clear()

    def resume_writing(self):
        self.writable.set()

    async def until_writable(self):
        await self.writable.wait()
        if self.is_gone:
            raise Gone

    async def gone_within(self, seconds):
        try:
            async with asyncio.timeout(seconds):
                await self.gone.wait()
        except TimeoutError:
            pass

    def connection_lost(self, error):
        if self.current is not None:
            self.current.gone_at = time.monotonic()
        self.upstream.connections -= 1
        self.gone.set()
        self.writable.set()


class Upstream:
    """The scripted provider; use it as a context manager.

    It listens on a free port unless one is named."""

    def __init__(self, port=0):
        self.port = port
        self._scripts = {}
        self._times = {}
        self._requests = {}
        self._names = count(1)
        self._lock = threading.Lock()
        #: Connections that are open.
        self.connections = 0
        #: What `GET …/models` lists; None is not found.
        self.model_list = None

    def __enter__(self):
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(PATIENCE)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)

    def _run(self, started):
        async def main():
            self._loop = asyncio.get_running_loop()
            self._stop = asyncio.Event()
            server = await self._loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port, backlog=1024)
            self.port = server.sockets[0].getsockname()[1]
            started.set()
            await self._stop.wait()
            server.close()

        asyncio.run(main())

    # From the tests' threads

    def plays(self, behaviour, model=None):
        """Registers a behaviour; returns the model's name that asks for it."""
        model = model or f"scripted-{next(self._names)}"
        with self._lock:
            self._scripts[model] = behaviour
            self._times[model] = 0
            self._requests[model] = []
        return model

    def requests(self, model):
        with self._lock:
            return list(self._requests[model])

    def calls(self, model):
        """The requests for a model that some caller asked for."""
        return [request for request in self.requests(model) if not request.is_probe]

    def probes(self, model):
        return [request for request in self.requests(model) if request.is_probe]

    def request(self, model):
        """The first request for a model, once it is there."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if found := self.requests(model):
                return found[0]
            time.sleep(0.002)
        raise AssertionError(f"no request for {model} came within {PATIENCE} s")

    # From the server's thread

    def takes(self, request):
        try:
            model = request.json["model"]
        except (ValueError, KeyError, TypeError):
            model = None
        if request.method == "GET" and self.model_list is not None:
            return answer({"object": "list", "data": self.model_list}), 1
        with self._lock:
            if model not in self._scripts:
                return status(404, body={"error": {"message": f"nothing is scripted for {model!r}"}}), 1
            self._times[model] += 1
            self._requests[model].append(request)
            return self._scripts[model], self._times[model]

import os
import resource
import socket
import threading
import time

import pytest
from holdfast import Holdfast, engine
from measured import measured, pytest_terminal_summary  # noqa: F401
from patience import PATIENCE
from upstream import Upstream


def pytest_configure():
    # Ten thousand connections are opened from here.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # What the tests set is all there is to a client's or a gateway's world.
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "ANTHROPIC_", "AWS_")) or name.lower().endswith("_proxy"):
            del os.environ[name]


def scripted_providers(upstream, **more):
    """The scripted upstream as a provider of each dialect: `oa`, `an`."""
    address = f"http://127.0.0.1:{upstream.port}"
    return {
        "oa": {"dialect": "openai", "base_url": f"{address}/v1", "api_key": "sk-of-the-provider-oa", **more},
        "an": {"dialect": "anthropic", "base_url": address, "api_key": "sk-of-the-provider-an", **more},
    }


@pytest.fixture(scope="session")
def upstream():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def spare():
    """Another scripted upstream, at an address of its own: who stands in."""
    with Upstream() as spare:
        yield spare


@pytest.fixture(scope="module")
def scripted(upstream):
    """A Holdfast with nothing but the scripted upstream behind it, at the log
    level that says most."""
    # All but one are far longer than any test waits: what ends within a test doesn't end by them.
    timeouts = {"connect": "1s", "first_byte": "10m", "idle": "10m"}
    with Holdfast(
        scripted_providers(upstream, timeouts=timeouts),
        {"both": {"candidates": [{"provider": "oa", "model": "never-scripted"}]}},
        log={"level": "trace"},
    ) as holdfast:
        holdfast.secrets += ["sk-of-the-provider-oa", "sk-of-the-provider-an"]
        yield holdfast


@pytest.fixture(scope="session")
def hosted():
    """A Holdfast that hosts the real engine, once for answers and once for
    embeddings."""
    with Holdfast(
        {"here": engine(), "vectors": engine(parallel=1, embeddings="mean", models=["smol-vectors"])},
        {"assistant": {"candidates": [{"provider": "here", "model": "smollm2-135m"}]}},
        log={"level": "trace"},
    ) as holdfast:
        yield holdfast


class HalfRequest:
    """A request that stops half way, watched by a thread of its own."""

    def __init__(self, port, data):
        self.said = b""
        self._ended_after = None
        self._began = time.monotonic()
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.sendall(data)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            while data := self._socket.recv(65536):
                self.said += data
        except OSError:
            pass
        self._ended_after = time.monotonic() - self._began

    @property
    def is_open(self):
        return self._ended_after is None

    def ended(self):
        """Waits until it has ended; returns after how many seconds, or None if it hasn't."""
        self._thread.join(2 * PATIENCE)
        return self._ended_after


def begin_half_requests(holdfast):
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-api-key: {holdfast.key}\r\n"
    return {
        "nothing": HalfRequest(holdfast.port, b""),
        "half a head": HalfRequest(holdfast.port, head.encode()),
        "half a body": HalfRequest(holdfast.port, (head + "content-length: 1000\r\n\r\n").encode() + b'{"model":'),
    }


@pytest.fixture(scope="session")
def half_requests(hosted):
    return begin_half_requests(hosted)


@pytest.fixture(scope="session", autouse=True)
def silence_begins_early(request):
    """Only where the tests of it are among those that run."""
    if any(item.path.name == "test_silence.py" for item in request.session.items):
        request.getfixturevalue("half_requests")


def pytest_collection_modifyitems(items):
    # What takes time by itself goes on beside the others, and is looked at
    # last; the real engine's tests come first.
    order = {"test_engine_openai.py": 0, "test_engine_anthropic.py": 1, "test_silence.py": 9}
    items.sort(key=lambda item: order.get(item.path.name, 5))

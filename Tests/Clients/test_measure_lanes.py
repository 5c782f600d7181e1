"""`holdfast-measure lanes`: both clients send what they are told to, and an upstream that can't be measured with is named."""

import json
import subprocess

import pytest
from holdfast import BINARY
from upstream import Upstream, answer, by_request, garbage, in_turn, sse, status

CLIENTS = {"lane", "client_on_loops", "client_on_threads"}
WHOLE = answer({"choices": [{"message": {"role": "assistant", "content": "well"}}]})
STREAM = sse(["one", "two", "three", "[DONE]"], delay=0.01)


def measure(port, *words):
    return subprocess.run(
        [BINARY.with_name("holdfast-measure"), "lanes", "--to", f"127.0.0.1:{port}", *words],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_every_client_carries_the_same_load():
    with Upstream() as upstream:
        upstream.plays(by_request(lambda request: STREAM if request.json.get("stream") else WHOLE), "bench")
        words = ["--requests", "50", "--concurrency", "4", "--size", "512", "--streams", "3", "--rounds", "2", "--json"]
        done = measure(upstream.port, *words)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert (found["requests"], found["concurrency"], found["streams"], found["events"]) == (50, 4, 3, 4)
        assert [set(taken) for taken in found["rounds"]] == [CLIENTS, CLIENTS]
        for taken in found["rounds"]:
            for figures in taken.values():
                assert figures["requests_per_second"] > 0
                assert {"cpu_us_per_request", "cpu_us_per_event"} < set(figures)
        asked = upstream.requests("bench")
        streams = [request for request in asked if request.json.get("stream")]
        # One to begin with; then each client twice a round, once to open its connections.
        assert len(streams) == 1 + 2 * 3 * 2 * 3
        # The same; ten for each connection open it.
        assert len(asked) - len(streams) == 1 + 2 * 3 * (50 + 4 * 10)
        assert {(request.method, request.target, len(request.body)) for request in asked} == {
            ("POST", "/v1/chat/completions", 512)
        }
        names = ("host", "user-agent", "accept", "accept-encoding", "content-type", "content-length")
        assert len({tuple(request.headers.get(name) for name in names) for request in asked}) == 1


def test_people_read_medians_and_ratios():
    with Upstream() as upstream:
        upstream.plays(WHOLE, "bench")
        done = measure(upstream.port, "--requests", "20", "--concurrency", "2", "--streams", "0", "--rounds", "1")
        assert done.returncode == 0, done.stderr
        assert "Holdfast's lane" in done.stdout and "median (least to most)" in done.stdout
        assert done.stdout.count("async-http-client, tasks on the event loops") == 2


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (status(503), "with status 503"),
        # A reset may reach the client before the garbage does.
        (garbage(), "gives no "),
        (in_turn((WHOLE, answer({"choices": []}))), "bytes, where the first one had"),
        (WHOLE, "no events"),
    ],
)
def test_an_upstream_that_fits_no_measurement_is_named(behaviour, words):
    with Upstream() as upstream:
        upstream.plays(behaviour, "bench")
        streams = "1" if words == "no events" else "0"
        done = measure(upstream.port, "--requests", "10", "--concurrency", "1", "--streams", streams, "--rounds", "1")
        assert done.returncode == 65 and words in done.stderr, done.stderr
        assert not done.stdout


def test_nobody_listens():
    with Upstream() as upstream:
        port = upstream.port
    done = measure(port)
    assert done.returncode == 69 and f"127.0.0.1:{port}" in done.stderr and "refused" in done.stderr, done.stderr
    assert measure("many").returncode == 64
    assert measure(port, "--rounds", "0").returncode == 64

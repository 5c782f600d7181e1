"""The measurements: one call, one peer, one sample."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .dialects import DIALECTS, sized
from .install import ROOT, WORK
from .peers import Peer
from .processes import Child, MemoryWatch, OtherWork

CONNECTIONS = 64
PROMPT_BYTES = 1024
# No answer of the mock's is shorter, in any dialect and with whatever head.
ANSWER_BYTES = 400
STREAMS = 512
EVENTS = 100
INTERVAL_MS = 20


@dataclass
class Sample:
    """The result of one measurement of one peer; `flaw` is the reason why it must not be quoted."""

    values: dict[str, float]
    flaw: str = ""


class Tools:
    """The programs that make the load, and the bodies they send."""

    def __init__(self, wrk: Path, load: Path, seconds: int, requests: int, ramp_ms: int) -> None:
        self.wrk = wrk
        self.load = load
        self.upstream: Child | None = None
        self.seconds = seconds
        self.requests = requests
        self.ramp_ms = ramp_ms
        self.plain = {dialect: _body(dialect, stream=False) for dialect in DIALECTS}
        self.streamed = {dialect: _body(dialect, stream=True) for dialect in DIALECTS}

    def throughput(
        self, peer: Peer, dialect: str = "openai", seconds: int | None = None, body: Path | None = None,
        script: str = "wrk.lua", connections: int = CONNECTIONS,
    ) -> Sample:
        """Plain requests at 64 connections: a second, CPU time each, latency under load."""
        body = body or self.plain[dialect]
        try:
            peer.probe(dialect)
            headers = peer.fields(dialect, body.read_bytes())
        except (OSError, ValueError, LookupError) as error:
            return Sample({}, f"a single request failed: {error}")
        command = [
            self.wrk, "--threads", "1", "--connections", str(connections), "--duration", f"{seconds or self.seconds}s",
            "--timeout", "10s", "--script", ROOT / "bench" / script, f"http://127.0.0.1:{peer.port}{DIALECTS[dialect].path}",
        ]  # fmt: skip
        environment = {
            **os.environ,
            "BENCH_BODY": str(body),
            "BENCH_HEADERS": "\n".join(f"{name}: {value}" for name, value in headers.items()),
        }
        used = peer.child.cpu_seconds() if peer.child else 0
        with OtherWork(peer.child, self.upstream) as others:
            done = subprocess.run(
                [str(part) for part in command], env=environment, capture_output=True, text=True,
                timeout=(seconds or self.seconds) + 60,
            )  # fmt: skip
        used = peer.child.cpu_seconds() - used if peer.child else 0
        line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
        if line is None:
            return Sample({}, f"wrk gave no result: {(done.stdout + done.stderr).strip()[-200:]}")
        result = json.loads(line.removeprefix("RESULT "))
        errors = {kind: result[kind] for kind in ("connect", "read", "write", "timeout", "status") if result[kind]}
        flaw = ", ".join(f"{count} {kind} errors" for kind, count in errors.items())
        if not result["requests"]:
            return Sample({}, flaw or "no request answered")
        if not flaw and result["bytes"] / result["requests"] < ANSWER_BYTES:
            flaw = "answers shorter than the mock's"
        return Sample(
            {
                "rate": result["requests"] / result["seconds"],
                "cpu_us": used * 1e6 / result["requests"],
                "p50_us": result["p50_us"],
                "p99_us": result["p99_us"],
                "others": others.cores,
            },
            flaw,
        )

    def latency(self, peer: Peer) -> Sample:
        """Sequential plain requests on one connection, in µs."""
        with OtherWork(peer.child, self.upstream) as others:
            done = self._run("latency", peer, self.plain["openai"], "--requests", str(self.requests), "--warmup", "200")
        if done.returncode != 0:
            return Sample({}, done.stderr.strip()[-200:])
        result = json.loads(done.stdout)
        values = {name: result[name] for name in ("p50", "p90", "p99", "min", "mean")}
        return Sample({**values, "others": others.cores})

    def streams(self, peer: Peer) -> Sample:
        """512 SSE streams at once, each proved whole; the memory that each cost.

        The peer is measured from a fresh start: what an earlier run left in
        its allocator would hide what a stream costs.
        """
        warm = self._streams(peer, 8, events=EVENTS, ramp_ms=0)
        if warm.returncode != 0:
            return Sample({}, f"warm-up: {(warm.stdout + warm.stderr).strip()[-200:]}")
        self._run("latency", peer, self.plain["openai"], "--requests", "200", "--warmup", "0")
        idle = peer.child.resident_kib() if peer.child else 0
        hold = WORK / "all-open"
        hold.unlink(missing_ok=True)
        used = peer.child.cpu_seconds() if peer.child else 0
        with OtherWork(peer.child, self.upstream) as others, MemoryWatch(peer.child) as watch:
            done = self._streams(peer, STREAMS, EVENTS, self.ramp_ms, hold)
        used = peer.child.cpu_seconds() - used if peer.child else 0
        try:
            result = json.loads(done.stdout)
        except ValueError:
            return Sample({}, f"no result: {done.stderr.strip()[-200:]}")
        flaws = [f"{count} streams: {reason}" for reason, count in result["failures"].items()]
        if not hold.exists():
            flaws.append(f"only {result['peakOpen']} streams were open at once")
        return Sample(
            {
                "complete": result["complete"],
                "events": result["eventsArrived"],
                "first_p50": result["firstEvent"]["p50"],
                "first_p99": result["firstEvent"]["p99"],
                "jitter_p50": result["jitter"]["p50"],
                "jitter_p99": result["jitter"]["p99"],
                "kib_a_stream": max(0, watch.peak_kib - idle) / STREAMS,
                "cpu_us_an_event": used * 1e6 / max(1, result["eventsArrived"]),
                "others": others.cores,
            },
            "; ".join(flaws),
        )

    def idle_memory(self, peer: Peer) -> Sample:
        """Resident memory in MiB: of a fresh process, of one that has answered 400 requests, and of one that has
        answered as many as it can, of which nothing may stay."""
        fresh = peer.child.memory_kib() / 1024 if peer.child else 0
        done = self._run("latency", peer, self.plain["openai"], "--requests", "200", "--warmup", "200")
        if done.returncode != 0 or not peer.child:
            return Sample({}, done.stderr.strip()[-200:] or "no process of its own")
        idle = peer.child.memory_kib() / 1024
        loaded = self.throughput(peer)
        return Sample({"fresh": fresh, "idle": idle, "loaded": peer.child.memory_kib() / 1024},
                      "" if loaded.values else loaded.flaw)

    def stream(self, peer: Peer, body: Path, streams: int, ramp_ms: int) -> subprocess.CompletedProcess[str]:
        """Some streams of a request; one line of JSON about them, or the reason for there being none."""
        return self._run(
            "streams", peer, body, "--streams", str(streams), "--events", str(EVENTS), "--ramp-ms", str(ramp_ms))

    def _streams(
        self, peer: Peer, streams: int, events: int, ramp_ms: int, hold: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        extra = ["--streams", str(streams), "--events", str(events), "--ramp-ms", str(ramp_ms)]
        extra += ["--interval-ms", str(INTERVAL_MS)] + (["--hold-file", str(hold)] if hold else [])
        return self._run("streams", peer, self.streamed["openai"], *extra)

    def _run(self, kind: str, peer: Peer, body: Path, *extra: str) -> subprocess.CompletedProcess[str]:
        headers = [part for name, value in peer.headers.items() for part in ("--header", f"{name}: {value}")]
        return subprocess.run(
            [str(self.load), kind, "--port", str(peer.port), "--body-file", str(body), *headers, *extra],
            capture_output=True,
            text=True,
            timeout=180,
        )


def _body(dialect: str, stream: bool) -> Path:
    """A file with a request of 1 KB."""
    path = WORK / f"{dialect}-{'streamed' if stream else 'plain'}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sized(DIALECTS[dialect], PROMPT_BYTES, stream))
    return path

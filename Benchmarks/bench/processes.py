"""Child processes that can't outlive the run, and what they hold in memory."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_listening(port: int, patience: float = 10) -> None:
    """Waits until a child listens on this port of 127.0.0.1, at most so many seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)


class Child:
    """A child in its own process group, its output in a log file; killed with us, even on kill -9."""

    def __init__(self, command: list[str | Path], log: Path, env: dict[str, str] | None = None) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        self.pid = self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self, patience: float = 10) -> None:
        """Asks the child to end, then makes its whole group end."""
        if self.running():
            self._process.terminate()
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                pass
        try:
            # The group is the child's own, so this reaches nothing that we didn't start.
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()

    def tail(self, lines: int = 5) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def memory_kib(self) -> int:
        """Resident memory of the child and its descendants.

        One process: its Rss. Several (nginx): the sum of their Pss, so that
        what they share counts once.
        """
        pids = _descendants(self.pid)
        field = "Rss:" if len(pids) == 1 else "Pss:"
        return sum(_rollup(pid, field) for pid in pids)

    def resident_kib(self) -> int:
        """Resident memory of the child and its descendants, read the cheap way: only differences mean something.

        What several processes share counts several times.
        `smaps_rollup` walks the page tables under the process's memory lock: a
        millisecond for a large process, which a measurement of p99 would see.
        """
        pages = 0
        for pid in _descendants(self.pid):
            try:
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:
                continue
        return pages * os.sysconf("SC_PAGE_SIZE") // 1024

    def cpu_seconds(self) -> float:
        """CPU time that the child and its living descendants have used."""
        ticks = 0
        for pid in _descendants(self.pid):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


class OtherWork:
    """The number of processor cores that the machine spent on other work while a block ran. The given children and the
    children that were waited for don't count as other work.

    Builds that run beside a measurement are its largest error; this makes them visible. Time in interrupts isn't
    counted: most of it is our own traffic.
    """

    def __init__(self, *children: Child | None) -> None:
        self._children = [child for child in children if child]
        self.cores = 0.0

    def __enter__(self) -> "OtherWork":
        self._started = time.monotonic()
        self._busy, self._ours = self._read()
        return self

    def __exit__(self, *_: object) -> None:
        busy, ours = self._read()
        took = time.monotonic() - self._started
        self.cores = max(0.0, ((busy - self._busy) - (ours - self._ours)) / took)

    def _read(self) -> tuple[float, float]:
        user, nice, system, _, _, _, _, steal = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
        waited = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = resource.getrusage(resource.RUSAGE_SELF)
        ours = sum(child.cpu_seconds() for child in self._children)
        ours += waited.ru_utime + waited.ru_stime + own.ru_utime + own.ru_stime
        return (user + nice + system + steal) / os.sysconf("SC_CLK_TCK"), ours


class MemoryWatch:
    """Samples a child's resident memory while a block runs; `peak_kib` is the most it saw, 0 without a child."""

    def __init__(self, child: Child | None, interval: float = 0.05) -> None:
        self._child = child
        self._interval = interval
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak_kib = 0

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while self._child and not self._over.is_set():
            self.peak_kib = max(self.peak_kib, self._child.resident_kib())
            time.sleep(self._interval)


def _descendants(root: int) -> list[int]:
    found = [root]
    for pid in found:
        try:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                found += [int(child) for child in (thread / "children").read_text().split()]
        except OSError:
            pass
    return found


def _rollup(pid: int, field: str) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1])
    except OSError:
        pass
    return 0

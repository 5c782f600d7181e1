"""A wall clock that is set while a suspension runs: its expiry counts only while the wall clock and the boot clock have
agreed, within five minutes, since the server started."""

import calendar
import shutil
import struct
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from patience import eventually, settled
from standin import refusal, served
from veto import vetoed

#: The library that sets the wall clock of the server alone; nothing but Holdfast's own process has it.
SOURCE = Path(__file__).with_name("clock_offset.c")
HOUR = 3600


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    made = tmp_path_factory.mktemp("clock") / "clock_offset.so"
    # Swift brings a compiler of its own.
    compiler = shutil.which("cc") or shutil.which("clang")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(made), str(SOURCE)], check=True)
    return made


class Clock:
    def __init__(self, folder):
        self.path = folder / "offset"
        self.set(0)

    def set(self, seconds):
        """Sets the server's wall clock so many seconds beside the machine's."""
        mode = "r+b" if self.path.exists() else "wb"
        with self.path.open(mode, buffering=0) as file:
            file.write(struct.pack("=q", seconds))


@contextmanager
def under(upstream, spare, tmp_path, library):
    """One candidate, and a clock that the test sets."""
    clock = Clock(tmp_path)
    env = {"LD_PRELOAD": str(library), "HOLDFAST_TEST_CLOCK": str(clock.path)}
    with vetoed(upstream, spare, served("oa"), None, tmp_path, top={"log": {"format": "json"}, "env": env}) as it:
        it.clock = clock
        yield it


def sees(it, seconds):
    """Waits until the server has told a time of that clock, which it reads for each line of its log."""

    def is_told():
        refusal(it.holdfast, "openai")
        lines = it.holdfast.requests_logged_so_far()
        wall = lines and calendar.timegm(time.strptime(lines[-1]["time"][:19], "%Y-%m-%dT%H:%M:%S"))
        return lines and abs(wall - time.time() - seconds) < HOUR / 2

    eventually(is_told)


def stands(it):
    assert settled(lambda: it.house.phase("S1")) == "suspended"
    assert "S1" in str(refusal(it.holdfast, "openai"))


def returns(it):
    """Waits until the suspension's end has passed: it is at the gate, which has the rest to do."""
    eventually(lambda: it.house.phase("S1") != "suspended")


@pytest.mark.parametrize(
    "offsets", [[2 * HOUR], [-2 * HOUR, 2 * HOUR], [2 * HOUR, 0]], ids=["forward", "back, then forward", "forward, then right"])
def test_a_clock_that_is_set_ends_no_suspension(upstream, spare, tmp_path, library, offsets):
    with under(upstream, spare, tmp_path, library) as it:
        it.house.pull(it.first, expires="1h")
        for offset in offsets:
            it.clock.set(offset)
            sees(it, offset)
            stands(it)
        if offsets == [2 * HOUR]:
            # A start at which the clocks agree: the end has passed, and it returns through the gate.
            it.holdfast.restart()
            returns(it)


def test_an_end_counts_while_the_clocks_agree(upstream, spare, tmp_path, library):
    with under(upstream, spare, tmp_path, library) as it:
        it.house.pull(it.first, expires="4m")
        stands(it)
        # Less than five minutes apart: as clocks are that somebody keeps right.
        it.clock.set(270)
        returns(it)

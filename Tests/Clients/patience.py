"""Waiting for a condition instead of waiting for a time.

No test asserts that something takes less than so many seconds: on a busy machine everything may take longer. A test
waits until a condition holds, and PATIENCE only ends a test that waits in vain. Where a time limit of Holdfast's must
not be the reason for an end, that limit is set to much more than PATIENCE. Scripts/test_clocks.py checks this.
"""

import os
import time

#: The seconds after which a test stops waiting. Nothing that is tested depends on the number.
PATIENCE = 60


def eventually(check, within=PATIENCE, every=0.02):
    """Returns the result of `check` once it is true; fails after `within` seconds. A check that raises AssertionError
    is not true yet."""
    deadline = time.monotonic() + within
    while True:
        problem = None
        try:
            if result := check():
                return result
        except AssertionError as error:
            problem = error
        if time.monotonic() > deadline:
            raise AssertionError(f"still not so after {within} s: {problem or check}")
        time.sleep(every)


def settled(count, every=0.25):
    """Returns the result of `count` once four looks in a row have found the same."""
    looks = []

    def is_settled():
        looks.append(count())
        return len(looks) >= 4 and len(set(looks[-4:])) == 1

    eventually(is_settled, every=every)
    return looks[-1]


def processor_seconds(pid):
    """Returns the processor time that a process has used: unlike the time on a clock, it does not grow with the load
    of the machine."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

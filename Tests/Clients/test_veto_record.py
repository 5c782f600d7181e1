"""The auditor's checker over the ledger of a real pull and return: it reads nothing but `holdfast ledger show --json`,
passes the record as it is, and finds whatever is forged in it."""

import copy
import json
import subprocess
import sys

import pytest
from holdfast import REPO
from operating import entries
from patience import eventually
from standin import WHOLE, plain, raw, refusal, served
from veto import vetoed

CHECKER = REPO / "Scripts/permit_checker.py"
#: Long enough for requests while half of them are let through.
HALF_OPEN = {"veto": {"half_open": {"percent": 50, "for": "2s"}}}


def checked(lines, folder):
    """The checker as an auditor runs it: a program and a file, in a folder without anything else."""
    file = folder / "ledger.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return subprocess.run(
        [sys.executable, "-I", str(CHECKER), str(file)], capture_output=True, text=True, timeout=60, cwd=folder, env={})


@pytest.fixture(scope="module")
def record(upstream, spare, tmp_path_factory):
    """Everything that a pull, a refused return, a return by two people and its half-open time leave in the ledger."""
    folder = tmp_path_factory.mktemp("record")
    with vetoed(upstream, spare, served("oa"), served("oa"), folder, top=HALF_OPEN) as it:
        served_by = lambda: raw(it.holdfast, "openai").headers["x-holdfast-served-by"].split("/")[0]  # noqa: E731
        for _ in range(5):
            assert served_by() == "first"
        it.house.pull(it.first)
        for _ in range(20):
            assert served_by() == "second"
        refusal(it.holdfast, "openai", model=it.first.removeprefix("model:"))
        it.house.approve("S1", it.house.alice)
        it.house.approve("S1", it.house.alice, check=65)
        it.house.approve("S1", it.house.bob)
        eventually(lambda: it.house.phase("S1") in ("half-open", "restored"))
        shares = {served_by() for _ in range(40)}
        it.house.comes_back("S1")
        assert "first" in shares and plain(it.holdfast, "openai") == WHOLE
        assert served_by() == "first"
        kinds = ("suspension.half-open", "suspension.restored", "permit.ended")

        def is_whole():
            found = entries(it.holdfast)
            settled = [each for each in found if each["kind"] == "request.settled"]
            return len(settled) >= 68 and all(any(each["kind"] == kind for each in found) for kind in kinds) and found

        yield eventually(is_whole)


def test_the_record_as_it_is_passes(record, tmp_path):
    done = checked(record, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 suspensions, 1 denials of candidates" in done.stdout and "FINDING" not in done.stdout


def denial(record):
    return next((place, each) for place, each in enumerate(record) if each["kind"] == "permit.denied")


def a_request(record, place, denied):
    """One that was allowed right after the denial, as a server would write it."""
    before = [each for each in record[:place] if each["kind"] == "request.settled" and each.get("permit") == denied["candidate"]]
    return {**before[-1], "id": "req_forged", "tick": denied["tick"] + 1_000_000}


def a_grant(record, place, denied):
    granted = next(each for each in record if each["kind"] == "permit.granted" and each["candidate"] == denied["candidate"])
    return {**granted, "tick": denied["tick"] + 1}


def a_question(record, place, denied):
    """The gate's, before anybody has approved anything."""
    asked = next(each for each in record if each["kind"] == "permit.asked")
    return {**asked, "tick": denied["tick"] + 1}


def a_way_back(record, place, denied):
    """A return that no gate has had."""
    restored = next(each for each in record if each["kind"] == "suspension.restored")
    return {**restored, "tick": denied["tick"] + 1}


FORGED = {
    a_request: "after S1 had stopped", a_grant: "was granted while S1", a_question: "the gate of S1 asked",
    a_way_back: "without having been at the gate",
}  # fmt: skip


@pytest.mark.parametrize("forge", FORGED, ids=lambda forge: forge.__name__)
def test_what_is_forged_in_it_is_found(record, tmp_path, forge):
    place, denied = denial(record)
    lines = copy.deepcopy(record)
    lines.insert(place + 1, forge(record, place, denied))
    done = checked(lines, tmp_path)
    assert done.returncode == 1 and FORGED[forge] in done.stdout, done.stdout + done.stderr


def test_an_approval_that_is_taken_out_is_missed(record, tmp_path):
    """The return says who stood behind it: one person alone is found."""
    lines = copy.deepcopy(record)
    for each in lines:
        if each["kind"] == "suspension.verifying":
            each["approvers"] = each["approvers"][:1]
    done = checked(lines, tmp_path)
    assert done.returncode == 1 and "on its way back by 1 people" in done.stdout, done.stdout + done.stderr


def test_a_last_moment_that_is_moved_is_found(record, tmp_path):
    """The denial names the last tick that was allowed: one that hides a request contradicts the record."""
    lines = copy.deepcopy(record)
    place, denied = denial(lines)
    earlier = [each["tick"] for each in lines[:place] if each.get("permit") == denied["candidate"]]
    denied["last_allowed"] = min(earlier) - 1
    done = checked(lines, tmp_path)
    assert done.returncode == 1 and "later than its denial's last_allowed says" in done.stdout, done.stdout + done.stderr

"""Tests of remembered holds when the disk fails: another process has locked the database, the disk is full, the machine
stops at the worst moment, or the key has changed at the next start."""

import contextlib
import json
import re
import sqlite3
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from holdfast import Holdfast, cli, eventually
from patience import PATIENCE
from standin import TALK, WHOLE, failing, pair, plain, provider_at, raw, served
from test_availability import GONE
from upstream import by_request, status

LEDGER = {"name": "ledger.example.com/storage"}
#: Longer than any wait for the database that one would put up with.
LOCKED_FOR = 12


def database(holdfast):
    return holdfast.directory / ".holdfast/data/holdfast.sqlite"


def kept(holdfast):
    """The holds in the file, as another process reads them: model and
    firmness."""
    with contextlib.closing(sqlite3.connect(f"file:{database(holdfast)}?mode=ro", uri=True)) as connection:
        return set(connection.execute("SELECT model, firmness FROM hold"))


def lasting(holdfast):
    return {(hold["model"], "lasting") for hold in holdfast.holds if hold["firmness"] == "lasting"}


def served_by(holdfast, model="talk"):
    return raw(holdfast, "openai", model).headers["x-holdfast-served-by"].split("/")[0]


def kill(holdfast):
    holdfast.process.kill()
    holdfast.process.wait()


@contextlib.contextmanager
def locked(file):
    """Locks the database, so that no other process can write to it inside the block."""
    connection = sqlite3.connect(file, isolation_level=None, timeout=PATIENCE)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


class Callers:
    """Three who ask one request after the other, each on a connection of its
    own, for as long as the `with` lasts."""

    def __init__(self, holdfast, model="talk"):
        self.holdfast, self.model = holdfast, model
        self.answered, self.failures = 0, []
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._ask) for _ in range(3)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self):
        client = self.holdfast.openai()
        while not self._stop.is_set():
            try:
                told = client.chat.completions.create(model=self.model, messages=TALK, max_tokens=500)
                assert told.choices[0].message.content == WHOLE
                with self._lock:
                    self.answered += 1
            except Exception as error:
                self.failures.append(error)


class Withdrawn:
    """A model that answers until somebody pulls it."""

    def __init__(self):
        self.is_gone = False

    def __call__(self, request):
        return status(404, body=GONE) if self.is_gone else served("oa")


def owed(holdfast):
    return holdfast.metric("holdfast_holds_owed_to_disk")


# Lifted at the start


def month():
    return time.strftime("%Y-%m", time.gmtime())


def held(holdfast, service, *options):
    """Returns the minutes for which the service was held, according to the month's report."""
    done = cli("sla", "report", "--month", month(), "--json", *options, config=holdfast.config, check=0)
    [found] = [each for each in json.loads(done.stdout)["services"] if each["service"] == service] or [{"held": {"minutes": 0}}]
    return found["held"]["minutes"]


def test_a_hold_that_a_new_key_lifts_at_the_start_is_on_record(upstream, spare):
    """A minute later the counts and the signed ledger agree how long it was."""

    def choose(request):
        if request.headers["authorization"] == "Bearer sk-good-of-the-first":
            return served("oa")
        return failing("oa", 401, "Incorrect API key provided.", more={"code": "invalid_api_key"})

    with pair(upstream, spare, by_request(choose), served("oa"), top={"ledger": LEDGER, "log": {"format": "human"}}) as two:
        holdfast, service = two.holdfast, f"first/{two.first}"
        holdfast.secrets.append("sk-good-of-the-first")

        def events():
            lines = cli("ledger", "show", "--json", config=holdfast.config, check=0).stdout.splitlines()
            found = [json.loads(line) for line in lines if '"hold.' in line]
            return [(each["kind"], each["hold"]) for each in found if each["cause"] == "credential"]

        # Minutes are what reports count: all of it is to be in one.
        eventually(lambda: time.time() % 60 < 20, within=61, every=0.5)
        assert plain(holdfast, "openai") == WHOLE
        [hold] = eventually(lambda: [each for each in holdfast.holds if each["firmness"] == "lasting"])
        assert hold["cause"] == "credential"
        eventually(lambda: held(holdfast, service) == 1, every=0.3)
        holdfast.stop()
        holdfast.settings["providers"]["first"]["api_key"] = "sk-good-of-the-first"
        holdfast.write_config()
        holdfast.start()
        assert holdfast.holds == [] and served_by(holdfast) == "first"
        holdfast.log_has("hold lifted")
        assert eventually(lambda: ("hold.lifted", hold["id"]) in events() and events())[-1] == ("hold.lifted", hold["id"])
        lifted = int(time.time())
        eventually(lambda: int(time.time()) // 60 > lifted // 60, within=61, every=0.5)
        assert held(holdfast, service) == held(holdfast, service, "--verified") == 1


# Another process has the database


def test_what_is_learnt_while_another_process_has_the_database_holds_and_is_kept_later(upstream, spare):
    model = Withdrawn()
    top = {"ends_badly": True, "log": {"format": "human", "requests": False}}
    with pair(upstream, spare, by_request(model), served("oa"), top=top) as two:
        holdfast = two.holdfast
        assert served_by(holdfast) == "first"
        with locked(database(holdfast)), Callers(holdfast) as callers:
            # Longer than anybody's patience with a disk: what is shown is that it stays so.
            until = time.monotonic() + LOCKED_FOR
            eventually(lambda: callers.answered > 20)
            before = callers.answered
            model.is_gone = True
            eventually(lambda: lasting(holdfast) == {(two.first, "lasting")})
            assert served_by(holdfast) == "second"
            # Somebody who waits for it is told in time, too.
            done = cli("hold", f"second/{two.second}-not-there", "--force", "--reason", "x", config=holdfast.config, check=0)
            assert "is held" in done.stdout
            holdfast.log_has("holds are not on disk in time")
            holdfast.log_has("holds can't be written; they stay in memory")
            assert owed(holdfast) == 2 and kept(holdfast) == set()
            # A hundred answers, however long that takes: callers don't wait for the lock's end.
            eventually(lambda: time.monotonic() > until and callers.answered - before > 100, within=LOCKED_FOR + PATIENCE)
            answered = callers.answered - before
            assert not callers.failures, f"{callers.failures[:3]} of {answered}"
            assert owed(holdfast) == 2 and kept(holdfast) == set()
        eventually(lambda: owed(holdfast) == 0)
        holdfast.log_has("holds can be written again")
        names = {(two.first, "lasting"), (f"{two.second}-not-there", "lasting")}
        assert kept(holdfast) == names
        kill(holdfast)
        asked = len(two.first_calls)
        holdfast.start()
        assert lasting(holdfast) == names and served_by(holdfast) == "second"
        assert len(two.first_calls) == asked


@pytest.mark.parametrize("drain", ["30s", "5s"])
def test_what_is_lost_at_the_end_is_said(upstream, spare, drain):
    """Also where little time is given for the end."""
    top = {"log": {"format": "human"}, "limits": {"drain": drain}, "ends_badly": True}
    with pair(upstream, spare, status(404, body=GONE), served("oa"), top=top) as two:
        with locked(database(two.holdfast)):
            assert plain(two.holdfast, "openai") == WHOLE
            eventually(lambda: lasting(two.holdfast))
            two.holdfast.stop()
        assert re.search("holds were never written[;,] (and )?a restart will not know them", two.holdfast.log)


def test_a_locked_database_holds_up_no_end_for_the_drain_time(upstream, spare):
    """The drain time is for requests, and none is under way."""
    top = {"log": {"format": "human"}, "limits": {"drain": "20m"}, "ends_badly": True}
    with pair(upstream, spare, status(404, body=GONE), served("oa"), top=top) as two:
        with locked(database(two.holdfast)):
            assert plain(two.holdfast, "openai") == WHOLE
            eventually(lambda: lasting(two.holdfast))
            # Long before its time is over, however busy the machine.
            two.holdfast.stop(within=300)
        assert "a restart will not know them" in two.holdfast.log


# The disk is full


@contextlib.contextmanager
def small_disk(folder, size="2m"):
    folder.mkdir(parents=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", folder], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(file):
    """Until not a byte more goes on the disk that it is on."""
    with file.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while True:
            stream.write(bytes(65536))
    with file.open("ab", buffering=0) as stream, contextlib.suppress(OSError):
        while True:
            stream.write(b"x")


def test_what_is_learnt_while_the_disk_is_full_holds_and_is_kept_later(upstream, spare, tmp_path):
    model = Withdrawn()
    with small_disk(tmp_path / "disk") as disk:
        top = {"ends_badly": True, "log": {"format": "human", "requests": False}, "data": {"directory": str(disk / "data")}}
        with pair(upstream, spare, by_request(model), served("oa"), top=top) as two:
            holdfast = two.holdfast
            assert served_by(holdfast) == "first"
            fill(disk / "filler")
            with Callers(holdfast) as callers:
                eventually(lambda: callers.answered > 20)
                model.is_gone = True
                eventually(lambda: lasting(holdfast) == {(two.first, "lasting")})
                assert served_by(holdfast) == "second"
                holdfast.log_has("holds can't be written; they stay in memory")
                assert owed(holdfast) == 1
                before = callers.answered
                eventually(lambda: callers.answered > before + 100)
                assert not callers.failures, callers.failures[:3]
                assert owed(holdfast) == 1
                holdfast.log_has("full")
            (disk / "filler").unlink()
            eventually(lambda: owed(holdfast) == 0)
            holdfast.log_has("holds can be written again")
            kill(holdfast)
            asked = len(two.first_calls)
            holdfast.start()
            assert lasting(holdfast) == {(two.first, "lasting")} and served_by(holdfast) == "second"
            assert len(two.first_calls) == asked
            kill(holdfast)


# Two at once, and the end


def test_two_withdrawals_at_once_are_both_remembered_by_one_that_is_killed(upstream, spare):
    """Killed in the moment in which it shows both as lasting."""
    both = [("one", upstream), ("two", spare)]
    pulled = [[it.plays(status(404, body=GONE), model=f"pulled-{name}-{number}") for name, it in both] for number in range(6)]
    last = upstream.plays(served("oa"))
    providers = {name: provider_at(it, "oa", f"{name}-host") for name, it in [*both, ("last", upstream)]}
    routes = {
        f"{name}-{number}": {"candidates": [{"provider": name, "model": model}, {"provider": "last", "model": last}]}
        for number, models in enumerate(pulled) for (name, _), model in zip(both, models)
    }  # fmt: skip
    with Holdfast(providers, routes, ends_badly=True) as holdfast:
        known = set()
        for number, models in enumerate(pulled):
            with ThreadPoolExecutor(2) as pool:
                clients = [holdfast.openai() for _ in models]
                asked = [
                    pool.submit(client.chat.completions.create, model=f"{name}-{number}", messages=TALK)
                    for client, (name, _) in zip(clients, both)
                ]
                known |= {(model, "lasting") for model in models}
                eventually(lambda: lasting(holdfast) >= known, every=0)
                kill(holdfast)
                for each in asked:
                    each.exception()
            holdfast.start()
            assert lasting(holdfast) == known, f"in round {number}"
            for (name, it), model in zip(both, models):
                before = len(it.calls(model))
                assert served_by(holdfast, f"{name}-{number}") == "last" and len(it.calls(model)) == before

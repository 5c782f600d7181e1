"""A suspension as callers and operators meet it: what is pulled is not asked,
by whatever door or name; two people bring it back; nothing forgets it."""

import base64
import hashlib
import json
import shutil
import signal
import sqlite3
import time
from dataclasses import replace

import anthropic
import openai
import pytest
from holdfast import cli, eventually
from operating import entries
from patience import PATIENCE
from standin import LIBRARIES, WHOLE, failing, hear, plain, raw, refusal, served, streamed
from veto import SETTINGS, USAGE, House, vetoed

libraries = pytest.mark.parametrize("library", LIBRARIES)


def refuses(holdfast, library, id, model="talk"):
    """Every way to ask is refused, and the refusal names the suspension."""
    for how in (plain, streamed):
        error = refusal(holdfast, library, how, model=model)
        assert isinstance(error, (openai.APIStatusError, anthropic.APIStatusError)), repr(error)
        assert id in str(error), error
        assert error.response.headers["x-holdfast-suspension"] == id
        assert error.status_code >= 400


def listed(holdfast, key=None):
    return [each["id"] for each in json.loads(holdfast.get("/v1/models", key or holdfast.key)[2])["data"]]


# A pull


@libraries
def test_a_pull_refuses_new_requests_and_says_by_which_suspension(upstream, spare, tmp_path, library):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        assert plain(it.holdfast, library) == WHOLE
        done = it.house.pull(it.first)
        assert done["ids"] == ["S1"] and done["recorded"]
        asked = len(it.two.first_calls)
        refuses(it.holdfast, library, "S1")
        # The direct name of the candidate reaches it no more than the route.
        refuses(it.holdfast, library, "S1", model=f"first/{it.two.first}")
        assert len(it.two.first_calls) == asked, "it was asked while it was suspended"


@libraries
def test_who_stands_by_serves_and_is_disclosed(upstream, spare, tmp_path, library):
    with vetoed(upstream, spare, served("oa"), served("an"), tmp_path, kinds=("oa", "an")) as it:
        it.house.pull(it.first, yes=False)
        done = raw(it.holdfast, library)
        assert done.headers["x-holdfast-served-by"] == f"second/{it.two.second}"
        for how in (plain, streamed):
            assert how(it.holdfast, library) == WHOLE
        refuses(it.holdfast, library, "S1", model=f"first/{it.two.first}")
        assert it.two.first_calls == []


@pytest.mark.parametrize("scope", ["lab:lab-one", "host:first-host", "region:eu-1", "route:talk"])
def test_every_scope_stops_what_it_names(upstream, spare, tmp_path, scope):
    with vetoed(upstream, spare, served("oa"), served("oa"), tmp_path) as it:
        it.holdfast.settings["providers"]["first"].update(lab="lab-one", region="eu-1")
        it.holdfast.write_config()
        it.holdfast.restart()
        it.house.pull(scope)
        if scope == "route:talk":
            refuses(it.holdfast, "openai", "S1")
            # The route is stopped, and not its candidates.
            assert plain(it.holdfast, "openai", model=f"first/{it.two.first}") == WHOLE
        else:
            assert raw(it.holdfast, "openai").headers["x-holdfast-served-by"].startswith("second/")
            refuses(it.holdfast, "openai", "S1", model=f"first/{it.two.first}")


def test_a_key_is_stopped_and_no_other(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        other = it.holdfast.make_counting_key("other")
        keys = json.loads(cli("keys", "list", "--json", config=it.holdfast.config, check=0).stdout)
        [id] = [key["id"] for key in keys if key["name"] == "other"]
        it.house.pull(f"key:{id}")
        with pytest.raises(openai.APIStatusError, match="S1"):
            it.holdfast.openai(other).chat.completions.create(model="talk", messages=[{"role": "user", "content": "a"}])
        with pytest.raises(anthropic.APIStatusError, match="S1"):
            it.holdfast.anthropic(other).messages.create(model="talk", max_tokens=9, messages=[{"role": "user", "content": "a"}])
        for library in LIBRARIES:
            assert plain(it.holdfast, library) == WHOLE


def test_lists_of_models_leave_it_out(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), served("oa"), tmp_path) as it:
        before = listed(it.holdfast)
        it.house.pull(it.first)
        direct = f"first/{it.two.first}"
        assert set(before) - set(listed(it.holdfast)) <= {direct} and direct not in listed(it.holdfast)
        assert "talk" in listed(it.holdfast), "the route still serves"
        it.house.pull("route:talk")
        assert "talk" not in listed(it.holdfast)


def test_several_scopes_of_one_order(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), served("oa"), tmp_path) as it:
        done = it.house.pull(it.first, it.second)
        assert done["ids"] == ["S1"]
        refuses(it.holdfast, "openai", "S1")
        assert sorted(it.house.show("S1")["scopes"]) == sorted([it.first, it.second])
    with vetoed(upstream, spare, served("oa"), served("oa"), tmp_path / "each") as it:
        done = it.house.pull(it.first, it.second, each=True)
        assert done["ids"] == ["S1", "S2"]
        refuses(it.holdfast, "openai", "S2", model=f"second/{it.two.second}")


# What it would hit


def test_a_dry_run_says_what_it_would_hit_and_stops_nothing(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), served("oa"), tmp_path) as it:
        dry = it.house.json("veto", "pull", it.first, "--reason", "quality", "--text", "a look", "--dry-run")
        assert dry["dry_run"] and [(each["name"], each["left"]) for each in dry["routes"]] == [
            ("talk", [f"second/{it.two.second}"])
        ]
        assert it.house.json("veto", "list")["suspensions"] == []
        assert raw(it.holdfast, "openai").headers["x-holdfast-served-by"].startswith("first/")
        both = it.house.run("veto", "pull", it.first, it.second, "--reason", "quality", "--text", "a", "--dry-run").stdout
        assert "talk" in both and "nobody" in both


def test_what_leaves_a_route_without_anybody_wants_yes(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        done = it.house.pull(it.first, yes=False, check=USAGE)
        assert "talk" in done.stderr and "--yes" in done.stderr
        assert it.house.json("veto", "list")["suspensions"] == [] and not list(it.house.spool.glob("orders/*"))
        assert plain(it.holdfast, "openai") == WHOLE
        assert it.house.pull(it.first)["ids"] == ["S1"]


def test_without_a_server_the_settings_say_what_it_would_hit(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        it.holdfast.stop()
        done = it.house.pull(it.first, yes=False, check=USAGE)
        assert "talk" in done.stderr and "--yes" in done.stderr
        done = it.house.pull(it.first)
        assert done["ids"] == ["S1"] and not done["recorded"]
        it.holdfast.start()
        refuses(it.holdfast, "openai", "S1")


# Back


def test_two_people_bring_it_back(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), served("oa"), tmp_path) as it:
        it.house.pull(it.first, by=it.house.alice)
        assert it.house.phase("S1") == "suspended"
        # Whoever pulled may be one of the two.
        it.house.approve("S1", it.house.alice)
        assert it.house.show("S1")["standing"]["approvers"] == ["alice"]
        refuses(it.holdfast, "openai", "S1", model=f"first/{it.two.first}")
        it.house.approve("S1", it.house.bob)
        it.comes_back("S1")
        assert eventually(lambda: raw(it.holdfast, "openai").headers["x-holdfast-served-by"].startswith("first/"))
        assert plain(it.holdfast, "openai", model=f"first/{it.two.first}") == WHOLE


def test_a_model_that_fails_the_gate_stays_away(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), served("oa"), tmp_path) as it:
        it.house.pull(it.first)
        upstream.plays(failing("oa", 500, "Something went wrong on our side."), model=it.two.first)
        it.traffic()
        it.house.approve("S1", it.house.alice)
        it.house.approve("S1", it.house.bob)
        # Back to the beginning: the approvals are spent.
        eventually(lambda: it.house.phase("S1") == "suspended" and it.house.show("S1")["standing"]["approvers"] == [])
        assert it.two.first_calls == [], "a caller's request reached it"
        refuses(it.holdfast, "openai", "S1", model=f"first/{it.two.first}")


def test_one_person_twice_is_refused(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        it.house.pull(it.first, by=it.house.alice)
        it.house.approve("S1", it.house.bob)
        again = it.house.approve("S1", it.house.bob, check=65)
        assert "bob" in again.stderr and "another person" in again.stderr
        assert it.house.show("S1")["standing"]["approvers"] == ["bob"] and it.house.phase("S1") == "suspended"


def test_a_second_person_ratifies_and_not_the_first(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        done = it.house.pull(it.first, by=it.house.alice)
        assert done["ratify_until"] > 0
        refused = it.house.ratify("S1", it.house.alice, check=65)
        assert "alice" in refused.stderr
        it.house.ratify("S1", it.house.bob)
        assert it.house.show("S1")["standing"]["ratified_by"] == "bob"


def test_two_people_shorten_an_expiry(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        it.house.pull(it.first, expires="4h")
        before = it.house.show("S1")["expires"]
        later = it.house.run("veto", "shorten", "S1", "--expires", "9h", *it.house.bob.signs, check=65)
        assert "earlier" in later.stderr
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(before - 7200))
        one = it.house.run("veto", "shorten", "S1", "--expires", end, *it.house.alice.signs)
        assert f"--expires {end}" in one.stdout, "the other person isn't told which end to name"
        assert it.house.show("S1")["expires"] == before, "one person shortened it"
        assert it.house.show("S1")["standing"]["proposed_ends"] == [{"expires": before - 7200, "people": ["alice"]}]
        other = it.house.run("veto", "shorten", "S1", "--expires", "1h", *it.house.bob.signs, check=USAGE)
        assert f"{end} (alice)" in other.stderr and it.house.show("S1")["expires"] == before
        it.house.run("veto", "shorten", "S1", *it.house.bob.signs)
        shown = it.house.show("S1")
        assert shown["expires"] == before - 7200 and "proposed_ends" not in shown["standing"]


# Memory


@pytest.mark.parametrize("kill", [False, True], ids=["SIGTERM", "SIGKILL"])
def test_a_restart_forgets_nothing(upstream, spare, tmp_path, kill):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        it.house.pull(it.first)
        it.house.approve("S1", it.house.bob)
        if kill:
            it.holdfast.process.kill()
            it.holdfast.process.wait()
            it.holdfast.process = None
            it.holdfast.start()
        else:
            it.holdfast.restart()
        refuses(it.holdfast, "openai", "S1")
        assert it.house.show("S1")["standing"]["approvers"] == ["bob"]
        it.house.approve("S1", it.house.carol)
        it.house.comes_back("S1")


@pytest.mark.parametrize("lost", ["the spool", "the database", "the spool, while it runs"])
def test_what_one_place_has_lost_the_others_know(upstream, spare, tmp_path, lost):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        it.house.pull(it.first)
        if lost == "the spool, while it runs":
            files = spooled(it.house)
            assert len(files) >= 4
            shutil.rmtree(it.house.spool)
            refuses(it.holdfast, "openai", "S1")
            # The running server gives it back what it lacks, and says so.
            # It may have gone on writing behind the list.
            eventually(lambda: files.items() <= spooled(it.house).items())
            it.holdfast.log_has("gone from the spool")
            it.house.ratify("S1", it.house.bob)
        else:
            it.holdfast.stop()
            if lost == "the spool":
                shutil.rmtree(it.house.spool)
            else:
                for file in it.holdfast.directory.rglob("*.sqlite*"):
                    file.unlink()
            it.holdfast.start()
        refuses(it.holdfast, "openai", "S1")
        # No number is given twice, though the counter may be gone.
        [next] = it.house.pull("route:talk")["ids"]
        assert int(next[1:]) > 1


def spooled(house):
    """All files of the spool but the lock, with their bytes."""
    return {
        str(file.relative_to(house.spool)): file.read_bytes()
        for file in house.spool.rglob("*") if file.is_file() and file.name != "lock" and file.suffix != ".new"
    }  # fmt: skip


def has_table(path, name):
    with sqlite3.connect(path) as database:
        return bool(database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchall())


def planted(kind, number=1, position=1000, **more):
    """An entry of the server's record, as nobody but the server writes one."""
    entry = {"v": 1, "position": position, "wall": int(time.time()), "tick": 1, "boot": "planted", "kind": kind}
    return json.dumps({**entry, "number": number, **more}, separators=(",", ":")).encode()


@pytest.mark.parametrize("place", ["the spool", "the database"])
def test_what_somebody_plants_in_the_record_ends_nothing(upstream, spare, tmp_path, place):
    """As the settings would have it: S1 would lapse, if it were the server that said so."""
    top = {"veto": {"unratified": "lapses", **SETTINGS["veto"]}}
    with vetoed(upstream, spare, served("oa"), None, tmp_path, top=top) as it:
        it.house.pull(it.first)
        it.holdfast.stop()
        entries = [
            planted("lapsed", seal="0" * 64), planted("lapsed", position=2), planted("expired"), planted("green"),
            planted("gate-share", percent=99), planted("gate-whole", position=1001), planted("overdue"),
        ]  # fmt: skip
        names = {hashlib.sha256(entry).hexdigest(): entry for entry in entries}
        if place == "the spool":
            for name, entry in names.items():
                (it.house.spool / f"log/{name}.json").write_bytes(entry)
        else:
            [file] = [path for path in it.holdfast.directory.rglob("*.sqlite") if has_table(path, "vetoEntry")]
            with sqlite3.connect(file) as database:
                for name, entry in names.items():
                    database.execute("INSERT INTO vetoEntry (digest, position, body) VALUES (?, 1000, ?)", (name, entry))
        it.holdfast.start()
        refuses(it.holdfast, "openai", "S1")
        shown = it.house.show("S1")
        assert shown["phase"] == "suspended", shown
        assert not shown["standing"]["is_overdue"] and shown["standing"]["gate"] == [], shown
        it.holdfast.log_has("no seal of this server's")
        # Commands say the same without the server, and two people bring it back all the same.
        it.holdfast.stop()
        assert it.house.phase("S1") == "suspended"
        it.holdfast.start()
        it.house.approve("S1", it.house.alice)
        it.house.approve("S1", it.house.bob)
        it.house.comes_back("S1")


def test_without_the_servers_key_what_had_returned_is_suspended_again(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), served("oa"), tmp_path) as it:
        it.house.pull(it.first)
        for person in (it.house.alice, it.house.bob):
            it.house.approve("S1", person)
        it.comes_back("S1")
        it.house.pull(it.second, by=it.house.carol)
        it.holdfast.stop()
        key = it.house.spool.with_name("veto.key")
        assert key.stat().st_mode & 0o777 == 0o600
        key.unlink()
        it.holdfast.start()
        it.holdfast.log_has("the key with which the veto's record was sealed is gone")
        assert [it.house.phase(id) for id in ("S1", "S2")] == ["suspended", "suspended"]
        for id in ("S1", "S2"):
            for person in (it.house.alice, it.house.bob):
                it.house.approve(id, person)
        it.holdfast.restart()
        assert all(it.house.phase(id) != "suspended" for id in ("S1", "S2"))


def test_a_key_that_is_no_key_keeps_the_server_from_starting(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), None, tmp_path, top={"ends_badly": True}) as it:
        it.house.pull(it.first)
        it.holdfast.stop()
        it.house.spool.with_name("veto.key").write_text("nonsense\n")
        it.holdfast.start(ready=False)
        assert it.holdfast.process.wait(PATIENCE) != 0
        it.holdfast.log_has("no key of a veto's record")


def test_a_hanging_server_is_stopped_by_the_spool(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        assert plain(it.holdfast, "openai") == WHOLE
        it.holdfast.signal(signal.SIGSTOP)
        try:
            done = it.house.pull(it.first)
            assert done["ids"] == ["S1"] and not done["recorded"]
            [order] = it.house.spool.glob("orders/*.json")
            assert json.loads(order.read_text())["payloadType"] == "application/vnd.in-toto+json"
            asked = len(it.two.first_calls)
        finally:
            it.holdfast.signal(signal.SIGCONT)
        # Its permit has ended while it stood still.
        refuses(it.holdfast, "openai", "S1")
        assert len(it.two.first_calls) == asked


def test_all_of_it_is_in_the_ledger(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        # What was never granted is not denied.
        assert plain(it.holdfast, "openai") == WHOLE
        it.house.pull(it.first)
        refuses(it.holdfast, "openai", "S1")
        it.house.approve("S1", it.house.alice)
        it.house.approve("S1", it.house.bob)
        it.house.comes_back("S1")
        kinds = {entry["kind"] for entry in eventually(lambda: _with(it, "restored"))}
        assert {"suspension.ordered", "permit.denied"} <= kinds, sorted(kinds)


def _with(it, word):
    found = entries(it.holdfast)
    return found if any(word in entry["kind"] for entry in found) else None


# Refused orders


@pytest.mark.parametrize(
    "words, said",
    [
        (["modell:first/x"], "model, weights, lab, host, region, route, key"),
        (["first/x"], "model:first/x"),
        ([], "SCOPE"),
    ],
)
def test_a_scope_that_is_none_is_named(upstream, spare, tmp_path, words, said):
    config = tmp_path / "holdfast.yaml"
    config.write_text(json.dumps({"listen": "127.0.0.1:1", "providers": {}, "routes": {}}))
    done = cli("veto", "pull", *words, "--reason", "other", "--text", "a", "--dry-run", config=config, check=64)
    assert said.lower() in done.stderr.lower(), done.stderr


def test_a_stranger_stops_nothing(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        stranger = House(it.holdfast.config, tmp_path / "strangers", ("mallory",), init=False).mallory
        done = it.house.pull(it.first, by=stranger, check=65)
        assert "mallory" in done.stderr and "holdfast people show" in done.stderr
        # Nor under somebody else's name.
        stranger = replace(it.house.alice, folder=stranger.folder)
        shutil.copy(stranger.folder / "mallory.key", stranger.private)
        done = it.house.pull(it.first, by=stranger, check=65)
        assert "alice" in done.stderr
        assert it.house.json("veto", "list")["suspensions"] == []
        assert plain(it.holdfast, "openai") == WHOLE


def test_a_file_in_the_spool_that_nobody_signed_stops_nothing(upstream, spare, tmp_path):
    with vetoed(upstream, spare, served("oa"), None, tmp_path) as it:
        it.house.pull("route:elsewhere")
        [order] = it.house.spool.glob("orders/*.json")
        forged = json.loads(order.read_text())
        payload = base64.b64decode(forged["payload"]).replace(b"route:elsewhere", b"route:talk")
        forged["payload"] = base64.b64encode(payload).decode()
        (it.house.spool / "orders/000002.json").write_text(json.dumps(forged))
        it.house.pull("route:elsewhere-too")
        assert plain(it.holdfast, "openai") == WHOLE, "a forged order was obeyed"
        eventually(lambda: "000002.json" in it.holdfast.log or any("refused" in entry["kind"] for entry in entries(it.holdfast)))
        assert hear(it.holdfast, "openai").status == 200

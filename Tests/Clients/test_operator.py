"""An operator who has to act: commands that work whatever is broken, states that are so, alerts that say enough, drills
that count apart, and settings that are edited while it runs."""

import json
import os
import pty
import re
import select
import signal
import socket
import sqlite3
import stat
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import scripted_providers
from holdfast import BINARY, REPO, STATES, Holdfast, cli, engine, eventually, free_ports
from patience import PATIENCE
from plain import get
from standardwebhooks.webhooks import Webhook
from standin import WHOLE, failing, pair, plain, raw, refusal, served
from test_availability import GONE, SECRET, lower, receiver
from test_custody_engines import FOREIGN
from test_reload import serves
from upstream import by_request, status
from wire import Wire

LEDGER = {"name": "ledger.example.com/operator"}
MODEL = "smollm2-135m"
SAMPLE = {"as": "withdrawn", "load": "20rps", "for": "1s", "warm-up": "0.5s", "recovery": "0.5s"}


def run_folder(holdfast):
    return holdfast.directory / ".holdfast/run"


def served_by(holdfast, model="talk"):
    return raw(holdfast, "openai", model).headers["x-holdfast-served-by"].split("/")[0]


def entries(holdfast, *options):
    lines = cli("ledger", "show", "--json", *options, config=holdfast.config, check=0).stdout.splitlines()
    return [json.loads(line) for line in lines]


# Commands, whatever is broken

#: In the settings of `house`, and in the environment of its server only.
HIDDEN = ["HOLDFAST_TESTS_ADMIN", "HOLDFAST_TESTS_KEY"]


@pytest.fixture(scope="module")
def house(upstream, spare):
    """A running Holdfast whose settings need environment variables that the operator's shell does not have."""
    upstream.plays(served("oa"), model="op-model")
    spare.plays(served("oa"), model="op-spare")
    with pytest.MonkeyPatch.context() as environment:
        providers = {"first": scripted_providers(upstream)["oa"], "second": scripted_providers(spare)["oa"]}
        providers["first"]["api_key"] = "${HOLDFAST_TESTS_KEY}"
        candidates = [{"provider": "first", "model": "op-model"}, {"provider": "second", "model": "op-spare"}]
        holdfast = Holdfast(providers, {"talk": {"candidates": candidates}}, ledger=LEDGER)
        environment.setenv("HOLDFAST_TESTS_ADMIN", f"127.0.0.1:{holdfast.admin_port}")
        environment.setenv("HOLDFAST_TESTS_KEY", "sk-of-the-operators-own-9a7c")
        holdfast.settings["admin"] = "${HOLDFAST_TESTS_ADMIN}"
        holdfast.secrets += ["sk-of-the-operators-own-9a7c", "sk-of-the-provider-oa"]
        with holdfast:
            for name in HIDDEN:
                environment.delenv(name)
            yield holdfast


def without_a_variable(file):
    file.write_text(json.dumps({**json.loads(file.read_text()), "listen": "${HOLDFAST_TESTS_NOT_SET}"}))


SPOILT = {
    "as it was": lambda file: None,
    "garbage": lambda file: file.write_bytes(b"\x00\xff ]{ listen: [ \t" * 40),
    "emptied": lambda file: file.write_text(""),
    "deleted": Path.unlink,
    "a variable that isn't set": without_a_variable,
}

#: Options, environment and folder of a shell that finds it.
FOUND = {
    "--run": lambda it: (["--run", str(run_folder(it))], {}, "/"),
    "HOLDFAST_RUN": lambda it: ([], {"HOLDFAST_RUN": str(run_folder(it))}, "/"),
    "--config": lambda it: (["--config", str(it.config)], {}, "/"),
    "the current folder": lambda it: ([], {}, it.directory),
}


@contextmanager
def spoilt(holdfast, how):
    good = holdfast.config.read_text()
    SPOILT[how](holdfast.config)
    try:
        yield
    finally:
        holdfast.config.write_text(good)


@pytest.mark.parametrize("found", FOUND)
@pytest.mark.parametrize("how", SPOILT)
def test_commands_work_whatever_the_environment_and_the_settings(house, how, found):
    options, environment, folder = FOUND[found](house)

    def run(*words, check=0):
        return cli(*words, *options, env=environment, cwd=folder, check=check).stdout

    with spoilt(house, how):
        held = json.loads(run("hold", "first/op-model", "--reason", "wrong answers", "--json"))["id"]
        assert held in run("status", check=1) and "wrong answers" in run("status", check=1)
        run("acknowledge", held)
        assert held in run("restore", held)
        assert held not in run("status", check=0)
        assert "first/op-model" in run("models") and json.loads(run("models", "--json"))["routes"]
        assert "drill" in run("drill", "list")
        assert json.loads(run("disclosures", "--json")) is not None
        name = f"{how}, {found}"
        key = json.loads(run("keys", "create", "--name", name, "--json"))
        house.secrets.append(key["key"])
        assert name in {each["name"] for each in json.loads(run("keys", "list", "--json"))}
        assert json.loads(run("keys", "revoke", name, "--json"))["id"] == key["id"]
        assert run("ledger", "key").startswith(LEDGER["name"])
        # It is published once a second.
        first, *_ = eventually(lambda: run("ledger", "show", "--json").splitlines(), every=0.2)
        assert json.loads(first)["kind"] == "configuration.changed"
    assert house.process.poll() is None


def test_keys_made_with_broken_settings_count_and_end(house):
    with spoilt(house, "garbage"):
        shell = {"env": {}, "cwd": house.directory, "check": 0}
        key = cli("keys", "create", "--name", "in the dark", "--quiet", **shell).stdout.strip()
        house.secrets.append(key)
        eventually(lambda: house.get("/v1/models", key)[0] == 200)
        cli("keys", "revoke", "in the dark", **shell)
        eventually(lambda: house.get("/v1/models", key)[0] == 401)


def test_what_commands_find_is_the_owners_and_holds_no_secret(upstream):
    with receiver([]) as (port, _):
        hooks = {"pager": {"url": f"http://127.0.0.1:{port}/t0ken-in-the-path", "secret": SECRET}}
        holdfast = Holdfast(scripted_providers(upstream), ledger=LEDGER, alerts={"webhooks": hooks})
        before = os.umask(0)
        try:
            with holdfast:
                folder = run_folder(holdfast)
                assert stat.S_IMODE(folder.stat().st_mode) == 0o700
                files = {each.name: each for each in folder.iterdir()}
                assert {"effective.json", "admin-token"} <= set(files)
                assert all(stat.S_IMODE(each.stat().st_mode) == 0o600 for each in files.values() if each.is_file()), files
                text = files["effective.json"].read_text()
                told = json.loads(text)
                assert told["pid"] == holdfast.process.pid and told["admin"] == f"127.0.0.1:{holdfast.admin_port}"
                secrets = [holdfast.key, "sk-of-the-provider-oa", "sk-of-the-provider-an", "t0ken-in-the-path", SECRET]
                secrets.append(files["admin-token"].read_text().strip())
                assert not [each for each in secrets if each in text]
        finally:
            os.umask(before)


def test_commands_find_it_as_soon_as_it_is_ready(upstream):
    """Scripts wait for `/ready`, and then give their first command."""
    with Holdfast(scripted_providers(upstream)) as holdfast:

        def is_ready():
            try:
                return holdfast.get("/ready")[0] == 200
            except OSError:
                return False

        for _ in range(10):
            holdfast.stop()
            holdfast.start(ready=False)
            eventually(is_ready, every=0)
            assert (run_folder(holdfast) / "effective.json").exists()


def test_one_that_has_ended_leaves_nothing_to_find(upstream):
    with Holdfast(scripted_providers(upstream)) as holdfast:
        token = (run_folder(holdfast) / "admin-token").read_text()
        holdfast.stop()
        left = [each for each in run_folder(holdfast).rglob("*") if each.is_file()]
        assert not [each for each in left if each.name == "effective.json" or token in each.read_text(errors="replace")]
        for found in FOUND:
            options, environment, folder = FOUND[found](holdfast)
            done = cli("status", *options, env=environment, cwd=folder, check=69)
            assert "no Holdfast runs" in done.stderr and "holdfast serve" in done.stderr, done.stderr


COMMANDS = [
    ["status"], ["models"], ["hold", "oa/x", "--reason", "x"], ["restore", "x"], ["acknowledge", "x"], ["drill", "list"],
    ["drill", "end"], ["disclosures"],
]  # fmt: skip


def test_one_that_was_killed_is_noticed_without_asking_it(upstream):
    """The commands don't connect to its port, since another program that never answers may use that port by now."""
    with Holdfast(scripted_providers(upstream), ends_badly=True) as holdfast:
        number = holdfast.process.pid
        holdfast.process.kill()
        holdfast.process.wait()
        with socket.create_server(("127.0.0.1", holdfast.admin_port)) as stranger:
            stranger.setblocking(False)
            for command in COMMANDS:
                done = cli(*command, "--run", str(run_folder(holdfast)), env={}, check=69)
                assert f"no longer runs (it was process {number})" in done.stderr and str(holdfast.config) in done.stderr
            with pytest.raises(BlockingIOError):
                stranger.accept()


def test_one_that_is_still_starting_is_not_asked_where_the_one_before_was(upstream):
    """The one before was killed and left its address, which may be somebody
    else's by now."""
    with Holdfast(scripted_providers(upstream), ends_badly=True) as holdfast:
        holdfast.process.kill()
        holdfast.process.wait()
        before, [holdfast.admin_port] = holdfast.admin_port, free_ports(1)
        holdfast.write_config(admin=f"127.0.0.1:{holdfast.admin_port}")
        # Its start waits for the database.
        database = sqlite3.connect(holdfast.directory / ".holdfast/data/holdfast.sqlite", isolation_level=None)
        database.execute("BEGIN EXCLUSIVE")
        with socket.create_server(("127.0.0.1", before)) as stranger:
            stranger.setblocking(False)
            holdfast.start(ready=False)
            lock = run_folder(holdfast) / "lock"
            eventually(lambda: lock.read_text().strip() == str(holdfast.process.pid), every=0.002)
            done = cli("status", "--run", str(run_folder(holdfast)), env={})
            with pytest.raises(BlockingIOError):
                stranger.accept()
            # It may have come far enough to answer itself.
            assert done.returncode in (0, 69), done
        database.close()


def test_one_in_a_deep_folder_is_found_however_its_path_is_written(upstream):
    """The path of the server's own folder is too long for sockets."""

    class Deep(Holdfast):
        def __init__(self, *arguments, **top):
            super().__init__(*arguments, **top)
            self.config = self.directory / ("deep-" * 12) / ("down-" * 12) / "holdfast.yaml"
            self.config.parent.mkdir(parents=True)

    with Deep(scripted_providers(upstream)) as holdfast:
        folder = holdfast.config.parent
        (holdfast.directory / "link").symlink_to(folder)
        ways = [
            ([], folder), (["--config", "holdfast.yaml"], folder), (["--config", "./holdfast.yaml"], folder),
            (["--config", str(holdfast.config)], "/"), (["--config", f"{folder}/../{folder.name}/holdfast.yaml"], "/"),
            (["--config", f"{folder}//holdfast.yaml"], "/"), (["--config", str(holdfast.directory / "link/holdfast.yaml")], "/"),
        ]  # fmt: skip
        codes = {" ".join(options): cli("status", *options, env={}, cwd=cwd).returncode for options, cwd in ways}
        assert codes == dict.fromkeys(codes, 0)


def test_a_key_is_revoked_with_neither_a_server_nor_settings(tmp_path):
    shell = {"env": {}, "cwd": tmp_path}
    file = tmp_path / "found/keys.yaml"
    file.parent.mkdir()
    made = cli("keys", "create", "--file", str(file), "--name", "stolen", "--json", **shell, check=0)
    assert json.loads(made.stdout)["key"] not in file.read_text()
    cli("keys", "revoke", "--file", str(file), "stolen", **shell, check=0)
    [key] = json.loads(cli("keys", "list", "--file", str(file), "--json", **shell, check=0).stdout)
    assert key["name"] == "stolen" and key["state"] == "revoked"
    assert cli("keys", "revoke", "stolen", **shell).returncode == 66, "there are no settings to find the file by"


class Apart(Holdfast):
    """A Holdfast with its settings in one folder, and everything that it writes in another."""

    def __init__(self, *arguments, **top):
        places = {"run": {"directory": "../state/run"}, "data": {"directory": "../state/data"}, "keys": {"file": "../state/keys.yaml"}}
        super().__init__(*arguments, **{**places, **top})
        self.config = self.directory / "settings/holdfast.yaml"
        self.state = self.directory / "state"
        for folder in (self.config.parent, self.state):
            folder.mkdir()


def test_a_run_folder_of_its_own_leaves_the_settings_folder_alone(upstream):
    providers = {**scripted_providers(upstream), "here": engine(parallel=1, context=512, models=[MODEL])}
    routes = {"talk": {"candidates": [{"provider": "here", "model": MODEL}]}}
    with Apart(providers, routes, ledger=LEDGER) as holdfast:
        assert plain(holdfast, "openai", max_tokens=4) is not None
        assert [each.name for each in holdfast.config.parent.rglob("*")] == ["holdfast.yaml"]
        assert not (holdfast.directory / ".holdfast").exists(), "nor does it write where it was started"
        run = holdfast.state / "run"
        assert (run / "effective.json").exists() and (holdfast.state / "data/holdfast.sqlite").exists()
        assert stat.S_IMODE(run.stat().st_mode) == 0o700
        # The settings say where it is, and so does whoever knows.
        assert "talk" in cli("status", config=holdfast.config, env={}, check=0).stdout
        holdfast.config.write_text("]")
        for options, environment in [(["--run", str(run)], {}), ([], {"HOLDFAST_RUN": str(run)})]:
            for command in [["status"], ["models"], ["keys", "list"], ["ledger", "key"], ["drill", "list"]]:
                cli(*command, *options, env=environment, cwd="/", check=0)


def test_it_serves_with_settings_in_a_folder_that_nobody_can_write(upstream):
    model = upstream.plays(served("oa"))
    with Apart(scripted_providers(upstream), {"talk": {"candidates": [{"provider": "oa", "model": model}]}}, ledger=LEDGER) as holdfast:
        holdfast.stop()
        folder = str(holdfast.config.parent)
        for options in (["--bind", folder, folder], ["-o", "remount,ro,bind", folder]):
            done = subprocess.run(["mount", *options], capture_output=True, text=True)
            if done.returncode != 0:
                pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
        try:
            with pytest.raises(OSError):
                (holdfast.config.parent / "x").touch()
            holdfast.start()
            assert plain(holdfast, "openai") == WHOLE
            shell = {"config": holdfast.config, "check": 0}
            assert "talk" in cli("status", **shell).stdout
            held = json.loads(cli("hold", f"oa/{model}", "--reason", "x", "--yes", "--json", **shell).stdout)["id"]
            cli("restore", held, **shell)
            holdfast.stop()
        finally:
            subprocess.run(["umount", folder], check=True)


# How the routes are


def board(holdfast):
    return json.loads(holdfast.get("/status.json")[2])


def component(holdfast, name):
    [found] = [each for each in board(holdfast)["components"] if each["name"] == name and not each["group"]]
    return found


def state(holdfast, route="talk"):
    """As `status` tells it, with its exit code."""
    done = cli("status", "--json", config=holdfast.config, check=STATES)
    [found] = [each for each in json.loads(done.stdout)["routes"]["routes"] if each["name"] == route]
    assert cli("status", config=holdfast.config).returncode == done.returncode
    return found["state"], done.returncode


def fail(holdfast, times, route="talk"):
    for _ in range(times):
        assert refusal(holdfast, "openai", model=route).status_code >= 500


#: Words that prove nothing: no hold, whoever repeats them.
BROKEN = failing("oa", 500, "Something went wrong on our side.")


def test_status_tells_the_worst_state_of_a_route_by_its_exit_code(upstream, spare):
    good, broken, gone = upstream.plays(served("oa")), upstream.plays(BROKEN), upstream.plays(status(404, body=GONE))
    backup = spare.plays(served("oa"))
    routes = {
        "good": {"candidates": [{"provider": "first", "model": good}]},
        "moved": {"candidates": [{"provider": "first", "model": gone}, {"provider": "second", "model": backup}]},
        "dead": {"candidates": [{"provider": "first", "model": broken}]},
    }
    providers = {"first": scripted_providers(upstream)["oa"], "second": scripted_providers(spare)["oa"]}
    with Holdfast(providers, routes) as holdfast:
        assert state(holdfast, "good") == ("serving", 0)
        assert plain(holdfast, "openai", "good") == WHOLE
        assert state(holdfast, "good") == ("serving", 0)
        assert plain(holdfast, "openai", "moved") == WHOLE
        eventually(lambda: [each["firmness"] for each in holdfast.holds] == ["lasting"])
        assert state(holdfast, "moved") == ("degraded", 1) and state(holdfast, "good") == ("serving", 1)
        fail(holdfast, 3, "dead")
        assert state(holdfast, "dead") == ("down", 2) and state(holdfast, "moved") == ("degraded", 2)


def test_three_requests_without_an_answer_are_an_outage_though_nothing_is_held(upstream, spare):
    with pair(upstream, spare, BROKEN, None) as two:
        holdfast = two.holdfast
        fail(holdfast, 2)
        assert state(holdfast) == ("serving", 0), "two may be chance"
        fail(holdfast, 1)
        assert state(holdfast) == ("down", 2) and holdfast.holds == []
        shown = cli("status", config=holdfast.config, check=2).stdout
        assert re.search(r"talk +down +none of 3 requests in 5 min", shown), shown
        assert eventually(lambda: component(holdfast, "talk")["status"] == "major_outage")
        assert "none of 3 requests" in component(holdfast, "talk")["description"]
        assert board(holdfast)["status"]["indicator"] == "critical"
        page = holdfast.get("/status")[2].decode()
        assert re.search(r"<td>talk .*none of 3 requests.*major_outage", page), page


def test_one_answer_ends_the_outage(upstream, spare):
    broken = {"is": True}
    with pair(upstream, spare, by_request(lambda request: BROKEN if broken["is"] else served("oa")), None) as two:
        fail(two.holdfast, 3)
        assert state(two.holdfast) == ("down", 2)
        broken["is"] = False
        # Its breaker is open for a moment.
        eventually(lambda: served_by(two.holdfast) == "first", every=0.3)
        eventually(lambda: component(two.holdfast, "talk")["status"] != "major_outage")
        assert state(two.holdfast)[0] != "down"


def test_a_sudden_outage_is_told_at_once_and_for_as_long_as_nothing_is_answered(upstream, spare):
    broken = {"is": False}
    with pair(upstream, spare, by_request(lambda request: BROKEN if broken["is"] else served("oa")), None) as two:
        holdfast = two.holdfast
        for _ in range(20):
            assert plain(holdfast, "openai") == WHOLE
        broken["is"] = True
        fail(holdfast, 3)

        def standing():
            done = json.loads(cli("status", "--json", config=holdfast.config, check=2).stdout)
            return done["routes"]["routes"][0]["candidates"][0]["standing"]

        assert state(holdfast) == ("down", 2)
        # After its wait the breaker would let one request through: nobody has been answered, all the same.
        eventually(lambda: standing() == "breaker half-open", every=0.3)
        assert state(holdfast) == ("down", 2)
        assert "none of the last 3 requests was answered" in cli("status", config=holdfast.config, check=2).stdout
        eventually(lambda: component(holdfast, "talk")["status"] == "major_outage")
        model = component(holdfast, f"first/{two.first}")
        assert (model["status"], model["description"]) == ("partial_outage", "broken, to be tried again")
        assert board(holdfast)["status"]["indicator"] == "critical"


def test_a_stand_in_serves_while_the_first_candidates_breaker_is_open(upstream, spare):
    with pair(upstream, spare, BROKEN, served("oa")) as two:
        assert state(two.holdfast) == ("serving", 0)
        for _ in range(4):
            assert plain(two.holdfast, "openai") == WHOLE
        assert state(two.holdfast) == ("degraded", 1)
        assert "served by a stand-in, second/" in cli("status", config=two.holdfast.config, check=1).stdout


def test_status_tells_that_the_settings_on_disk_are_broken(upstream, spare):
    with pair(upstream, spare, served("oa"), None) as two:
        config = two.holdfast.config
        assert "SETTINGS" not in cli("status", config=config, check=0).stdout
        good = config.read_text()
        config.write_text("lisen: x\n")
        shown = eventually(lambda: (text := cli("status", config=config, check=0).stdout) and "SETTINGS" in text and text)
        assert re.search(r"SETTINGS: .*the next start would fail\n +\S*holdfast.yaml:1:1: unknown key \"lisen\"", shown), shown
        config.write_text(good)
        eventually(lambda: "SETTINGS" not in cli("status", config=config, check=0).stdout)


def test_a_hold_is_lifted_by_the_name_of_what_it_holds(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        name, config = f"first/{two.first}", two.holdfast.config
        done = cli("restore", name, config=config, check=64)
        assert f"there is no hold on {name}" in done.stderr
        held = json.loads(cli("hold", name, "--reason", "wrong answers", "--json", config=config, check=0).stdout)["id"]
        # A hold by hand counts as seen by the one that placed it.
        assert held in cli("acknowledge", name, config=config, check=0).stdout
        assert re.search(r"ACKNOWLEDGED BY.*local", cli("status", config=config, check=1).stdout, re.DOTALL)
        assert held in cli("restore", name, config=config, check=0).stdout
        assert two.holdfast.holds == []


def test_what_callers_do_wrong_is_no_outage(upstream, spare):
    wrong = failing("oa", 400, "temperature is out of range", type="invalid_request_error")
    with pair(upstream, spare, wrong, None) as two:
        for _ in range(5):
            assert refusal(two.holdfast, "openai").status_code == 400
        assert state(two.holdfast) == ("serving", 0)


def test_an_idle_route_is_no_outage_and_is_said_to_be_idle(upstream, spare):
    with pair(upstream, spare, BROKEN, None) as two:
        shown = cli("status", config=two.holdfast.config, check=0).stdout
        assert re.search(r"talk +serving +no request since the start", shown), shown
        assert state(two.holdfast) == ("serving", 0)
        found = component(two.holdfast, "talk")
        assert found["status"] == "operational" and "idle" in found["description"]
        assert "idle" in two.holdfast.get("/status")[2].decode()
        # A drill's requests are nobody's.
        drill(two.holdfast, load="10rps")
        assert state(two.holdfast) == ("serving", 0)
        assert "no request since the start" in cli("status", config=two.holdfast.config, check=0).stdout


# Alerts


def messages(got, *kinds):
    """Returns the messages that a webhook received, in the order in which they came."""
    told = []
    for headers, body, _ in list(got):
        Webhook(SECRET).verify(body, lower(headers))
        told.append(json.loads(body))
    return [each for each in told if each["type"].startswith(kinds or ("",))]


LIFE = ["hold.placed", "hold.confirmed", "hold.acknowledged", "hold.lifted"]


def paged(port, **more):
    """A webhook that is told of holds."""
    return {"webhooks": {"pager": {"url": f"http://127.0.0.1:{port}/", "secret": SECRET, "on": ["hold"]}}, **more}


def live_through(two):
    """A withdrawal, from its first sight to the operator who lifts it; its id."""
    assert plain(two.holdfast, "openai") == WHOLE
    [hold] = eventually(lambda: [each for each in two.holdfast.holds if each["firmness"] == "lasting"])
    cli("acknowledge", hold["id"], config=two.holdfast.config, check=0)
    two.holdfast.restore(hold)
    return hold["id"]


def test_a_hold_is_told_from_its_beginning_to_its_end(upstream, spare):
    """To the webhook, in the ledger and in the log."""
    with receiver([]) as (port, got):
        alerts = paged(port, instance="gateway-7", link="https://runbook.example/holds")
        top = {"alerts": alerts, "ledger": LEDGER, "log": {"format": "human"}}
        with pair(upstream, spare, status(404, body=GONE), served("oa"), top=top) as two:
            id = live_through(two)
            told = eventually(lambda: len(messages(got)) >= 4 and messages(got))
            assert sorted(each["type"] for each in told) == sorted(LIFE)
            for each in told:
                data = each["data"]
                assert data["hold"] == id and data["model"] == two.first and data["provider"] == "first"
                assert "deprecated and is no longer available" in data["words"] and data["cause"] == "withdrawn"
                assert data["instance"] == "gateway-7" and data["link"] == "https://runbook.example/holds"
                assert [route["name"] for route in data["routes"]] == ["talk"]
                if each["type"] != "hold.lifted":
                    assert data["routes"][0]["stand_in"] == f"second/{two.second}"
                assert bool(data.get("by")) == (each["type"] in ("hold.acknowledged", "hold.lifted"))

            def recorded():
                found = [each for each in entries(two.holdfast) if each.get("hold") == id]
                return len(found) >= 4 and found

            assert [each["kind"] for each in eventually(recorded)] == LIFE
            lines = [line for line in two.holdfast.log.splitlines() if f"hold={id}" in line]
            words = ["is suspected", "a suspicion is confirmed", "hold acknowledged", "hold lifted"]
            assert len(lines) == 4 and all(word in line for word, line in zip(words, lines)), lines


def test_messages_of_a_hold_come_in_their_order(upstream, spare):
    """However soon one follows on the other."""
    with receiver([]) as (port, got):
        with pair(upstream, spare, status(404, body=GONE), served("oa"), top={"alerts": paged(port)}) as two:
            for _ in range(3):
                live_through(two)
            told = eventually(lambda: len(messages(got)) >= 12 and messages(got))
            assert [each["type"] for each in told] == LIFE * 3


def test_a_hold_by_hand_is_told_with_its_reason(upstream, spare):
    with receiver([]) as (port, got):
        with pair(upstream, spare, served("oa"), None, top={"alerts": paged(port)}) as two:
            name = f"first/{two.first}"
            cli("hold", name, "--reason", "wrong answers", "--yes", config=two.holdfast.config, check=0)
            [told] = eventually(lambda: messages(got))
            assert told["type"] == "hold.placed" and told["data"]["reason"] == "wrong answers"
            assert told["data"]["origin"] == "administrator" and told["data"]["routes"] == [{"name": "talk"}], "nobody stands in"
            # Where the settings name neither, it names itself.
            assert told["data"]["instance"] == f"127.0.0.1:{two.holdfast.port}"
            assert told["data"]["link"] == f"{two.holdfast.url}/status"
            two.holdfast.restore(two.holdfast.holds[0])


def test_few_requests_burn_no_budget(upstream, spare):
    """Nine that are all lost wake nobody, nor do two of many; the last route
    shows that budgets were looked at."""
    with receiver([]) as (port, got):
        model = upstream.plays(by_request(lambda request: BROKEN if "fail" in json.dumps(request.json) else served("oa")))
        routes = {name: {"candidates": [{"provider": "oa", "model": model}]} for name in ("nine", "two", "last")}
        alerts = {"every": "1s", "webhooks": {"pager": {"url": f"http://127.0.0.1:{port}/", "secret": SECRET, "on": ["burn"]}}}
        with Holdfast(scripted_providers(upstream), routes, alerts=alerts) as holdfast:
            month = time.strftime("%Y-%m", time.gmtime())

            def ask(route, times, word="fail"):
                message = [{"role": "user", "content": word}]
                for _ in range(times):
                    if word == "fail":
                        assert refusal(holdfast, "openai", model=route, messages=message).status_code >= 500
                    else:
                        assert plain(holdfast, "openai", route, messages=message) == WHOLE

            def counted(**wanted):
                told = json.loads(cli("sla", "report", "--month", month, "--json", config=holdfast.config, check=0).stdout)
                found = {each["route"]: each["requests"] for each in told["routes"]}
                return all(found.get(route) == number for route, number in wanted.items())

            def burning():
                lines = [line for line in holdfast.log.splitlines() if "uses up its error budget too fast" in line]
                return {re.search(r"route=(\S+)", line)[1] for line in lines}

            ask("two", 12, "good")
            ask("two", 2)
            ask("nine", 9)
            eventually(lambda: counted(two=14, nine=9), every=0.3)
            ask("last", 10)
            eventually(lambda: "last" in burning(), every=0.3)
            assert burning() == {"last"}
            assert holdfast.metric("holdfast_burn_rate", route="nine", window_minutes="60") > 14.4
            assert holdfast.metric("holdfast_burn_rate", route="two", window_minutes="60") > 14.4
            ask("two", 1)
            ask("nine", 1)
            eventually(lambda: burning() == {"last", "nine", "two"}, every=0.3)
            fired = lambda: {each["data"]["route"] for each in messages(got, "burn.firing")}
            eventually(lambda: fired() == {"last", "nine", "two"}, every=0.3)


# Drills


def begin(holdfast, tmp_path, *options):
    """A drill whose standard error goes to a file."""
    command = [BINARY, "drill", "pull", "talk", *options, "--json", "--config", holdfast.config]
    with (tmp_path / "progress").open("w") as file:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True)


def drill(holdfast, **more):
    options = [part for name, value in {**SAMPLE, **more}.items() for part in (f"--{name}", value)]
    return json.loads(cli("drill", "pull", "talk", *options, "--json", config=holdfast.config, check=STATES).stdout)


def running(holdfast):
    return [each["id"] for each in json.loads(holdfast.admin("/admin/drills"))["running"]]


def production(holdfast):
    names = ["requests", "attempts", "failed_attempts", "tokens"]
    return {name: holdfast.metric(f"holdfast_{name}_total") for name in names}


def test_a_drills_own_requests_count_apart(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        holdfast = two.holdfast
        assert plain(holdfast, "openai") == WHOLE
        before = production(holdfast)
        assert before["requests"] == before["attempts"] == 1
        report = drill(holdfast)
        made = sum(report["requests"][phase]["total"] for phase in ("warm_up", "pulled", "recovery"))
        assert made > 10
        assert production(holdfast) == before
        assert holdfast.metric("holdfast_request_duration_seconds_count") == 1
        assert holdfast.metric("holdfast_drill_requests_total", route="talk", outcome="served") == made
        assert holdfast.metric("holdfast_drill_attempts_total", provider="second") == len(two.second_calls) > 0
        assert holdfast.metric("holdfast_drill_failed_attempts_total", cause="withdrawn", provider="first") >= 1
        assert holdfast.metric("holdfast_drill_tokens_total") > 0
        assert holdfast.metric("holdfast_drill_request_duration_seconds_count", route="talk") == made
        # Those of callers who meet it do count, and what they met is no provider's failure.
        process = subprocess.Popen(
            [BINARY, "drill", "pull", "talk", "--for", "60s", "--warm-up", "0s", "--config", holdfast.config],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        asked = 1

        def met():
            nonlocal asked
            asked += 1
            return served_by(holdfast) == "second"

        eventually(met)
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
        now = production(holdfast)
        assert now["requests"] == asked and now["failed_attempts"] == 0
        assert holdfast.metric("holdfast_drill_requests_total") == made


def test_renewals_of_a_drill_are_not_on_record(upstream, spare, tmp_path):
    with pair(upstream, spare, served("oa"), served("oa"), top={"ledger": LEDGER}) as two:
        process = begin(two.holdfast, tmp_path, "--load", "5rps", "--for", "60s", "--warm-up", "2s")
        # It is renewed four times a second: in its second phase it has been.
        eventually(lambda: served_by(two.holdfast) == "second")
        cli("drill", "end", config=two.holdfast.config, check=0)
        process.communicate(timeout=PATIENCE)
        eventually(lambda: any(each["kind"] == "drill.ended" for each in entries(two.holdfast)))
        done = [each["action"] for each in entries(two.holdfast, "--kind", "administration")]
        assert done == ["/admin/drills", "/admin/drills/:id/end"]


def test_a_drill_is_ended_from_another_shell(upstream, spare, tmp_path):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        holdfast = two.holdfast
        process = begin(holdfast, tmp_path, "--for", "300s", "--warm-up", "0s")
        eventually(lambda: served_by(holdfast) == "second")
        [id] = running(holdfast)
        for unknown in ["d_0000000000", "../holds", ""]:
            done = cli("drill", "end", unknown, config=holdfast.config)
            assert done.returncode == 64 and "drill list" in done.stderr, done
        assert running(holdfast) == [id]
        said = cli("drill", "end", id, config=holdfast.config, check=0).stdout
        assert id in said and "given back" in said
        out, _ = process.communicate(timeout=PATIENCE)
        assert json.loads(out)["id"] == id and json.loads(out)["end"] == "stopped" and process.returncode != 0
        assert served_by(holdfast) == "first"
        eventually(lambda: not running(holdfast))
        assert "stopped" in cli("drill", "show", id, config=holdfast.config, check=0).stdout
        done = cli("drill", "end", id, config=holdfast.config)
        assert done.returncode == 64 and "over already" in done.stderr
        assert json.loads(cli("drill", "end", "--json", config=holdfast.config, check=0).stdout) == {"ended": []}


def test_a_drill_that_nobody_will_meet_warns_at_once(upstream, spare, tmp_path):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        said = lambda: (tmp_path / "progress").read_text()

        def pulled(*options):
            process = begin(two.holdfast, tmp_path, "--for", "300s", *options)
            eventually(lambda: "Ctrl-C ends it" in said())
            text = said()
            assert running(two.holdfast)
            cli("drill", "end", config=two.holdfast.config, check=0)
            process.communicate(timeout=PATIENCE)
            return text

        first, second = pulled().splitlines()[:2]
        assert first.startswith("warning: talk had no request") and "--load" in first and "Ctrl-C ends it" in second
        assert "warning" not in pulled("--load", "1rps")
        assert plain(two.holdfast, "openai") == WHOLE
        assert "warning" not in pulled(), "it has callers"


def test_ctrl_c_counts_from_the_moment_that_it_is_promised(upstream, spare, tmp_path):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        for _ in range(5):
            process = begin(two.holdfast, tmp_path, "--for", "300s")
            eventually(lambda: "Ctrl-C ends it" in (tmp_path / "progress").read_text(), every=0.001)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE)
            assert process.returncode == 2 and "given back" in (tmp_path / "progress").read_text()
            assert running(two.holdfast) == []


def test_progress_says_how_much_is_left(upstream, spare, tmp_path):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        process = begin(two.holdfast, tmp_path, "--load", "5rps", "--for", "2s", "--warm-up", "2s", "--recovery", "2s")
        process.communicate(timeout=2 * PATIENCE)
        lines = [line for line in (tmp_path / "progress").read_text().splitlines() if "answered whole" in line]
        assert [line.strip().split(":")[0] for line in lines[:3]] == ["warm-up", "pulled", "recovery"], lines
        assert all(re.search(r", \d+ s left", line) for line in lines[:3]), lines
        # On a terminal it is one line that goes on.
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [BINARY, "drill", "pull", "talk", "--for", "60s", "--load", "5rps", "--config", two.holdfast.config],
            stdout=subprocess.DEVNULL, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        said = b""

        def counts():
            nonlocal said
            if select.select([ours], [], [], 0.1)[0]:
                said += os.read(ours, 65536)
            return len(set(re.findall(rb", (\d+) s left", said))) > 1

        eventually(counts)
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
        os.close(ours)


# Edits while it runs


@pytest.fixture(scope="module")
def edited(upstream, spare):
    upstream.plays(served("oa"), model="ed-model")
    candidates = [{"provider": "oa", "model": "ed-model"}]
    with Holdfast(scripted_providers(upstream), {"talk": {"candidates": candidates}}) as holdfast:
        yield holdfast


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True,
    )  # fmt: skip
    return {"cert": str(folder / "cert.pem"), "key": str(folder / "key.pem")}


class Edit:
    """An edit of the settings, and what of the log is of the time since."""

    def __init__(self, holdfast, **changes):
        self.holdfast = holdfast
        self.before = dict(holdfast.settings)
        self.seen = len(holdfast.log)
        holdfast.write_config(**changes)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        seen = len(self.holdfast.log)
        self.holdfast.settings.clear()
        self.holdfast.write_config(**self.before)
        eventually(lambda: "configuration reloaded" in self.holdfast.log[seen:])

    @property
    def waiting(self):
        """The names that the log says wait for the next start. Reloads once
        more, so that all lines of the first time are there."""
        eventually(lambda: "configuration reloaded" in self.log)
        known = self.log.count("configuration reloaded")
        self.holdfast.signal()
        eventually(lambda: self.log.count("configuration reloaded") > known)
        said = re.search(r"these take effect at the next start only changed=(.+)", self.log)
        return said[1].strip('"').split(", ") if said else []

    @property
    def log(self):
        whole, _, _ = self.holdfast.log[self.seen :].rpartition("\n")
        return whole


def edit_to_wait_for(certificate):
    """Edits of keys that take effect at the next start."""
    one, other = free_ports(2)
    return {
        "listen": f"127.0.0.1:{one}", "tls": certificate, "admin": f"127.0.0.1:{other}", "keys": {"file": "other-keys.yaml"},
        "limits": {"body": "1MiB"}, "log": {"format": "json"}, "metrics": {"on": "main"}, "data": {"directory": "elsewhere"},
        "run": {"directory": "run-elsewhere"}, "ledger": LEDGER, "supervision": {"waiting": 8},
    }  # fmt: skip


WAITING = ["listen", "tls", "admin", "keys", "limits", "log", "metrics", "data", "run", "ledger", "supervision"]
LIVE = ["cors", "hosts", "providers", "routes", "engine", "custody", "status_page", "alerts"]


@pytest.mark.parametrize("key", WAITING)
def test_an_edit_that_waits_for_the_next_start_is_named(edited, certificate, key):
    with Edit(edited, **{key: edit_to_wait_for(certificate)[key]}) as edit:
        assert edit.waiting == [key]
        assert plain(edited, "openai") == WHOLE and edited.get("/ready", port=edited.admin_port)[0] == 200


def test_an_edit_of_cors_is_in_force(edited):
    def allowed():
        fields = {"authorization": f"Bearer {edited.key}", "origin": "https://app.example"}
        return get(f"{edited.url}/v1/models", headers=fields).headers.get("access-control-allow-origin")

    assert allowed() is None
    with Edit(edited, cors={"origins": ["https://app.example"]}) as edit:
        eventually(lambda: allowed() == "https://app.example")
        assert edit.waiting == []


def test_an_edit_of_hosts_is_in_force(upstream):
    with Holdfast(scripted_providers(upstream)) as holdfast:
        holdfast.stop()
        holdfast.write_config(keys="none")
        holdfast.start()

        def greeted():
            with Wire(holdfast) as wire:
                return wire.send(b"GET /v1/models HTTP/1.1\r\nhost: box.lan\r\n\r\n").answer()[0]

        assert greeted() == 403
        with Edit(holdfast, hosts=["box.lan"]) as edit:
            eventually(lambda: greeted() == 200)
            assert edit.waiting == []


def test_an_edit_of_providers_is_in_force(edited, upstream):
    changed = scripted_providers(upstream)
    changed["oa"]["headers"] = {"x-from": "an edit"}
    with Edit(edited, providers=changed) as edit:
        def is_sent():
            plain(edited, "openai")
            return upstream.calls("ed-model")[-1].headers.get("x-from") == "an edit"

        eventually(is_sent)
        assert edit.waiting == []


def test_an_edit_of_routes_is_in_force(edited):
    with Edit(edited, routes={**edited.settings["routes"], "chat": "talk"}) as edit:
        eventually(lambda: serves(edited, "chat"))
        assert edit.waiting == []


def test_an_edit_of_the_status_page_is_in_force(edited):
    with Edit(edited, status_page={"title": "Our edited models"}) as edit:
        eventually(lambda: board(edited)["page"]["name"] == "Our edited models")
        assert edit.waiting == []
    with Edit(edited, status_page="off") as edit:
        eventually(lambda: edited.get("/status.json", edited.key)[0] == 404)
        assert edit.waiting == []


def test_an_edit_of_alerts_is_in_force(edited):
    with receiver([]) as (port, got):
        hooks = {"pager": {"url": f"http://127.0.0.1:{port}/", "secret": SECRET}}
        for instance in ("one", "another"):
            with Edit(edited, alerts={"webhooks": hooks, "instance": instance, "link": f"https://{instance}.example/"}) as edit:
                assert edit.waiting == []
                cli("hold", "oa/ed-model", "--reason", "x", "--yes", config=edited.config, check=0)
                [hold] = edited.holds
                edited.restore(hold)
                told = lambda: [each["data"] for each in messages(got) if each["data"]["instance"] == instance]
                eventually(lambda: len(told()) == 2)
                assert {each["link"] for each in told()} == {f"https://{instance}.example/"}


def foreign(folder, word):
    """A server that answers with this word, as `engine: {command: …}`."""
    file = folder / f"{word}.py"
    file.write_text(FOREIGN.replace("digest = hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest()", f"digest = {word!r}"))
    return {"command": ["python3", str(file), "{model}", "{socket}"]}


@pytest.mark.parametrize("key", ["engine", "custody"])
def test_an_edit_of_what_hosts_models_is_in_force(tmp_path, key):
    providers = {"here": engine(models=[MODEL])}
    routes = {"talk": {"candidates": [{"provider": "here", "model": MODEL}]}}
    with Holdfast(providers, routes, engine=foreign(tmp_path, "before"), limits={"drain": "2s"}) as holdfast:
        assert plain(holdfast, "openai") == "before"
        if key == "engine":
            with Edit(holdfast, engine=foreign(tmp_path, "after")) as edit:
                def said():
                    try:
                        return plain(holdfast, "openai")
                    except Exception as error:
                        return repr(error)

                eventually(lambda: said() == "after", every=0.2)
                assert edit.waiting == []
        else:
            with Edit(holdfast, custody="required") as edit:
                holdfast.log_has("custody is required, and the engine is not shut in")
                assert refusal(holdfast, "openai").status_code >= 500 and edit.waiting == []


def known_keys(tmp_path):
    file = tmp_path / "unknown.yaml"
    file.write_text("zzzzzzzzzzzz: 1\n")
    said = cli("check", str(file), check=78).stderr
    return re.search(r"known here: (.+)", said)[1].split(", ")


def test_no_key_of_the_settings_is_forgotten_here(tmp_path, certificate):
    assert sorted(known_keys(tmp_path)) == sorted(WAITING + LIVE)
    assert sorted(edit_to_wait_for(certificate)) == sorted(WAITING)
    written = Path(__file__).read_text()
    for key in LIVE:
        assert re.search(rf"^\s+with Edit\(\w+, {key}=", written, re.MULTILINE), key


def test_every_key_of_the_settings_is_documented(tmp_path):
    text = (REPO / "docs/configuration.md").read_text()
    table = text.split("| key | what | default |")[1].split("\n\n")[0]
    keys = {name for row in table.splitlines() for name in re.findall(r"^\| `([a-z_]+)", row)}
    keys |= {heading.lower() for heading in re.findall(r"^## (\w+)$", text, re.MULTILINE)} & {"providers", "routes"}
    assert keys == set(known_keys(tmp_path))

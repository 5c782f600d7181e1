"""Commands that work whatever is broken: the environment, the settings, the server."""

import json
import os
import socket
import sqlite3
import stat
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import scripted_providers
from holdfast import Holdfast, cli, engine, eventually, free_ports
from operating import LEDGER, MODEL, run_folder
from standin import WHOLE, plain, served
from test_availability import SECRET, receiver


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


def _two(shown):
    lines = shown.splitlines()
    return lines if len(lines) > 1 else None


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
        assert json.loads(run("sessions", "--json")) is not None
        name = f"{how}, {found}"
        key = json.loads(run("keys", "create", "--name", name, "--json"))
        house.secrets.append(key["key"])
        assert name in {each["name"] for each in json.loads(run("keys", "list", "--json"))}
        assert json.loads(run("keys", "revoke", name, "--json"))["id"] == key["id"]
        assert run("ledger", "key").startswith(LEDGER["name"])
        # It is published once a second.
        first, second, *_ = eventually(lambda: _two(run("ledger", "show", "--json")), every=0.2)
        assert [json.loads(each)["kind"] for each in (first, second)] == ["veto.began", "configuration.changed"]
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

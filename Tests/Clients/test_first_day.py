"""Tests of an operator's first day: warnings of `check`, tables that fit a terminal, JSON wherever something is
printed, a port that is in use, a service manager, and the first ten minutes."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest
from conftest import scripted_providers
from holdfast import ANSWER, BINARY, MODEL_FILE, PROMPT, REPO, STATES, Holdfast, cli, engine, eventually, free_ports
from shapes import openai_answer
from upstream import answer, status

WIDTH = 80
TIME = re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\dZ")


# check


def test_a_secret_that_every_user_can_read(tmp_path):
    tmp_path.chmod(0o700)
    file = tmp_path / "holdfast.yaml"
    file.write_text(
        "keys: none\nproviders:\n  p: {dialect: openai, base_url: https://x.example/v1, api_key: sk-0123456789abcdef}\n"
    )
    for mode, folder, warned in [(0o644, 0o755, True), (0o600, 0o755, False), (0o640, 0o755, False), (0o644, 0o700, False)]:
        place = tmp_path / f"{mode:o}-{folder:o}"
        place.mkdir()
        copy = place / "holdfast.yaml"
        shutil.copy(file, copy)
        copy.chmod(mode)
        place.chmod(folder)
        # pytest's own folders are closed to others: mode alone decides in /srv.
        public = shutil.move(place, f"/var/tmp/hf-{os.getpid()}-{place.name}")
        try:
            done = cli("check", f"{public}/holdfast.yaml", check=0)
        finally:
            shutil.rmtree(public)
        assert ("chmod 600" in done.stderr) == warned, (oct(mode), oct(folder), done.stderr)
        assert "0123456789" not in done.stdout + done.stderr


def test_check_warns_with_line_and_remedy(tmp_path):
    file = tmp_path / "holdfast.yaml"
    file.write_text(
        "admin: 0.0.0.0:8081\nproviders:\n"
        "  a: {dialect: anthropic, base_url: https://api.anthropic.com/v1, api_key: $ANTHROPIC_API_KEY}\n"
        "  o: {dialect: openai, base_url: https://api.openai.com, api_key: os.environ/OPENAI_API_KEY, region: eu-west}\n"
        "routes:\n"
        "  r:\n"
        "    candidates:\n"
        "      - {provider: a, model: m, retires: 2024-01-31, successor: o/m}\n"
        "      - {provider: o, model: m, successor: a/m}\n"
        "    substitution: {residency: [eu-west, eu-wset]}\n"
    )
    done = cli("check", str(file), check=0)
    for line, words in [
        (1, "plain HTTP"), (3, "write ${ANTHROPIC_API_KEY}"), (3, "leave /v1 off"), (4, "write ${OPENAI_API_KEY}"),
        (4, "write https://api.openai.com/v1"), (8, "in the past"), (8, "goes in a circle"), (9, "goes in a circle"),
        (10, 'did you mean "eu-west"?'),
    ]:  # fmt: skip
        assert any(f"holdfast.yaml:{line}:" in each and "warning: " in each and words in each for each in done.stderr.splitlines()), (
            words, done.stderr,
        )  # fmt: skip
    said = json.loads(cli("check", str(file), "--json", check=0).stdout)
    assert said["usable"] is True and {each["severity"] for each in said["problems"]} == {"warning"}
    file.write_text("lisen: x\n")
    done = cli("check", str(file), "--json", check=78)
    [problem] = json.loads(done.stdout)["problems"]
    assert problem["line"] == 1 and problem["severity"] == "error" and "listen" in problem["message"]


def test_a_key_for_a_region_where_nothing_runs(tmp_path):
    file = tmp_path / "holdfast.yaml"
    file.write_text("keys: {file: keys.yaml}\nproviders: {o: {dialect: openai, base_url: https://x.example/v1, region: eu-west}}\n")
    done = cli("keys", "create", "--name", "k", "--residency", "eu-wset", config=file, check=0)
    assert 'did you mean "eu-west"?' in done.stderr
    assert 'did you mean "eu-west"?' in cli("check", str(file), check=0).stderr


# Tables, times, JSON


@pytest.fixture(scope="module")
def busy(upstream, spare):
    """Long names, a hold, a drill: whatever widens a table."""
    name = "a-provider-with-a-rather-long-name"
    model = "an-organization/a-model-with-a-rather-long-name-2026-06-12"
    upstream.plays(answer(openai_answer(ANSWER)), model=model)
    gone = {"error": {"message": "The model has been deprecated and is no longer available", "code": "model_not_found"}}
    spare.plays(status(404, body=gone), model=model)
    providers = {
        "gone": {**scripted_providers(spare)["oa"], "host": "somebody-who-hosts-models", "lab": "an-organization"},
        name: {**scripted_providers(upstream)["oa"], "region": "europe-west-1", "contract": "azure-openai"},
    }
    price = {"price": {"input": 5, "output": 25, "currency": "EUR"}}
    route = {"candidates": [{"provider": "gone", "model": model, "retires": "2027-01-31", **price}, {"provider": name, "model": model, **price}]}
    with Holdfast(providers, {"a-route-with-a-long-name-for-assistants": route}, ledger={"name": "ledger.example.com"}) as holdfast:
        for _ in range(3):
            holdfast.openai().chat.completions.create(
                model="a-route-with-a-long-name-for-assistants", messages=[{"role": "user", "content": PROMPT}]
            )
        cli("keys", "create", "--name", "a team with a long name of its own", "--routes", "a-route-with-a-long-name-for-assistants",
            "--rpm", "100", "--tpm", "1000000", "--expires", "2030-01-31", "--tenant", "a-tenant", config=holdfast.config, check=0)  # fmt: skip
        eventually(lambda: holdfast.holds)
        cli("drill", "pull", "a-route-with-a-long-name-for-assistants", "--model", f"{name}/{model}", "--as", "overloaded",
            "--load", "5rps", "--for", "1s", "--warm-up", "1s", "--recovery", "1s", config=holdfast.config)  # fmt: skip
        yield holdfast


def month():
    return time.strftime("%Y-%m", time.gmtime())


@pytest.mark.parametrize(
    "command",
    [
        ["status"], ["models"], ["keys", "list"], ["drill", "list"], ["drill", "show"], ["check"], ["sla", "report"],
        ["sla", "contracts"], ["exposure"], ["disclosures"], ["sessions"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_tables_fit_a_terminal(busy, command):
    words = list(command)
    if command == ["sla", "report"]:
        words += ["--month", month()]
    if command == ["drill", "show"]:
        words.append(json.loads(cli("drill", "list", "--json", config=busy.config, check=0).stdout)["past"][0]["id"])
    if command == ["check"]:
        done = cli("check", str(busy.config), check=0)
    else:
        done = cli(*words, config=busy.config, check=STATES if command == ["status"] else 0)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("  ") or "“" not in line]
    # Sentences between tables are not cut; what is in columns is.
    wide = [line for line in lines if len(line) > WIDTH and re.search(r"\S {2,}\S", line.strip())]
    assert not wide, "\n".join(wide)


def test_status_has_the_words_of_the_field(busy):
    shown = cli("status", config=busy.config, check=STATES).stdout
    for word in ["ROUTE", "CANDIDATE", "STATE", "LAST ANSWER", "RETIRES", "REASON", "CONFIDENCE", "SINCE"]:
        assert word in shown
    for word in ["STANDS", "WHY", "SURE", "SEEN BY"]:
        assert word not in shown


def test_times_have_a_date_and_a_zone(busy):
    # A cell may be wrapped between the two.
    def joined(*words):
        return cli(*words, config=busy.config, check=STATES if words == ("status",) else 0).stdout

    assert "2027-01-31" in joined("status") and "00:00Z" in joined("status")
    assert TIME.search(joined("drill", "list")) or "Z" in joined("drill", "list")
    assert "2030-01-31" in joined("keys", "list") and "00:00Z" in joined("keys", "list")
    drill = json.loads(cli("drill", "list", "--json", config=busy.config, check=0).stdout)["past"][0]["id"]
    assert TIME.search(joined("drill", "show", drill))


def test_log_lines_have_a_date_and_a_zone(busy):
    busy.log_has("listening", " → ")
    lines = [line for line in busy.log.rpartition("\n")[0].splitlines() if "listening" in line or " → " in line]
    assert all(re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line) for line in lines), lines


def test_costs_have_a_currency(busy):
    drill = json.loads(cli("drill", "list", "--json", config=busy.config, check=0).stdout)["past"][0]["id"]
    report = json.loads(cli("drill", "show", drill, "--json", config=busy.config, check=0).stdout)
    assert report["cost"]["currency"] == "EUR"
    assert "EUR 0." in cli("drill", "show", drill, config=busy.config, check=0).stdout


def helps(words=()):
    """Every command that does something, by its help."""
    text = cli("help", *words, check=0).stdout if words else cli("--help", check=0).stdout
    if "SUBCOMMANDS:" not in text:
        yield list(words), text
        return
    for line in text.split("SUBCOMMANDS:")[1].splitlines():
        if found := re.match(r"  ([a-z][a-z-]*)( |$)", line):
            yield from helps((*words, found[1]))


def test_json_wherever_something_is_printed():
    # A server's output is its log, a proof is a format of its own.
    without = {"serve", "witness serve", "ledger prove"}
    missing = [" ".join(words) for words, text in helps() if " ".join(words) not in without and "--json" not in text]
    assert not missing, missing


@pytest.mark.parametrize(
    "words, member",
    [
        (["version"], "version"), (["keys", "create", "--name", "json"], "key"), (["keys", "revoke", "json"], "revoked"),
        (["ledger", "key"], "vkey"), (["ledger", "verify"], "root"), (["ledger", "prune", "--before", "0"], "files"),
        (["sla", "contracts"], "contracts"), (["sla", "contracts", "azure-openai"], "formula"),
        (["hold", "gone/an-organization/a-model-with-a-rather-long-name-2026-06-12", "--reason", "json", "--yes"], "routes"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)  # fmt: skip
def test_json_is_one_object(busy, words, member):
    config = None if words == ["version"] else busy.config
    said = json.loads(cli(*words, "--json", config=config, check=0).stdout)
    assert member in said
    if member == "key":
        busy.secrets.append(said["key"])


# A port that is taken


@pytest.mark.parametrize("setting", ["listen", "admin"])
def test_a_port_that_is_taken(setting, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = dict(zip(("listen", "admin"), free_ports(2)), **{setting: port})
        file = tmp_path / "holdfast.yaml"
        file.write_text(json.dumps({
            **{name: f"127.0.0.1:{number}" for name, number in ports.items()}, "keys": "none",
            "providers": {"here": engine()},
        }))  # fmt: skip
        done = subprocess.run([BINARY, "serve", "--config", file], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode == 69, said
    [line] = [line for line in said.splitlines() if "can't listen" in line]
    assert f"127.0.0.1:{port}" in line and f"`{setting}`" in line and "Address already in use" in line
    assert "listening" not in said.replace(line, ""), said
    # No engine began: nothing was loaded, and nothing had to be ended.
    assert "engine" not in said.replace(line, ""), said


# A service manager


class Notifications:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.heard = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                self.heard += self.socket.recv(4096).decode().split("\n")
            except OSError:
                return


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_the_service_manager_is_told(kind, tmp_path, monkeypatch):
    name = str(tmp_path / "notify") if kind == "path" else f"\0hf-{os.getpid()}"
    manager = Notifications(name)
    monkeypatch.setenv("NOTIFY_SOCKET", name.replace("\0", "@"))
    with Holdfast({}) as holdfast:
        eventually(lambda: manager.heard == ["READY=1"])
        holdfast.signal()
        eventually(lambda: "RELOADING=1" in manager.heard and manager.heard[-1] == "READY=1")
        assert any(each.startswith("MONOTONIC_USEC=") for each in manager.heard)
        holdfast.stop()
        eventually(lambda: manager.heard[-1] == "STOPPING=1")
        # For whoever counts on the process in the end.
        holdfast.start()
        eventually(lambda: manager.heard[-1] == "READY=1")


def test_a_service_manager_that_is_gone_is_no_fault(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    with Holdfast({}) as holdfast:
        assert holdfast.get("/ready")[0] == 200


def test_keys_come_as_credentials(tmp_path, upstream, monkeypatch):
    upstream.plays(answer(openai_answer(ANSWER)), model="scripted-credential")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "PROVIDER_KEY").write_text("sk-of-a-credential-0123\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    provider = {**scripted_providers(upstream)["oa"], "api_key": "${PROVIDER_KEY}"}
    with Holdfast({"oa": provider}, {"talk": {"candidates": [{"provider": "oa", "model": "scripted-credential"}]}}) as holdfast:
        holdfast.secrets.append("sk-of-a-credential-0123")
        holdfast.openai().chat.completions.create(model="talk", messages=[{"role": "user", "content": PROMPT}])
        [sent] = upstream.calls("scripted-credential")
        assert sent.headers["authorization"] == "Bearer sk-of-a-credential-0123"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_the_unit_is_one(tmp_path):
    binary = tmp_path / "bin/holdfast"
    binary.parent.mkdir()
    binary.symlink_to(BINARY)
    unit = tmp_path / "holdfast.service"
    unit.write_text((REPO / "Scripts/holdfast.service").read_text().replace("@PREFIX@", str(tmp_path)))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr.strip(), done.stderr
    text = unit.read_text()
    assert "Type=notify" in text and "LoadCredential=" in text and "\nRestrictNamespaces" not in text


# The engine without a clone


def test_the_engine_can_be_installed_anywhere(tmp_path):
    """Without fetching it again: what is in place is left alone."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "engine.json").write_text((REPO / ".holdfast/engine.json").read_text())
    (home / "venv").symlink_to(REPO / ".holdfast/venv")
    done = cli("engine", "install", "--into", str(home), "--python", sys.executable, "--json", cwd=tmp_path, check=0)
    assert json.loads(done.stdout)["python"] == f"{home}/venv/bin/python"
    done = cli("engine", "install", "--into", str(home), "--python", "/no/such/python", cwd=tmp_path, check=69)
    assert "--python" in done.stderr


# Metrics


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_metrics_pass_promtool(busy):
    text = busy.admin("/metrics")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=60)
    assert done.returncode == 0 and not done.stderr.strip(), done.stderr.decode()


def test_every_metric_has_its_line_of_help():
    """Those that only exist where hosted models, witnesses or drills are, too."""
    files = [file for file in (REPO / "Sources").rglob("*.swift")
             if "HoldfastServer" in file.parts or re.search(r"^(package )?import (Core)?Metrics$", file.read_text(), re.M)]
    names = {name for file in files for name in re.findall(r'"(holdfast_[a-z_]+)"', file.read_text())}
    assert len(names) > 40
    help = (REPO / "Sources/Telemetry/MetricHelp.swift").read_text()
    assert not [name for name in names if not re.search(rf'"{name}":\s+"', help)]


# The first ten minutes


def test_the_first_drill_passes_in_what_the_sample_starts(tmp_path):
    """`here` is pulled, and `spare` with its one slot stands in."""
    providers = {"here": engine(context=4096, parallel=4), "spare": engine(context=1024, parallel=1)}
    sample = (REPO / "Scripts/holdfast.sample.yaml").read_text()
    assert re.search(r"context: 1024\n\s+parallel: 1\n", sample) and sample.count("{ provider: spare, model: smollm2-135m }") == 1
    assert "objectives: { switch: 15s }" in sample
    candidates = [{"provider": name, "model": "smollm2-135m"} for name in providers]
    with Holdfast(providers, {"assistant": {"candidates": candidates, "objectives": {"switch": "15s"}}}) as holdfast:
        done = subprocess.run(
            [BINARY, "drill", "pull", "assistant", "--as", "withdrawn", "--load", "1rps", "--for", "20s", "--config", holdfast.config],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0 and "Verdict: PASSED" in done.stdout, done.stdout + done.stderr


def test_the_greeting_can_be_pasted(upstream):
    upstream.plays(answer(openai_answer("pasted")), model="smollm2-135m")
    route = {"candidates": [{"provider": "oa", "model": "smollm2-135m"}, {"provider": "an", "model": "x"}]}
    with Holdfast(scripted_providers(upstream), {"assistant": route}) as holdfast:
        key_file = holdfast.directory / "first-key"
        key_file.write_text(holdfast.key + "\n")
        holdfast.stop()
        holdfast.secrets.clear()  # It is the greeting's work to show one.
        with holdfast.log_file.open("ab") as log:
            holdfast.process = subprocess.Popen(
                [BINARY, "serve", "--config", holdfast.config, "--greet-key-file", key_file],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=holdfast.directory,
            )  # fmt: skip
        holdfast.wait_ready()
        greeting = eventually(lambda: holdfast.log.partition("Holdfast is ready on")[2])
        greeting = eventually(lambda: "Ctrl-C stops it" in holdfast.log and holdfast.log.partition("Holdfast is ready on")[2])
        assert os.path.realpath(BINARY) in greeting and f"{holdfast.url}/status" in greeting
        assert "drill pull assistant --as withdrawn --load 1rps --for 20s" in greeting
        assert "135 million parameters" in greeting and "for trying out" in greeting
        assert max(len(line) for line in greeting.splitlines() if "api_key" not in line and "Bearer" not in line and "/" not in line) <= WIDTH
        curl = greeting[greeting.index("curl ") :].split("\n\n")[0]
        done = subprocess.run(["bash", "-c", curl], capture_output=True, text=True, timeout=60)
        assert "pasted" in done.stdout, done.stdout + done.stderr
        for start in ("from openai", "from anthropic"):
            code = greeting[greeting.index(start) :].split("\n\n")[0]
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
            assert "pasted" in done.stdout, done.stdout + done.stderr


def test_the_readmes_commands_are_commands():
    """Every `holdfast …` of the README is one that there is, with options that it has."""
    text = (REPO / "README.md").read_text() + (REPO / "docs/ledger.md").read_text()
    lines = re.findall(r"(?:^|\$ |`)holdfast ((?:[a-z-]+ ?)+[^`#\n]*)", text, re.MULTILINE)
    assert len(lines) > 10
    known = {" ".join(words): help for words, help in helps()}
    for line in lines:
        words = line.split()
        name = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in known), None)
        if name is None:
            group = words[0]
            assert any(each.startswith(f"{group} ") for each in known), line
            continue
        for option in re.findall(r"(?<!\S)--[a-z-]+", line):
            assert option in known[name], f"{name} has no {option}: {line}"

"""The examples as their readers run them: every command of each README, in a
copy of the folder that differs in its ports only, offline, against the scripted
labs of examples/labs.py."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from holdfast import BINARY, REPO, STATES, eventually, free_ports
from patience import PATIENCE

sys.path.insert(0, str(REPO / "examples"))
from labs import ANSWER  # noqa: E402

#: Where the examples listen, which is where other tests might.
PORTS = ["8080", "8081", "8090", "9001", "9002"]
ANTHROPIC, OPENAI, STANDBY = "anthropic/claude-opus-4-8", "openai/gpt-5.2", "standby/smollm2-135m"


def blocks(readme, language="sh"):
    """The code of a README, by the heading that it stands under."""
    found = {}
    for section in re.split(r"^## ", readme, flags=re.MULTILINE)[1:]:
        title, _, text = section.partition("\n")
        found[title] = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return found


class Example:
    """A copy of an example's folder, and the terminals that its README asks for."""

    def __init__(self, name, **environment):
        # Not pytest's folder: paths of sockets are short.
        self._scratch = tempfile.TemporaryDirectory(prefix="hf-")
        root = Path(self._scratch.name)
        shutil.copytree(REPO / "examples", root / "examples", ignore=shutil.ignore_patterns(".holdfast", "__pycache__"))
        for shared in ("Tests", ".holdfast"):
            (root / shared).symlink_to(REPO / shared)
        self.ports = dict(zip(PORTS, map(str, free_ports(len(PORTS)))))
        for file in (root / "examples").rglob("*"):
            if file.is_file():
                file.write_text(self.moved(file.read_text()))
        self.folder = root / "examples" / name
        self.readme = (self.folder / "README.md").read_text()
        self.left = {(title, number) for title, found in blocks(self.readme).items() for number in range(len(found))}
        self.environment = {
            "PATH": f"{BINARY.parent}:{os.environ['PATH']}", "HOME": str(root), "LANG": "C.UTF-8",
            "NO_PROXY": "127.0.0.1", "PYTHONDONTWRITEBYTECODE": "1", **environment,
        }  # fmt: skip
        self.terminals = []

    def moved(self, text):
        """With this copy's ports."""
        return re.sub(r"(?<=127\.0\.0\.1:)\d{4}", lambda port: self.ports[port[0]], text)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            # The last one started needs those before it.
            for process, log in reversed(self.terminals):
                self.end(process, log)
        finally:
            self._scratch.cleanup()
        if kind is None:
            assert not self.left, f"commands of the README that no test ran: {sorted(self.left)}"

    def end(self, process, log):
        """Ctrl-C in that terminal."""
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)

        def is_over():
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                return True

        try:
            eventually(is_over)
        except AssertionError:
            os.killpg(process.pid, signal.SIGKILL)
            raise AssertionError(f"Ctrl-C did not end it:\n{log.read_text()[-3000:]}") from None

    def take(self, title, number):
        self.left.discard((title, number))
        return blocks(self.readme)[title][number]

    def start(self, number, ready):
        """A command of the section `Start`, in a terminal of its own.
        - ready: a text that it prints, or an address that answers once it is."""
        log = self.folder / f"terminal-{number}.log"
        # Ctrl-C reaches the shell and what runs in it; the shell waits for that.
        command = ["bash", "-c", f"trap : INT\n{self.take('Start', number)}"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
                # A suite that runs in the background of a shell ignores Ctrl-C, and so would what it starts.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )  # fmt: skip
        self.terminals.append((process, log))

        def is_ready():
            assert process.poll() is None, log.read_text()
            return ready in log.read_text() if not ready.startswith("http") else self.get(ready) is not None

        eventually(is_ready, within=90, every=0.1)

    def run(self, title, number=0, code=0, **words):
        """A command in the last terminal; `words` are what a reader puts in the place of a name, such as ID."""
        text = self.take(title, number)
        for word, meant in words.items():
            text = re.sub(rf"\b{word}\b", meant, text)
        done = subprocess.run(
            ["bash", "-c", text], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode in (code if isinstance(code, tuple) else (code,)), f"{text}{done.stdout}"
        return done.stdout

    def get(self, address):
        """The body; nothing where it isn't there, or not ready."""
        try:
            with urllib.request.urlopen(self.moved(address), timeout=PATIENCE) as response:
                return response.read().decode()
        except (urllib.error.HTTPError, OSError):
            return None

    def start_labs(self):
        self.start(0, "Two labs: ")

    def start_holdfast(self):
        self.start(1, "http://127.0.0.1:8080/ready")

    def command(self, *words, code=0):
        """A command of Holdfast's that is no part of the README."""
        done = subprocess.run(
            [BINARY, *words], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode in (code if isinstance(code, tuple) else (code,)), done.stdout + done.stderr
        return done.stdout

    @property
    def holds(self):
        return json.loads(self.command("status", "--json", code=STATES))["holds"]["holds"]

    def lasting_hold(self):
        """Once Holdfast's own request has confirmed it."""

        def found():
            return [hold for hold in self.holds if hold["firmness"] == "lasting"]

        [hold] = eventually(found, every=0.1)
        return hold


def served_by(said):
    return re.findall(r"^x-holdfast-served-by: (\S+)$", said, re.MULTILINE | re.IGNORECASE)[-1]


def is_ok(said):
    return "HTTP/1.1 200" in said


def streamed(said):
    """The text of a stream, its finish reasons, and who continued it."""
    events = [json.loads(line[6:]) for line in said.splitlines() if line.startswith("data: {")]
    assert said.rstrip().endswith("data: [DONE]"), said
    choices = [choice for event in events for choice in event["choices"]]
    continued = [each for event in events for each in event.get("holdfast", {}).get("continued", [])]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    return text, [choice["finish_reason"] for choice in choices if choice.get("finish_reason")], continued


def test_failover():
    with Example("failover") as it:
        it.start_labs()
        it.start_holdfast()
        said = it.run("The first lab answers")
        assert is_ok(said) and served_by(said) == ANTHROPIC and ANSWER in said
        # Withdrawn: the very request that meets it is answered.
        said = it.run("The model is withdrawn", 0)
        assert is_ok(said) and served_by(said) == OPENAI and ANSWER in said
        hold = it.lasting_hold()
        assert (hold["provider"], hold["model"], hold["cause"]) == ("anthropic", "claude-opus-4-8", "withdrawn")
        said = it.run("The model is withdrawn", 1, code=1)
        assert "Claude Opus 4.8 is not available" in said and hold["id"] in said
        # Back.
        said = it.run("The model comes back", ID=hold["id"])
        assert is_ok(said) and served_by(said) == ANTHROPIC
        # In the middle of a stream.
        text, finish_reasons, continued = streamed(it.run("A stream breaks off"))
        assert text == ANSWER and finish_reasons == ["stop"]
        assert [each["by"] for each in continued] == [OPENAI] and 0 < continued[0]["at"] < len(ANSWER)
        [program] = blocks(it.readme, "python")["The same with your own client"]
        done = subprocess.run(
            [sys.executable, "-c", program], env=it.environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0 and done.stdout.count("A holdfast is the part of a seaweed") == 2, done.stderr


def test_hosted_standby():
    with Example("hosted-standby") as it:
        it.start_labs()
        it.start_holdfast()
        assert served_by(it.run("The lab answers")) == ANTHROPIC
        said = it.run("The lab fails", 0)
        assert is_ok(said) and served_by(said) == STANDBY
        [custody] = re.findall(r"^x-holdfast-custody: (\S+)$", said, re.MULTILINE | re.IGNORECASE)
        receipt = it.run("The lab fails", 1)
        assert custody in receipt and "smollm2-135m.gguf" in receipt and "seal" in receipt
        hold = it.lasting_hold()
        text, finish_reasons, continued = streamed(it.run("A stream moves to the standby", ID=hold["id"]))
        [seam] = continued
        assert seam["by"] == STANDBY and text[: seam["at"]] == ANSWER[: seam["at"]] and len(finish_reasons) == 1


def test_witnessed_ledger():
    with Example("witnessed-ledger") as it:
        it.start_labs()
        it.start_holdfast()
        it.start(2, "http://127.0.0.1:8090/")
        said = it.run("Something to record")
        [request] = re.findall(r"^x-request-id: (\S+)$", said, re.MULTILINE | re.IGNORECASE)
        # An entry is published within a second.
        eventually(lambda: request in it.command("ledger", "show"), every=0.2)

        def checkpoint():
            return it.get("http://127.0.0.1:8080/ledger/checkpoint")

        eventually(lambda: "— witness.example.com " in checkpoint(), every=0.2)
        # What is recorded beside requests may have made a newer one by now.
        assert "— ledger.example.com " in it.run("The checkpoint and its cosignature")
        assert "HOLDS" in it.run("What an auditor does")
        assert "DOES NOT HOLD" in it.run("A changed entry", code=1)
        said = it.run("A proof for one request", ID=request)
        assert "HOLDS" in said and "NOT" not in said.split("HOLDS")[0] and request in said


def routes(example):
    """Requests of each route, as this month's report counts them."""
    report = example.command("sla", "report", "--json", "--month", time.strftime("%Y-%m", time.gmtime()))
    return {route["route"]: route["requests"] for route in json.loads(report)["routes"]}


def test_sla_drill():
    with Example("sla-drill", HOLDFAST_DRILL_TIME="4s") as it:
        it.start_labs()
        it.start_holdfast()
        said = it.run("The drill", 0)
        [report] = (it.folder / ".holdfast/drill-reports").glob("*-assistant.json")
        assert f"{report.name}: exit code 0" in said
        found = json.loads(report.read_text())
        assert found["verdict"] == "passed" and found["requests"]["pulled"]["whole"] == found["requests"]["pulled"]["total"] > 0
        # Whether a stream was in flight when the model went is chance.
        assert found["streams_in_flight"]["lost"] == 0 and found["requests"]["met_the_pull"] > 0
        assert [each["what"] for each in found["stood_in"]] == [OPENAI] and found["cost"]["total"] > 0
        listed = it.run("The drill", 1)
        assert found["id"] in listed and "passed" in listed
        # It goes as it came.
        it.run("The drill", 2, code=STATES)
        assert it.holds == []
        it.run("What contracts count, and what applications felt")
        eventually(lambda: routes(it) == {"assistant": 1}, every=0.5)
        exposure = it.run("Who could take the route down")
        assert "passed" in exposure and "none that the settings show" in exposure

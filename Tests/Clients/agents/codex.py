"""Codex' own binary, run turn by turn, in a home and a directory of its own."""

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import codex_cli_bin
from holdfast import PROMPT

BINARY = Path(codex_cli_bin.__file__).parent / "bin/codex"

#: Longer than anything here takes; a hang has to end, too.
PATIENCE = 180
#: As docs/agents.md has it, but for the address.
CONFIG = """
model = "{model}"
model_provider = "holdfast"

[model_providers.holdfast]
name = "Holdfast"
base_url = "{url}/v1"
env_key = "HOLDFAST_KEY"
wire_api = "responses"
"""
#: What it reports as an error and goes on.
UNKNOWN_MODEL = "Model metadata for"
REROUTED = "model rerouted: "
#: Behind each of those, in OpenAI's own words.
FLAGGED = "Your account was flagged"


@dataclass
class Heard:
    """One turn, as the binary reports it."""

    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    #: Commands that ran, with what they wrote.
    commands: list[tuple[str, str]] = field(default_factory=list)
    #: Files that were changed.
    changes: list[str] = field(default_factory=list)
    #: Models that answered in the place of the one that was asked for.
    reroutes: list[str] = field(default_factory=list)
    #: `Reconnecting...`: the whole was asked for again.
    repeats: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    thread: str = ""
    code: int = 0
    stderr: str = ""

    @property
    def text(self):
        """The last thing that was said."""
        return self.texts[-1] if self.texts else ""

    def read(self, event):
        kind, item = event["type"], event.get("item") or {}
        if kind == "thread.started":
            self.thread = event["thread_id"]
        elif kind == "error":
            (self.repeats if "Reconnecting" in event["message"] else self.errors).append(event["message"])
        elif kind == "turn.failed":
            self.errors.append(event["error"]["message"])
        elif kind == "item.completed":
            self.read_item(item)

    def read_item(self, item):
        if item["type"] == "agent_message":
            self.texts.append(item["text"])
        elif item["type"] == "reasoning":
            self.thoughts.append(item["text"])
        elif item["type"] == "command_execution":
            self.commands.append((item["command"], item["aggregated_output"]))
        elif item["type"] == "file_change" and item["status"] == "completed":
            self.changes += [Path(change["path"]).name for change in item["changes"]]
        elif item["type"] == "error":
            words = item["message"]
            if words.startswith(REROUTED):
                self.reroutes.append(words.split(" -> ")[1].split(" (")[0])
            elif not words.startswith((UNKNOWN_MODEL, FLAGGED)):
                self.errors.append(words)


class Codex:
    """A session of Codex: `with Codex(url, key, model) as codex: codex.ask(…)`. A test can do anything it wants between
    the turns; each is a process of its own that resumes the session."""

    def __init__(self, url, key, model, *, config="", arguments=()):
        self._scratch = tempfile.TemporaryDirectory(prefix="hf-codex-")
        self.home, self.directory = Path(self._scratch.name, "home"), Path(self._scratch.name, "work")
        (self.home / ".codex").mkdir(parents=True)
        self.directory.mkdir()
        for name in ("alpha", "beta"):
            self.file(name).write_text(f"CONTENT-OF-{name}\n")
        self.url, self.key, self.model = url, key, model
        self.config, self.arguments = config, list(arguments)
        self.world = {}
        self.thread = None

    def file(self, name):
        return self.directory / f"{name}.txt"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._scratch.cleanup()

    def ask(self, words="Please go ahead.", *arguments):
        """One turn, to its end."""
        (self.home / ".codex/config.toml").write_text(CONFIG.format(model=self.model, url=self.url) + self.config)
        command = [
            BINARY, "exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox",
            *self.arguments, *arguments, *(["resume", self.thread] if self.thread else []), f"{PROMPT} {words}",
        ]  # fmt: skip
        world = {"HOME": str(self.home), "PATH": os.environ["PATH"], "HOLDFAST_KEY": self.key, "NO_PROXY": "127.0.0.1"}
        world |= self.world
        done = subprocess.run(
            command, cwd=self.directory, env=world, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE
        )
        heard = Heard(code=done.returncode, stderr=done.stderr[-2000:])
        for line in done.stdout.splitlines():
            if line.startswith("{"):
                heard.read(json.loads(line))
        self.thread = self.thread or heard.thread
        return heard

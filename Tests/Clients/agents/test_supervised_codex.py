"""Codex over a supervised route, as Claude Code is (test_supervised.py): over its own API and over another one."""

import json

import pytest
from codex import Codex
from supervised import ATTACKS, COMMANDS, FORBIDDEN, OTHERS, SupervisedRoute, clause_of, copied, shape, worked

#: A name that Codex knows.
KNOWN = "gpt-5.5"
#: Codex asks for the whole again, up to five times, where a stream doesn't end as it should.
kinds = pytest.mark.parametrize("kind", ["rs", "an"])


class Supervised(SupervisedRoute):
    """A supervised route with Codex in front."""

    def __init__(self, upstream, *, kind="rs", steps=None, **options):
        self.codex = Codex("", "", KNOWN)
        super().__init__(upstream, KNOWN, kind, steps=steps(self.codex, kind) if steps else (), **options)

    def __enter__(self):
        self.holdfast.__enter__()
        self.codex.url, self.codex.key = self.holdfast.url, self.holdfast.key
        return self

    def __exit__(self, *problem):
        self.codex.__exit__(*problem)
        self.holdfast.__exit__(*problem)

    def passes(self, words="Please go ahead."):
        heard = self.codex.ask(words)
        assert heard.errors == [] and heard.repeats == [] and heard.code == 0, heard
        return heard


def shell(command):
    return [("exec_command", {"cmd": command})]


def patch(kind, text):
    """A patch is a tool of Codex' own, with a text; towards another API it is a function."""
    return [("apply_patch", text if kind == "rs" else {"input": text})]


def a_day_of_work(codex, kind):
    for path in [*OTHERS, *ATTACKS]:
        copied(codex.directory, path)
    reads = [shell(f"sed -n 1,300p '{path}' | cut -c -4000") for path in [*OTHERS, *ATTACKS]]
    runs = [shell(command) for command in COMMANDS]
    added = "*** Begin Patch\n*** Add File: sums.py\n+def add(a, b):\n+    return a + b\n*** End Patch\n"
    changed = "*** Begin Patch\n*** Update File: sums.py\n@@\n-    return a + b\n+    return b + a\n*** End Patch\n"
    return [*runs[:1], *reads, *runs[1:], patch(kind, added), patch(kind, changed)]


@kinds
def test_an_agent_works_under_the_constitution_that_ships(upstream, kind, measured):
    """Reads of this repository's own attacks, git, npm and pytest, and patches: no request is refused."""
    with Supervised(upstream, kind=kind, steps=a_day_of_work) as scene:
        for turn in ("Look at this repository and add a module for sums.", "And once more, to be sure."):
            scene.codex.directory.joinpath("sums.py").unlink(missing_ok=True)
            assert scene.passes(turn).changes == ["sums.py", "sums.py"]
        worked(scene, f"Codex, {kind}", measured)


def test_the_provider_gets_the_same_bytes_from_an_agent_as_without_a_supervisor(upstream):
    """But for what is new in each session."""
    kept = []
    for level in ("required", "off"):
        steps = lambda codex, kind: [shell("cat alpha.txt"), shell("cat beta.txt")]  # noqa: E731
        with Supervised(upstream, steps=steps, level=level) as scene:
            scene.passes()
            kept.append([shape(request) for request in scene.upstream.calls(scene.model.name)])
    assert len(kept[0]) == 3 and kept[0] == kept[1]


# Refusals


@kinds
def test_a_session_goes_on_after_a_message_that_was_blocked(upstream, kind):
    with Supervised(upstream, kind=kind, constitution=clause_of()) as scene:
        heard = scene.codex.ask(f"Tell me of {FORBIDDEN}.")
        assert heard.errors and "no-lamp" in json.dumps(heard.errors), heard
        assert len(scene.blocked()) == len(scene.lines()) == 1 and scene.bodies() == []
        for _ in range(2):
            scene.passes("Never mind. Good day.")
        assert len(scene.bodies()) == 2 and not any(FORBIDDEN in body for body in scene.bodies())
        assert all(body.count("[Withheld by policy no-lamp") == 1 for body in scene.bodies())


@kinds
def test_a_session_goes_on_after_an_answer_that_was_blocked(upstream, kind):
    innocent = "The keeper writes a diary of wind and weather, day after day, and nobody reads it. " * 6
    answers = [f"{innocent}Now see {FORBIDDEN}.", "Fine weather."]
    with Supervised(upstream, kind=kind, constitution=clause_of(), answers=answers) as scene:
        heard = scene.codex.ask("How is the weather?")
        assert FORBIDDEN not in json.dumps([heard.texts, heard.errors])
        assert 1 <= len(scene.blocked()) <= 6, [line["outcome"] for line in scene.lines()]
        scene.model.answers = ("Fine weather.",)
        for _ in range(2):
            assert scene.passes("And tomorrow?").text == "Fine weather."


@kinds
def test_a_session_goes_on_after_a_call_that_was_blocked(upstream, kind):
    steps = lambda codex, kind: [shell(f"touch here; echo {FORBIDDEN}")]  # noqa: E731
    with Supervised(upstream, kind=kind, constitution=clause_of(), steps=steps) as scene:
        heard = scene.codex.ask("How is the weather?")
        assert heard.commands == [] and not scene.codex.directory.joinpath("here").exists(), heard
        assert 1 <= len(scene.blocked()) <= 6, heard
        scene.model.steps = ()
        scene.passes("And tomorrow?")


def test_no_storm_and_no_lost_session_where_no_verdict_comes(upstream):
    with Supervised(upstream, deadline="3s") as scene:
        scene.passes("Good day.")
        before = len(scene.lines())
        with scene.without_verdicts():
            large = scene.codex.directory / "large.md"
            large.write_text("wind and weather, " * 150_000)
            # A session keeps the instructions that it began with.
            scene.codex.thread = None
            scene.codex.ask("How is it?", "-c", f"model_instructions_file={json.dumps(str(large))}")
            # It asks again by itself, and finds that the judgement goes on where it stood, or gives up: five times a
            # request, with six requests a turn, as it comes.
            failed = [line for line in scene.lines()[before:] if line["status"] == 503]
            assert 1 <= len(failed) <= 30, len(failed)
        scene.passes("And now?")

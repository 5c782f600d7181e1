"""Codex over a pulled model: its shell and its patches, with the model pulled before a session, in the middle of one,
in the middle of an answer, and after a turn; and with the first model back, which then finds the stand-in's turns in
its history.

Codex asks for the whole again, up to five times, where a stream does not end as it should: none of that may happen."""

import base64
import json
import os
from dataclasses import dataclass
from typing import Callable

import pytest
from codex import Codex
from model import text_of

#: A name that Codex knows: it sends its patches as a tool of its own to those.
KNOWN = "gpt-5.5"


def own(kind, name, given):
    """A call of a custom tool, as a model of that kind makes it: another dialect has functions only."""
    return (name, given) if kind == "rs" else (name, {"input": given})


@dataclass(frozen=True)
class Feature:
    """`steps` are a model's rounds of calls in a turn, by its kind; `commands` and `changes` what a turn then does."""

    steps: Callable
    commands: tuple = ()
    changes: tuple = ()
    shows: tuple = ()

    def check(self, heard, turn):
        assert heard.errors == [] and heard.code == 0, heard
        assert heard.repeats == [], heard
        assert heard.text == text_of(turn), heard
        assert [output for _, output in heard.commands] == list(self.commands), heard
        assert heard.changes == list(self.changes), heard


def shell(*names):
    return [("exec_command", {"cmd": f"cat {name}.txt"}) for name in names]


FEATURES = {
    "plain": Feature(lambda kind: []),
    "shell": Feature(lambda kind: [shell("alpha")], ("CONTENT-OF-alpha\n",), (), ("CONTENT-OF-alpha",)),
    "two in a row": Feature(
        lambda kind: [shell("alpha"), shell("beta")], ("CONTENT-OF-alpha\n", "CONTENT-OF-beta\n"), (), ("CONTENT-OF-beta",)
    ),
    "a patch": Feature(
        lambda kind: [[own(kind, "apply_patch", "*** Begin Patch\n*** Add File: new.txt\n+a \"line\"\\\n*** End Patch\n")]],
        (), ("new.txt",), ("Success. Updated the following files",),
    ),
    "shell, then a patch": Feature(
        lambda kind: [
            shell("beta"),
            [own(kind, "apply_patch", "*** Begin Patch\n*** Add File: née.txt\n+世界\n*** End Patch\n")],
        ],
        ("CONTENT-OF-beta\n",), ("née.txt",), ("CONTENT-OF-beta", "Success. Updated the following files"),
    ),
}  # fmt: skip
PIXEL_TEXT = b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PIXEL = base64.b64decode(PIXEL_TEXT)
features = pytest.mark.parametrize("feature", FEATURES.values(), ids=FEATURES)
tools = pytest.mark.parametrize(
    "feature", [feature for name, feature in FEATURES.items() if name != "plain"],
    ids=[name for name in FEATURES if name != "plain"],
)  # fmt: skip
#: Who leads, and who stands in: OpenAI's Responses, Anthropic's messages, Chat Completions.
WAYS = [("rs", "an"), ("an", "rs"), ("rs", "oa"), ("oa", "an")]
#: All of them, and all rows, with HOLDFAST_LONG=1.
is_long = "HOLDFAST_LONG" in os.environ
WAYS = WAYS if is_long else WAYS[:2]
ways = pytest.mark.parametrize("way", WAYS, ids=["-".join(way) for way in WAYS])


class Session:
    """A scene, and Codex talking to it."""

    def __init__(self, scene, feature, way=("rs", "an"), model=KNOWN, **options):
        lead, standby = way
        self.codex = Codex("", "", model)
        self.feature = feature
        more = {"lead_options": {"steps": feature.steps(lead)}, "thinks": True}
        if standby != "engine":
            more["standby_options"] = {"steps": feature.steps(standby)}
        self.scene = scene(lead, standby, route=model, **more, **options)
        self.codex.url, self.codex.key = self.scene.holdfast.url, self.scene.key
        self.lead, self.standby = self.scene.lead, self.scene.standby
        self.turns = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        self.codex.__exit__(kind, *rest)
        if kind is None and self.standby is not None:
            for words in self.feature.shows:
                results = self.lead.results + self.standby.results
                assert any(words in result for result in results), f"no model has seen {words!r}: {results}"

    def turn(self, served):
        """A turn that passes, and who has to serve it."""
        self.turns += 1
        for left in [*self.codex.directory.glob("n*.txt")]:
            left.unlink()
        heard = self.codex.ask()
        problems = [*self.lead.refused, *self.standby.refused]
        assert problems == [], heard
        self.feature.check(heard, self.turns)
        self.scene.was_served(self.turns, served)
        return heard


@pytest.mark.skipif(not is_long, reason="takes minutes: HOLDFAST_LONG=1")
@ways
@features
def test_a_session_without_a_pull(scene, feature, way):
    with Session(scene, feature, way) as session:
        assert session.turn("l").reroutes == []
        assert session.turn("l").reroutes == []


@ways
@features
def test_pulled_before_the_session_and_back(scene, feature, way):
    with Session(scene, feature, way) as session:
        session.scene.pull()
        heard = session.turn("s")
        # Who answered is said, in the way that Codex shows.
        assert set(heard.reroutes) == {f"second/{session.standby.name}"}
        session.turn("s")
        session.scene.back()
        assert session.turn("l").reroutes == []


@ways
@tools
def test_pulled_between_a_call_and_its_result(scene, feature, way):
    with Session(scene, feature, way) as session:
        session.lead.pull_after(1)
        session.turn("ls")
        session.scene.back()
        session.turn("l")


#: In the thought, in the text before a call or the whole answer, in a call.
PARTS = {"early": 0.2, "half way": 0.5, "late": 0.85}


@pytest.mark.parametrize("part", list(PARTS.values()), ids=PARTS)
@pytest.mark.parametrize("feature", [FEATURES["plain"], FEATURES["shell, then a patch"]], ids=["plain", "tools"])
@pytest.mark.parametrize("with_error", [False, True], ids=["cut", "with an error"])
def test_pulled_in_the_middle_of_a_stream(scene, feature, part, with_error):
    """The stream that the stand-in goes on with ends as one that was never cut: it is asked for once."""
    with Session(scene, feature) as session:
        session.lead.pull_in_stream(part, with_error=with_error)
        session.turns += 1
        heard = session.codex.ask()
        assert [*session.lead.refused, *session.standby.refused] == [], heard
        assert heard.errors == [] and heard.repeats == [] and heard.code == 0, heard
        assert "".join(heard.texts).endswith(text_of(1)), heard
        for left in session.codex.directory.glob("n*.txt"):
            left.unlink()
        session.turn("s")
        session.scene.back()
        session.turn("l")


@features
def test_pulled_after_a_turn_and_back_again(scene, feature):
    with Session(scene, feature) as session:
        session.turn("l")
        session.scene.pull()
        session.turn("s")
        session.scene.back()
        session.turn("l")
        session.scene.pull()
        session.turn("s")


@pytest.mark.parametrize("way", [("rs", "an"), ("an", "rs")], ids=["rs-an", "an-rs"])
def test_another_name_of_a_model_has_other_tools(scene, way):
    """For names that it doesn't know, Codex offers a namespace, and no tool for patches."""
    with Session(scene, FEATURES["shell"], way, model="coder") as session:
        session.turn("l")
        session.lead.pull_after(1)
        session.turn("ls")
        session.scene.back()
        session.turn("l")


def test_an_answer_in_a_shape(scene):
    shape = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"], "additionalProperties": False}
    with Session(scene, FEATURES["plain"]) as session:
        file = session.codex.directory / "shape.json"
        file.write_text(json.dumps(shape))
        for pulled in (False, True):
            if pulled:
                session.scene.pull()
            heard = session.codex.ask("Please go ahead.", "--output-schema", str(file))
            assert heard.errors == [] and json.loads(heard.text) == {"word": "seven"}, heard
            session.codex.thread = None


def test_an_image_is_seen_by_both(scene):
    """A tool's result that is an image goes to either model."""
    with Session(scene, Feature(lambda kind: [[("view_image", {"path": "p.png"})]])) as session:
        session.codex.directory.joinpath("p.png").write_bytes(PIXEL)
        session.turn("l")
        session.scene.pull()
        session.turn("s")
        bodies = [request.body for model in (session.lead, session.standby) for request in model.upstream.calls(model.name)]
        assert sum(PIXEL_TEXT in body for body in bodies) >= 2


def test_a_sessions_requests_are_known_by_it(scene):
    with Session(scene, FEATURES["shell"]) as session:
        session.turn("l")
        asked = session.scene.requests(operation="chat")
        assert {line["session"] for line in asked} == {session.codex.thread}
        assert {line["agent"] for line in asked} == {session.codex.thread}


def test_with_a_credential_of_its_own(scene):
    """As docs/agents.md has it: the Holdfast key in a field of its own."""
    with Session(scene, FEATURES["shell"]) as session:
        house = session.scene.holdfast
        own = house.settings["providers"]["first"]
        del own["api_key"]
        house.write_config(providers={**house.settings["providers"], "first": {**own, "credential": "caller"}})
        house.restart()
        session.codex.config = 'env_http_headers = { "x-holdfast-key" = "HOLDFAST_KEY_FIELD" }\n'
        session.codex.world = {"HOLDFAST_KEY_FIELD": house.key}
        session.codex.key = "sk-of-the-caller-0123456789"
        house.secrets.append(session.codex.key)
        session.turn("l")
        sent = session.lead.upstream.calls(session.lead.name)
        assert {request.headers["authorization"] for request in sent} == {f"Bearer {session.codex.key}"}
        assert not any(house.key in value for request in sent for _, value in request.header_list)
        session.scene.pull()
        session.turn("s")
        for request in session.standby.upstream.calls(session.standby.name):
            assert not any(session.codex.key in value for _, value in request.header_list)


@pytest.mark.parametrize("feature", [
    pytest.param(FEATURES["plain"], id="before"),
    pytest.param(
        FEATURES["shell"], id="in the middle", marks=pytest.mark.skipif(not is_long, reason="takes minutes: HOLDFAST_LONG=1")
    ),
])  # fmt: skip
def test_the_hosted_engine_stands_in(scene, feature):
    """A model that is too small for this, with short instructions and few tools for its context: that it is asked, and
    answers, is all."""
    with Session(scene, feature, ("rs", "engine"), context=4096) as session:
        short = session.codex.directory / "short.md"
        short.write_text("You are a coding agent.\n")
        session.codex.arguments += ["-c", f"model_instructions_file={json.dumps(str(short))}", "-c", 'web_search="disabled"']
        session.codex.arguments += ["--disable", "multi_agent", "--disable", "goals"]
        if feature.commands:
            session.lead.pull_after(1)
        else:
            session.scene.pull()
        heard = session.codex.ask()
        served = session.scene.requests(served_by="second/smollm2-135m")
        asked = session.scene.requests()
        assert {line["status"] for line in served} == {200}, (heard, asked)
        assert 400 not in [line["status"] for line in asked], (heard, asked)
        assert heard.repeats == [], heard

"""Claude Code over a pulled model: its features, with the model pulled before
a session, in the middle of one, in the middle of an answer, and after a turn;
and with the first model back, which then finds the stand-in's turns in its
history."""

import pytest
from claude_code import Claude
from features import FEATURES

#: A name that Claude Code knows: it sends all that is new to those.
KNOWN = "claude-opus-5-5"

features = pytest.mark.parametrize("feature", FEATURES.values(), ids=FEATURES)
tools = pytest.mark.parametrize("feature", [FEATURES[name] for name in FEATURES if name != "plain"],
                                ids=[name for name in FEATURES if name != "plain"])  # fmt: skip


class Session:
    """A scene, and Claude Code talking to it."""

    def __init__(self, scene, feature, model=KNOWN, standby="oa", **options):
        self.claude = Claude("", "", model, **feature.options())
        self.feature = feature
        self.scene = scene("an", standby, route=model, steps=feature.steps(self.claude), **options)
        self.claude.world |= {"ANTHROPIC_BASE_URL": self.scene.holdfast.url, "ANTHROPIC_AUTH_TOKEN": self.scene.key}
        self.lead, self.standby = self.scene.lead, self.scene.standby
        self.turns = 0

    def __enter__(self):
        self.claude.__enter__()
        return self

    def __exit__(self, kind, *rest):
        self.claude.__exit__(kind, *rest)
        if kind is None and self.standby is not None:
            self.feature.check_results(self.lead.results + self.standby.results)

    def turn(self, served, **how):
        """A turn that passes, and who has to serve it."""
        self.turns += 1
        heard = self.claude.ask()
        problems = [*self.lead.refused, *self.standby.refused]
        assert problems == [], heard
        self.feature.check(heard, self.turns, **how)
        self.scene.was_served(self.turns, served)


@features
def test_pulled_before_the_session(scene, feature):
    with Session(scene, feature) as session:
        session.scene.pull()
        session.turn("s")
        session.turn("s")
        session.scene.back()
        session.turn("l")


@tools
def test_pulled_between_a_call_and_its_result(scene, feature):
    if feature.structured:
        pytest.skip("the result of a structured answer is not sent to the model")
    with Session(scene, feature) as session:
        session.lead.pull_after(1)
        session.turn("ls")
        session.scene.back()
        session.turn("l")


#: In the thought, in the text before a call or the whole answer, in a call.
PARTS = {"early": 0.2, "half way": 0.5, "late": 0.85}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
@features
def test_pulled_in_the_middle_of_a_stream(scene, feature, part):
    with Session(scene, feature) as session:
        session.lead.pull_in_stream(part)
        session.turn("ls", is_cut=True)
        session.turn("s")
        session.scene.back()
        session.turn("l")


def test_pulled_in_the_middle_of_a_stream_with_an_error(scene):
    with Session(scene, FEATURES["two at once"]) as session:
        session.lead.pull_in_stream(0.5, with_error=True)
        session.turn("ls")
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


@pytest.mark.parametrize("when", ["before", "after", "back"])
def test_a_session_is_resumed(scene, when):
    """In a process of its own, which has nothing but the history."""
    feature = FEATURES["two at once"]
    with Session(scene, feature) as session:
        if when == "back":
            session.scene.pull()
        session.turn("s" if when == "back" else "l")
        session.claude.end()
        session.scene.back() if when == "back" else session.scene.pull()
        [known] = (session.claude.directory.parent / "home/.claude/projects").rglob("*.jsonl")
        session.claude.options |= {"resume": known.stem}
        session.turn("l" if when == "back" else "s")
        if when == "after":
            session.scene.back()
            session.turn("l")


@pytest.mark.parametrize(
    "model", ["assistant", "claude-sonnet-5", "claude-haiku-4-5"], ids=["a name of one's own", "adaptive", "with a budget"]
)
def test_other_models_names(scene, model):
    """Claude Code sends other members for each: system messages in place or
    not, thinking with a budget, other betas."""
    with Session(scene, FEATURES["one tool"], model) as session:
        session.turn("l")
        session.lead.pull_after(1)
        session.turn("ls")
        session.scene.back()
        session.turn("l")


#: Ways in which servers of OpenAI's dialect differ.
ODD = {
    "counts its calls": {"ids": "counted"},
    "thinks aloud": {"thinks": True},
    "takes texts only": {"flat": True},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_stand_ins_with_ways_of_their_own(scene, odd):
    with Session(scene, FEATURES["two at once"], standby_options=odd) as session:
        session.turn("l")
        session.scene.pull()
        session.turn("s")
        session.turn("s")
        session.scene.back()
        session.turn("l")


def test_a_stand_in_of_the_same_dialect(scene):
    """Another host's model: it has not signed the first one's thoughts."""
    with Session(scene, FEATURES["two at once"], standby="an") as session:
        session.turn("l")
        session.lead.pull_after(1)
        session.turn("ls")
        session.turn("s")
        session.scene.back()
        session.turn("l")


@pytest.mark.parametrize("feature", [FEATURES["plain"], FEATURES["two at once"]], ids=["before", "in the middle"])
def test_the_hosted_engine_stands_in(scene, feature):
    """A model that is too small for this, with few tools for its context:
    that it is asked, and answers, is all."""
    with Session(scene, feature, standby="engine") as session:
        session.claude.options["tools"] = ["Read"]
        session.claude.world["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] = "16"
        if feature.calls:
            session.lead.pull_after(1)
        else:
            session.scene.pull()
        heard = session.claude.ask()
        served = session.scene.requests(served_by="second/smollm2-135m")
        asked = session.scene.requests()
        assert {line["status"] for line in served} == {200}, (heard, asked)
        assert 400 not in [line["status"] for line in asked], (heard, asked)

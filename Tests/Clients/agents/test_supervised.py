"""Claude Code over a supervised route: with the constitution that ships it works as it does without, reads attacks as
files, and goes on after each kind of refusal."""

import json

import pytest
from claude_code import Claude, library
from supervised import ATTACKS, COMMANDS, FORBIDDEN, OTHERS, SupervisedRoute, clause_of, copied, shape, worked

KNOWN = "claude-opus-5-5"


class Supervised(SupervisedRoute):
    """A supervised route with Claude Code in front."""

    def __init__(self, upstream, *, kind="an", constitution=None, deadline="20s", steps=None, answers=(), tries="0",
                 level="required", **options):  # fmt: skip
        self.claude = Claude("", "", KNOWN, **options)
        self.claude.world["CLAUDE_CODE_MAX_RETRIES"] = tries
        steps = steps(self.claude) if steps else ()
        super().__init__(
            upstream, KNOWN, kind, constitution=constitution, deadline=deadline, steps=steps, answers=answers, level=level)

    def __enter__(self):
        self.holdfast.__enter__()
        self.claude.world |= {"ANTHROPIC_BASE_URL": self.holdfast.url, "ANTHROPIC_AUTH_TOKEN": self.holdfast.key}
        self.claude.__enter__()
        return self

    def __exit__(self, *problem):
        self.claude.__exit__(*problem)
        self.holdfast.__exit__(*problem)


# With the constitution that ships


def a_day_of_work(claude):
    reads = [[("Read", {"file_path": copied(claude.directory, path), "limit": 300})] for path in [*OTHERS, *ATTACKS]]
    runs = [[("Bash", {"command": command, "description": "Look around"})] for command in COMMANDS]
    program = "def add(a, b):\n    return a + b\n"
    writes = [
        [("Write", {"file_path": str(claude.directory / "sums.py"), "content": program})],
        [("Edit", {"file_path": str(claude.directory / "sums.py"), "old_string": "a + b", "new_string": "b + a"})],
    ]
    finds = [[("mcp__words__lookup", {"word": "sums"})]]
    held_back = [[("ToolSearch", {"query": "select:mcp__words__lookup", "max_results": 3})]]
    return [*runs[:1], *reads, *runs[1:], *writes, *held_back, *finds]


@pytest.mark.parametrize("kind", ["an", "oa"])
def test_an_agent_works_under_the_constitution_that_ships(upstream, kind, measured):
    """Reads of this repository's own attacks, git, npm and pytest: no request is refused, and no turn is lost."""
    allowed = ["Bash", "Read", "Write", "Edit", "mcp__words__lookup"]
    options = {"allowed_tools": allowed, "mcp_servers": library(), "max_turns": 60}
    with Supervised(upstream, kind=kind, steps=a_day_of_work, **options) as scene:
        for turn in ("Look at this repository and add a module for sums.", "And once more, to be sure."):
            heard = scene.claude.ask(turn)
            assert heard.errors == [], heard
        worked(scene, f"Claude Code, {kind}", measured)
        assert "MEANING-OF-sums" in "\n".join(scene.model.results)


def test_the_provider_gets_the_same_bytes_from_an_agent_as_without_a_supervisor(upstream):
    """But for what is new in each session; `cache_control` and `system` included."""
    kept = []
    for level in ("required", "off"):
        steps = lambda claude: [[("Read", {"file_path": str(claude.file("alpha"))})]]  # noqa: E731
        with Supervised(upstream, steps=steps, allowed_tools=["Read"], level=level) as scene:
            assert scene.claude.ask().errors == []
            kept.append([shape(request) for request in scene.upstream.calls(scene.model.name)])
    assert kept[0] == kept[1]


# Refusals


def test_a_session_goes_on_after_a_message_that_was_blocked(upstream):
    with Supervised(upstream, constitution=clause_of(), tries="3") as scene:
        heard = scene.claude.ask(f"Tell me of {FORBIDDEN}.")
        assert heard.errors and "no-lamp" in json.dumps([heard.errors, heard.texts])
        blocked = scene.blocked()
        # One for a title of the same words, and four for the turn: after a 400 Claude Code leaves out its newest members,
        # and then names all tools at once, however many tries it is told to make.
        assert 1 <= len(blocked) <= 5 and len(blocked) == len(scene.lines())
        assert scene.bodies() == []
        for _ in range(2):
            heard = scene.claude.ask("Never mind. Good day.")
            assert heard.errors == [], heard
        # Titles are of the newest words, and have no tools.
        turns = [body for body in scene.bodies() if json.loads(body)["tools"]]
        assert len(turns) == 2 and not any(FORBIDDEN in body for body in scene.bodies())
        assert all(body.count("[Withheld by policy no-lamp") == 1 for body in turns)


@pytest.mark.parametrize("kind", ["an", "oa"])
def test_a_session_goes_on_after_an_answer_that_was_blocked(upstream, kind):
    innocent = "The keeper writes a diary of wind and weather, day after day, and nobody reads it. " * 6
    with Supervised(upstream, kind=kind, constitution=clause_of(), answers=[f"{innocent}Now see {FORBIDDEN}.", "Fine weather."],
                    tries="3") as scene:  # fmt: skip
        heard = scene.claude.ask("How is the weather?")
        assert FORBIDDEN not in json.dumps([heard.texts, heard.errors])
        assert 1 <= len(scene.blocked()) <= 4, [line["outcome"] for line in scene.lines()]
        scene.model.answers = ("Fine weather.",)
        for _ in range(2):
            heard = scene.claude.ask("And tomorrow?")
            assert heard.errors == [] and heard.text == "Fine weather.", heard


def test_a_session_goes_on_after_a_call_that_was_blocked(upstream):
    steps = lambda claude: [[("Bash", {"command": f"echo {FORBIDDEN}", "description": "Say it"})]]  # noqa: E731
    with Supervised(upstream, constitution=clause_of(), steps=steps, allowed_tools=["Bash"], tries="3") as scene:
        heard = scene.claude.ask("How is the weather?")
        assert heard.calls == [] and FORBIDDEN not in json.dumps(heard.texts)
        assert len(scene.blocked()) <= 4
        scene.model.steps = ()
        heard = scene.claude.ask("And tomorrow?")
        assert heard.errors == [], heard


def test_no_storm_and_no_lost_session_where_no_verdict_comes(upstream):
    with Supervised(upstream, deadline="3s", tries="2") as scene:
        assert scene.claude.ask("Good day.").errors == []
        before = len(scene.lines())
        with scene.without_verdicts():
            heard = scene.claude.ask("wind and weather, " * 150_000)
            assert heard.errors, heard
            failed = [line for line in scene.lines()[before:] if line["status"] == 503]
            assert 1 <= len(failed) <= 9, len(failed)
        scene.claude.end()
        assert scene.claude.ask("And now?").errors == []

"""Claude Code over a supervised route: with the constitution that ships it works as it does without, reads attacks as
files, and goes on after each kind of refusal."""

import json
import shutil

import pytest
from claude_code import Claude, library
from holdfast import REPO, Holdfast
from model import Model
from patience import settled
from standin import provider_at

KNOWN = "claude-opus-5-5"
FORBIDDEN = "the forbidden lamp"
CLAUSE = {
    "id": "no-lamp", "text": "Nobody speaks of the lamp.", "literals": [FORBIDDEN],
    "scope": {"user": "block", "answer": "block", "tool call": "block"},
}  # fmt: skip


class Supervised:
    """A supervised route with a model behind it, and Claude Code in front."""

    def __init__(self, upstream, *, kind="an", constitution=None, deadline="20s", steps=None, answers=(), tries="0", **options):
        self.upstream = upstream
        self.claude = Claude("", "", KNOWN, **options)
        self.claude.world["CLAUDE_CODE_MAX_RETRIES"] = tries
        self.model = Model(upstream, kind, steps=steps(self.claude) if steps else (), answers=answers)
        supervision = {"deadline": deadline, **({"constitution": "constitution.yaml"} if constitution else {})}
        route = {"candidates": [{"provider": "first", "model": self.model.name}], "supervision": "required"}
        providers = {"first": provider_at(upstream, kind, "first-host", lab="somebody")}
        self.holdfast = Holdfast(providers, {KNOWN: route}, supervision=supervision, log={"format": "json"})
        if constitution:
            (self.holdfast.directory / "constitution.yaml").write_text(json.dumps(constitution))

    def __enter__(self):
        self.holdfast.__enter__()
        self.claude.world |= {"ANTHROPIC_BASE_URL": self.holdfast.url, "ANTHROPIC_AUTH_TOKEN": self.holdfast.key}
        self.claude.__enter__()
        return self

    def __exit__(self, *problem):
        self.claude.__exit__(*problem)
        self.holdfast.__exit__(*problem)

    def lines(self):
        """The request log's lines of chats, once no more come."""
        settled(lambda: len(self.holdfast.requests_logged()))
        return [line for line in self.holdfast.requests_logged() if line["operation"] == "chat"]

    def bodies(self):
        return [request.body.decode() for request in self.upstream.calls(self.model.name)]


def clause_of(*more, **scope):
    return {"name": "agents", "clauses": [{**CLAUSE, "scope": {**CLAUSE["scope"], **scope}}, *more]}


# With the constitution that ships

#: Files of this repository that quote attacks, and that an agent which works on it reads.
ATTACKS = [
    "Tests/Clients/evil.py", "Tests/SupervisionTests/Constitution/LiteralTests.swift", "Sources/Settings/Supervision/constitution.yaml",
    "Sources/SupervisionTraining/Grammar/Attacks.swift", "docs/supervision.md", "docs/threat-model.md",
]  # fmt: skip
OTHERS = ["README.md", "Package.swift", "Sources/Gateway/Pipeline.swift", "Tests/Clients/holdfast.py", "CHANGELOG.md"]
COMMANDS = [
    "git init -q . && git add -A && git -c user.name=a -c user.email=a@b.example commit -qm First && git log --stat | head -60",
    "git status --short | head; git diff --stat; ls -la | head -40",
    "python3 -m pytest --version; printf '%s\\n' 'FAILED tests/test_a.py::test_sum - assert 1 == 2' '1 failed, 3 passed in 0.12s'",
    "printf '%s\\n' 'npm warn deprecated inflight@1.0.6: This module is not supported' 'added 212 packages, and audited 213 packages in 3s'"
    " '3 vulnerabilities (1 moderate, 2 high)' 'To address all issues, run:' '  npm audit fix --force'",
    "head -c 3000 README.md; grep -rn 'ignore' *.md | head -20",
]


def copied(claude, path):
    target = claude.directory / path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(REPO / path, target)
    return str(target)


def a_day_of_work(claude):
    reads = [[("Read", {"file_path": copied(claude, path), "limit": 300})] for path in [*OTHERS, *ATTACKS]]
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
def test_an_agent_works_under_the_constitution_that_ships(upstream, kind, capsys):
    """Reads of this repository's own attacks, git, npm and pytest: no request is refused, and no turn is lost."""
    allowed = ["Bash", "Read", "Write", "Edit", "mcp__words__lookup"]
    options = {"allowed_tools": allowed, "mcp_servers": library(), "max_turns": 60}
    with Supervised(upstream, kind=kind, steps=a_day_of_work, **options) as scene:
        for turn in ("Look at this repository and add a module for sums.", "And once more, to be sure."):
            heard = scene.claude.ask(turn)
            assert heard.errors == [], heard
        assert scene.model.refused == []
        lines = scene.lines()
        assert {line["status"] for line in lines} == {200} and {line["outcome"] for line in lines} == {"served"}
        rulings, clauses, withheld = {}, {}, 0
        for line in lines:
            for side in ("request", "answer"):
                judged = line["supervision"].get(side, {"ruling": "none"})
                rulings[f"{side}: {judged['ruling']}"] = rulings.get(f"{side}: {judged['ruling']}", 0) + 1
                for finding in judged.get("findings", []):
                    name = f"{finding['clause']} ({finding['action']}, {finding['scope']}, {finding['by']})"
                    clauses[name] = clauses.get(name, 0) + 1
        withheld = scene.bodies()[-1].count("[Withheld by policy")
        assert rulings.get("request: block", 0) == rulings.get("answer: block", 0) == 0
        # What quotes no attack is read.
        shown = "\n".join(scene.model.results)
        for words in ["# Holdfast", "let package = Package(", "1 failed, 3 passed", "npm audit fix", "MEANING-OF-sums"]:
            assert words in shown, words
    with capsys.disabled():
        print(f"\nClaude Code, {kind}: {len(lines)} requests, {json.dumps(rulings)}, {withheld} results withheld at the end, "
              f"findings {json.dumps(clauses)}")  # fmt: skip


def test_the_provider_gets_the_same_bytes_from_an_agent_as_without_a_supervisor(upstream):
    """But for what is new in each session; `cache_control` and `system` included."""
    kept = []
    for level in ("required", "off"):
        steps = lambda claude: [[("Read", {"file_path": str(claude.file("alpha"))})]]  # noqa: E731
        scene = Supervised(upstream, steps=steps, allowed_tools=["Read"])
        scene.holdfast.settings["routes"][KNOWN]["supervision"] = level
        with scene:
            assert scene.claude.ask().errors == []
            kept.append([shape(request) for request in scene.upstream.calls(scene.model.name)])
    assert kept[0] == kept[1]


def shape(request):
    """The structure of a body, in its order; of texts the length, since paths and ids are of one session."""

    def of(value):
        if isinstance(value, dict):
            return [(name, of(each)) for name, each in value.items()]
        if isinstance(value, list):
            return [of(each) for each in value]
        return len(value) > 0 if isinstance(value, str) and len(value) > 12 else value

    return of({**json.loads(request.body), "model": "any"})


# Refusals


def test_a_session_goes_on_after_a_message_that_was_blocked(upstream):
    with Supervised(upstream, constitution=clause_of(), tries="3") as scene:
        heard = scene.claude.ask(f"Tell me of {FORBIDDEN}.")
        assert heard.errors and "no-lamp" in json.dumps([heard.errors, heard.texts])
        blocked = [line for line in scene.lines() if line["outcome"] == "blocked"]
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
        lines = scene.lines()
        blocked = [line for line in lines if line["outcome"] == "blocked"]
        assert 1 <= len(blocked) <= 4, [line["outcome"] for line in lines]
        scene.model.answers = ("Fine weather.",)
        for _ in range(2):
            heard = scene.claude.ask("And tomorrow?")
            assert heard.errors == [] and heard.text == "Fine weather.", heard


def test_a_session_goes_on_after_a_call_that_was_blocked(upstream):
    steps = lambda claude: [[("Bash", {"command": f"echo {FORBIDDEN}", "description": "Say it"})]]  # noqa: E731
    with Supervised(upstream, constitution=clause_of(), steps=steps, allowed_tools=["Bash"], tries="3") as scene:
        heard = scene.claude.ask("How is the weather?")
        assert heard.calls == [] and FORBIDDEN not in json.dumps(heard.texts)
        assert len([line for line in scene.lines() if line["outcome"] == "blocked"]) <= 4
        scene.model.steps = ()
        heard = scene.claude.ask("And tomorrow?")
        assert heard.errors == [], heard


def test_no_storm_and_no_lost_session_where_no_verdict_comes(upstream):
    """The supervisor has too little time for a file that was pasted, and enough for all else."""
    with Supervised(upstream, deadline="3s", tries="2") as scene:
        assert scene.claude.ask("Good day.").errors == []
        before = len(scene.lines())
        scene.holdfast.write_config(supervision={"deadline": "10ms"})
        assert scene.holdfast.log_has("configuration reloaded")
        heard = scene.claude.ask("wind and weather, " * 150_000)
        assert heard.errors, heard
        failed = [line for line in scene.lines()[before:] if line["status"] == 503]
        assert 1 <= len(failed) <= 9, len(failed)
        scene.holdfast.write_config(supervision={"deadline": "20s"})
        assert scene.holdfast.log.count("configuration reloaded") >= 1
        scene.claude.end()
        assert scene.claude.ask("And now?").errors == []

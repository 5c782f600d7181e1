"""Records what an agent's binary sends in a session, as Tests/Fixtures/sessions/claude-code.jsonl and codex.jsonl, for
tests that read it: `python record_session.py claude-code|codex FILE`, in the environment that run.sh makes for the agents.

Each line is one request: `same` and `tail` are the numbers of bytes that it shares with the one before at its beginning
and at its end, and `rest` is what stands between. Whatever tells of this machine is replaced first, and so is whatever
the agent's makers have written: prompts, reminders, descriptions of tools (`neutral`)."""

import hashlib
import json
import os
import re
import sys
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CLIENTS))

from claude_code import Claude, library  # noqa: E402
from codex import Codex  # noqa: E402
from fixtures import pytest_configure  # noqa: E402
from holdfast import PROMPT  # noqa: E402
from model import Model  # noqa: E402
from neutral import ItemScrub, Scrub  # noqa: E402
from responses_model import ResponsesModel  # noqa: E402
from upstream import Upstream  # noqa: E402

NAME = "claude-opus-5-5"
CODEX_NAME = "gpt-5.5"
ASKED = ("Add a module for sums, please, and test it.", "And once more, to be sure.")
ATTACK = 'test: a page that says "ignore all previous instructions" must be withheld'
#: The words of the session that are our own, or say nothing.
KEPT = [
    *(f"{PROMPT} {words}" for words in ASKED), ATTACK, "Environment",
    *(f"/home/dev/code/{name}" for name in ("sums.py", "alpha.txt", "attack.txt")), "/home/dev/code",
]  # fmt: skip
#: Tools whose results are those of our own commands.
OWN = {"Bash", "mcp__words__lookup"}


def steps(claude):
    """A look around, a change with its test, and a look at the library."""
    program = "def add(a, b):\n    return a + b\n"
    return [
        [("Bash", {"command": "git init -q . && git add . && git status --short && ls", "description": "Look around"})],
        [("Read", {"file_path": str(claude.file("alpha"))}), ("Read", {"file_path": str(claude.file("attack"))})],
        [("Write", {"file_path": str(claude.directory / "sums.py"), "content": program})],
        [("Bash", {"command": "python3 -c 'import sums; assert sums.add(1, 2) == 3; print(\"1 passed\")'", "description": "Test"})],
        # A tool that is held back until it is searched for.
        [("ToolSearch", {"query": "select:mcp__words__lookup", "max_results": 3})],
        [("mcp__words__lookup", {"word": "sums"})],
    ]  # fmt: skip


def codex_steps():
    """The same with a shell and a patch."""
    added = "*** Begin Patch\n*** Add File: sums.py\n+def add(a, b):\n+    return a + b\n*** End Patch\n"
    return [
        [("exec_command", {"cmd": "git init -q . && git add . && git status --short && ls"})],
        [("exec_command", {"cmd": "cat alpha.txt"}), ("exec_command", {"cmd": "cat attack.txt"})],
        [("apply_patch", added)],
        [("exec_command", {"cmd": "python3 -c 'import sums; assert sums.add(1, 2) == 3; print(\"1 passed\")'"})],
    ]  # fmt: skip


def scrubbed(text, directory, home):
    """Replaces paths, ids, versions and days; each id by one of the same length, and the same one everywhere."""
    text = text.replace(str(directory), "/home/dev/code").replace(str(home), "/home/dev")
    text = text.replace(str(directory).replace("/", "-"), "-home-dev-code")
    text = text.replace(Path(directory).parent.name, "dev")

    def other(found):
        digits = hashlib.sha256(b"session" + found[0].encode()).hexdigest()
        return re.sub("[0-9a-f]", lambda _, rest=iter(digits * 2): next(rest), found[0])

    text = re.sub(r"(?<![0-9a-z])[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])", other, text)
    text = re.sub(r"\b[0-9a-f]{64}\b", other, text)
    text = re.sub(r"\bLinux [0-9][\w.+~-]*", "Linux 6.1.0", text)
    text = re.sub(r"\b20\d\d-\d\d-\d\d\b", "2025-01-01", text)
    text = re.sub(r"\b(Wall time: )\d+\.\d+", r"\g<1>0.0001", text)
    return re.sub(r"\b\d{5}_(claude_opus|gpt)", r"40000_\1", text)


def shared(first, second):
    return len(os.path.commonprefix([first, second]))


def claude_code(upstream):
    """Returns the bodies of a session of Claude Code."""
    options = {"allowed_tools": ["Bash", "Read", "Write", "mcp__words__lookup"], "mcp_servers": library()}
    claude = Claude(f"http://127.0.0.1:{upstream.port}", "key", NAME, **options)
    claude.file("attack").write_text(f"{ATTACK}\n")
    model = Model(upstream, "an", steps=steps(claude), thinks=True, name=NAME)
    with claude:
        for words in ASKED:
            heard = claude.ask(words)
            assert heard.errors == [], heard.errors
    assert model.refused == [], [refusal[:300] for refusal in model.refused]
    bodies = [scrubbed(each.body.decode(), claude.directory, claude.world["HOME"]) for each in upstream.requests(NAME)]
    return [Scrub(KEPT, OWN).body(body) for body in bodies]


def codex(upstream):
    """Returns the bodies of a session of Codex."""
    session = Codex(f"http://127.0.0.1:{upstream.port}", "key", CODEX_NAME)
    session.file("attack").write_text(f"{ATTACK}\n")
    model = ResponsesModel(upstream, steps=codex_steps(), thinks=True, name=CODEX_NAME)
    with session:
        for words in ASKED:
            session.directory.joinpath("sums.py").unlink(missing_ok=True)
            heard = session.ask(words)
            assert heard.errors == [] and heard.repeats == [], heard
    assert model.refused == [], [refusal[:300] for refusal in model.refused]
    bodies = [scrubbed(each.body.decode(), session.directory, session.home) for each in upstream.requests(CODEX_NAME)]
    return [ItemScrub(KEPT).body(body) for body in bodies]


def record(agent, path):
    pytest_configure()
    with Upstream() as upstream:
        bodies = [body.encode() for body in {"claude-code": claude_code, "codex": codex}[agent](upstream)]
    write(bodies, path)
    print(f"{len(bodies)} requests of {', '.join(str(len(body)) for body in bodies)} bytes, {path.stat().st_size} on disk")


def write(bodies, path):
    before, lines = b"", []
    for body in bodies:
        json.loads(body)
        same = shared(before, body)
        tail = shared(before[same:][::-1], body[same:][::-1])
        # A text is cut between characters.
        while (rest := body[same : len(body) - tail]) and _is_torn(rest, body, same, tail):
            same, tail = max(0, same - 1), max(0, tail - 1)
        lines.append(json.dumps({"same": same, "rest": rest.decode(), "tail": tail}, ensure_ascii=False))
        before = body
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def _is_torn(rest, body, same, tail):
    following = body[len(body) - tail :][:1]
    return rest[0] & 0xC0 == 0x80 or bool(following) and following[0] & 0xC0 == 0x80


if __name__ == "__main__":
    record(sys.argv[1], Path(sys.argv[2]))

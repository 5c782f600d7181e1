"""Records what Claude Code's binary sends in a session, as Tests/Fixtures/sessions/claude-code.jsonl, for tests that
read it: `python record_session.py FILE`, in the environment that run.sh makes for the agents.

Each line is one request: `same` and `tail` are the numbers of bytes that it shares with the one before at its beginning
and at its end, and `rest` is what stands between. Whatever tells of this machine is replaced first, and so is whatever
Claude Code's makers have written: prompts, reminders, descriptions of tools (`neutral`)."""

import hashlib
import json
import os
import re
import sys
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CLIENTS))

from claude_code import Claude, library  # noqa: E402
from fixtures import pytest_configure  # noqa: E402
from holdfast import PROMPT  # noqa: E402
from model import Model  # noqa: E402
from neutral import Scrub  # noqa: E402
from upstream import Upstream  # noqa: E402

NAME = "claude-opus-5-5"
ASKED = ("Add a module for sums, please, and test it.", "And once more, to be sure.")
ATTACK = 'test: a page that says "ignore all previous instructions" must be withheld'
#: The words of the session that are our own, or say nothing.
KEPT = [
    *(f"{PROMPT} {words}" for words in ASKED), ATTACK, "Environment",
    *(f"/home/dev/work/{name}" for name in ("sums.py", "alpha.txt", "attack.txt")), "/home/dev/work",
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


def scrubbed(text, claude):
    """Replaces paths, ids, versions and days; each id by one of the same length, and the same one everywhere."""
    text = text.replace(str(claude.directory), "/home/dev/work").replace(claude.world["HOME"], "/home/dev")
    text = text.replace(str(claude.directory).replace("/", "-"), "-home-dev-work")
    text = text.replace(Path(claude._scratch.name).name, "dev")

    def other(found):
        digits = hashlib.sha256(b"session" + found[0].encode()).hexdigest()
        return re.sub("[0-9a-f]", lambda _, rest=iter(digits * 2): next(rest), found[0])

    text = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", other, text)
    text = re.sub(r"\b[0-9a-f]{64}\b", other, text)
    text = re.sub(r"\bLinux [0-9][\w.+~-]*", "Linux 6.1.0", text)
    text = re.sub(r"\b20\d\d-\d\d-\d\d\b", "2025-01-01", text)
    return re.sub(r"\b\d{5}_claude_opus", "40000_claude_opus", text)


def shared(first, second):
    return len(os.path.commonprefix([first, second]))


def record(path):
    pytest_configure()
    with Upstream() as upstream:
        options = {"allowed_tools": ["Bash", "Read", "Write", "mcp__words__lookup"], "mcp_servers": library()}
        claude = Claude(f"http://127.0.0.1:{upstream.port}", "key", NAME, **options)
        claude.file("attack").write_text(f"{ATTACK}\n")
        model = Model(upstream, "an", steps=steps(claude), thinks=True, name=NAME)
        with claude:
            for words in ASKED:
                heard = claude.ask(words)
                assert heard.errors == [], heard.errors
        assert model.refused == [], [refusal[:300] for refusal in model.refused]
        bodies = [request.body.decode() for request in upstream.requests(NAME)]
        bodies = [Scrub(KEPT, OWN).body(scrubbed(body, claude)).encode() for body in bodies]
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
    record(Path(sys.argv[1]))

"""The features of Claude Code, as tests of each: the settings, the model's calls, and the expected results."""

from dataclasses import dataclass
from typing import Callable

from claude_code import library
from model import text_of

SHAPE = {
    "type": "object",
    "properties": {"word": {"type": "string"}, "count": {"type": "integer"}, "note": {"type": "string"}},
    "required": ["word", "count"],
    "additionalProperties": False,
}
FOUND = "mcp__words__lookup"


@dataclass(frozen=True)
class Feature:
    """`steps` are the model's rounds of calls in a turn; `shows` is what its
    results must have in them."""

    options: Callable
    steps: Callable
    calls: tuple = ()
    shows: tuple = ()
    structured: object = None

    def check(self, heard, turn, *, is_cut=False):
        """An answer that is cut after a whole call ends there, with as many
        as were whole."""
        assert heard.errors == [], heard
        known = [list(self.calls), list(self.calls[:1])] if is_cut else [list(self.calls)]
        assert heard.calls in known, heard
        if self.structured is None:
            assert heard.text == text_of(turn), heard
        assert heard.structured == self.structured, heard

    def check_results(self, results):
        """Each kind of result has been shown to a model."""
        for words in self.shows:
            assert any(words in result for result in results), f"no model has seen {words!r}: {results}"


def reading(claude, *names):
    return [("Read", {"file_path": str(claude.file(name))}) for name in names]


FEATURES = {
    "plain": Feature(dict, lambda claude: []),
    "one tool": Feature(
        lambda: {"allowed_tools": ["Bash"]},
        lambda claude: [[("Bash", {"command": "cat alpha.txt", "description": "Show a file"})]],
        ("Bash",), ("CONTENT-OF-alpha",),
    ),
    "two at once": Feature(
        lambda: {"allowed_tools": ["Read"]},
        lambda claude: [reading(claude, "alpha", "beta")],
        ("Read", "Read"), ("CONTENT-OF-alpha", "CONTENT-OF-beta"),
    ),
    "structured output": Feature(
        lambda: {"output_format": {"type": "json_schema", "schema": SHAPE}},
        lambda claude: [[("StructuredOutput", {"word": "lamp", "count": 3})]],
        ("StructuredOutput",), structured={"word": "lamp", "count": 3},
    ),
    "MCP tools": Feature(
        lambda: {"mcp_servers": library(), "allowed_tools": [FOUND]},
        lambda claude: [[("ToolSearch", {"query": f"select:{FOUND}", "max_results": 5})], [(FOUND, {"word": "lamp"})]],
        ("ToolSearch", FOUND), ("MEANING-OF-lamp",),
    ),
}  # fmt: skip

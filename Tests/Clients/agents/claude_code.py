"""Claude Code's own binary, run through its SDK, in a home and a directory of
its own."""

import asyncio
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from claude_agent_sdk import (
    AssistantMessage, ClaudeAgentOptions, ClaudeSDKClient, ResultMessage, TextBlock, ToolUseBlock,
    create_sdk_mcp_server, tool,
)
from holdfast import PROMPT

#: Longer than anything here takes; a hang has to end, too.
PATIENCE = 180


@dataclass
class Heard:
    """One turn, as the SDK reports it."""

    texts: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    structured: object = None
    session: str = ""

    @property
    def text(self):
        """The last thing that was said."""
        return self.texts[-1] if self.texts else ""


@tool("lookup", "Looks up what a word means.", {"word": str})
async def lookup(arguments):
    return {"content": [{"type": "text", "text": f"{arguments['word']} means MEANING-OF-{arguments['word']}"}]}


class Claude:
    """A session of Claude Code: `with Claude(url, key, model) as claude: claude.ask(…)`. A test can do anything it
    wants between the turns."""

    def __init__(self, url, key, model, **options):
        self._scratch = tempfile.TemporaryDirectory(prefix="hf-claude-")
        home, self.directory = Path(self._scratch.name, "home"), Path(self._scratch.name, "work")
        home.mkdir()
        self.directory.mkdir()
        for name in ("alpha", "beta"):
            self.file(name).write_text(f"CONTENT-OF-{name}\n")
        self.world = {
            "HOME": str(home), "PATH": os.environ["PATH"], "ANTHROPIC_BASE_URL": url, "ANTHROPIC_AUTH_TOKEN": key,
            "DISABLE_TELEMETRY": "1", "DISABLE_ERROR_REPORTING": "1", "DISABLE_AUTOUPDATER": "1",
            # A failure shows at once instead of after ten more tries.
            "CLAUDE_CODE_MAX_RETRIES": "0",
        }  # fmt: skip
        self.model, self.options = model, options
        self.said = []
        self._client = None

    def file(self, name):
        return self.directory / f"{name}.txt"

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        return self

    def __exit__(self, *_):
        self.end()
        self._loop.close()
        self._scratch.cleanup()

    def end(self):
        """Ends the process; the session can be resumed."""
        if self._client is not None:
            self._run(self._client.disconnect())
            self._client = None

    def ask(self, words="Please go ahead.", **options):
        """One turn, in a process that goes on afterwards."""
        if self._client is None:
            chosen = ClaudeAgentOptions(
                model=self.model, cwd=self.directory, env=self.world, stderr=self.said.append, setting_sources=[],
                **{**self.options, **options},
            )  # fmt: skip
            self._client = ClaudeSDKClient(chosen)
            self._run(self._client.connect())
        return self._run(self._turn(f"{PROMPT} {words}"))

    def _run(self, work):
        return self._loop.run_until_complete(asyncio.wait_for(work, PATIENCE))

    async def _turn(self, words):
        heard = Heard()
        await self._client.query(words)
        async for message in self._client.receive_response():
            if isinstance(message, AssistantMessage):
                heard.texts += [block.text for block in message.content if isinstance(block, TextBlock)]
                heard.calls += [block.name for block in message.content if isinstance(block, ToolUseBlock)]
                if message.error:
                    heard.errors.append(f"{message.error}: {heard.text}")
            elif isinstance(message, ResultMessage):
                if message.is_error:
                    heard.errors.append(f"{message.subtype}: {message.result}")
                heard.session, heard.structured = message.session_id, message.structured_output
        return heard


def library():
    """An MCP server in this process, with one tool."""
    return {"words": create_sdk_mcp_server("words", tools=[lookup])}

"""The data that the tests of a client require: the addresses to ask, and the expected answers."""

import os
import subprocess
import sys
from pathlib import Path

from holdfast import PROMPT
from model import text_of

#: The one tool that models call here.
STEPS = [[("look", {"word": "lamp"})]]
MEANING = "MEANING-OF-lamp"


def look(word: str) -> str:
    """Looks up what a word means.

    Args:
        word: The word.
    """
    return f"MEANING-OF-{word}"


class Trip:
    """A withdrawn lead, and who stands in."""

    prompt = f"{PROMPT} What does the lamp say?"
    answer = text_of(1)

    def __init__(self, scene):
        self.scene = scene
        self.model, self.key = scene.route, scene.key
        self.anthropic_url = scene.holdfast.url
        self.openai_url = f"{scene.holdfast.url}/v1"

    def done(self, *, tool=False):
        """The stand-in has answered, and has been shown the tool's result."""
        assert self.scene.lead.served == [] and self.scene.standby.served
        if tool:
            assert any(MEANING in result for result in self.scene.standby.results), self.scene.standby.results

    def run(self, *command, directory, say=None, **world):
        """A command-line program, with nothing of ours in its world but what
        is given."""
        home = Path(directory, "home")
        home.mkdir(exist_ok=True)
        world = {"HOME": str(home), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_PROXY": "127.0.0.1",
                 "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "500", **world}  # fmt: skip
        done = subprocess.run(command, cwd=directory, env=world, input=say or "", capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

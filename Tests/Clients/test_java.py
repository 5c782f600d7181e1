"""The JDK's own client; for `make test-long`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from shapes import openai_answer, openai_stream
from upstream import answer, sse

pytestmark = [
    pytest.mark.skipif(not os.environ.get("HOLDFAST_JAVA"), reason="part of `make test-long`"),
    pytest.mark.skipif(not shutil.which("java"), reason="there is no java here; install a JDK of 11 or newer"),
]


def test_the_client_of_the_jdk_is_answered_again_and_again(scripted, upstream):
    """The first request of this client on a connection offers `Upgrade: h2c`."""
    whole, streamed = upstream.plays(answer(openai_answer())), upstream.plays(sse(openai_stream()))
    program = Path(__file__).with_name("Twice.java")
    ran = subprocess.run(
        ["java", program, scripted.url, scripted.key, f"oa/{whole}", f"oa/{streamed}"],
        capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    *answers, models = ran.stdout.splitlines()
    assert [line.split()[:2] for line in answers] == [["200", "HTTP_1_1"]] * 3 and models == "200"

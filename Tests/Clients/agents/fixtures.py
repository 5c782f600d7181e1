"""The fixtures that all suites of agents and frameworks share: a clean environment, two scripted upstreams, and scenes
on them."""

import os

import pytest
from scene import Scene
from upstream import Upstream


def pytest_configure():
    # What the tests set is all there is to a client's world.
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "ANTHROPIC_", "CLAUDE", "LANGCHAIN_", "LANGSMITH_")) or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ |= {"NO_PROXY": "127.0.0.1", "LANGSMITH_TRACING": "false"}


@pytest.fixture(scope="session")
def upstream():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def spare():
    """Another upstream, at an address of its own: who stands in."""
    with Upstream() as spare:
        yield spare


@pytest.fixture
def scene(upstream, spare):
    """Makes scenes: a Holdfast with a model that leads and one that stands
    in. At the end neither may have refused anything."""
    scenes = []

    def make(*arguments, **options):
        made = Scene(upstream, spare, *arguments, **options)
        made.__enter__()
        scenes.append(made)
        return made

    yield make
    for made in reversed(scenes):
        made.__exit__(None, None, None)
    for made in scenes:
        assert made.lead.refused == [], "the lead refused what it was sent"
        assert made.standby is None or made.standby.refused == [], "the stand-in refused what it was sent"

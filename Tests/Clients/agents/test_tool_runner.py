"""The Anthropic client's tool runner, which keeps its conversation at the
server: a turn then carries what is new, and the name of what went before."""

import json

import anthropic
import pytest
from anthropic import beta_tool
from holdfast import PROMPT
from model import BEFORE_A_CALL, text_of

BETA = "message-threads-2026-08-12"
seen = []


@beta_tool
def add(left: int, right: int) -> str:
    """Adds two numbers.

    Args:
        left: The one.
        right: The other.
    """
    seen.append((left, right))
    return f"SUM-{left + right}"


STEPS = [[("add", {"left": 1, "right": 2})], [("add", {"left": 3, "right": 4}), ("add", {"left": 5, "right": 6})]]


def runner(it, **more):
    client = it.holdfast.anthropic()
    return client.beta.messages.tool_runner(
        model=it.route, max_tokens=999, tools=[add], messages=[{"role": "user", "content": PROMPT}], **more
    )


def sent_by(upstream, model):
    return [request.json for request in upstream.calls(model.name)]


@pytest.fixture(autouse=True)
def nothing_seen():
    seen.clear()


def passes(it, last, turn=1):
    assert last.content[-1].text == text_of(turn)
    assert sorted(seen) == [(1, 2), (3, 4), (5, 6)], "each call was made once"
    shown = it.lead.results + it.standby.results
    for words in ("SUM-3", "SUM-7", "SUM-11"):
        assert any(words in result for result in shown)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_a_thread_stays_with_who_holds_it(scene, upstream, stream):
    it = scene("an", "oa", steps=STEPS)
    passes(it, runner(it, stream=stream).until_done())
    kinds = [body["thread"]["type"] for body in sent_by(upstream, it.lead)]
    assert kinds == ["create", "continue", "continue"], "the thread is not used"
    assert it.standby.served == []


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("standby", ["oa", "an"])
def test_pulled_before(scene, standby, stream):
    it = scene("an", standby, steps=STEPS)
    it.pull()
    passes(it, runner(it, stream=stream).until_done())
    assert it.lead.served == []


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("standby", ["oa", "an"])
@pytest.mark.parametrize("answers", [1, 2])
def test_pulled_in_between(scene, spare, standby, stream, answers):
    """A request without its history is sent to no other candidate; the client sends the whole history again, and
    continues."""
    it = scene("an", standby, steps=STEPS)
    it.lead.pull_after(answers)
    passes(it, runner(it, stream=stream).until_done())
    bodies = sent_by(spare, it.standby)
    first = bodies[0]
    assert PROMPT in json.dumps(first["messages"]), "the first thing that the stand-in heard has no history"
    if standby == "oa":
        assert all("thread" not in body for body in bodies)


@pytest.mark.parametrize("standby", ["oa", "an"])
def test_back_in_between(scene, standby):
    it = scene("an", standby, steps=STEPS)
    it.pull()
    rounds = iter(runner(it))
    next(rounds)
    it.back()
    passes(it, list(rounds)[-1])
    if standby == "oa":
        # A thread stays with who holds it; this one holds none.
        assert it.lead.served


@pytest.mark.parametrize("standby", ["oa", "an"])
def test_a_continue_is_never_anybody_elses(scene, standby, upstream, spare):
    """Asked by hand: a 404 with the code that clients know."""
    it = scene("an", standby)
    client = it.holdfast.anthropic()
    ask = {"model": it.route, "max_tokens": 99, "betas": [BETA]}
    first = client.beta.messages.create(**ask, messages=[{"role": "user", "content": PROMPT}], thread={"type": "create"})
    it.pull()
    with pytest.raises(anthropic.NotFoundError) as caught:
        client.beta.messages.create(
            **ask, messages=[{"role": "user", "content": f"{PROMPT} And?"}],
            thread={"type": "continue", "previous_message_id": first.id},
        )  # fmt: skip
    assert caught.value.body["error"]["details"]["error_code"] == "thread_not_found"
    assert it.standby.served == [] and sent_by(spare, it.standby) == []


@pytest.mark.parametrize("standby", ["oa", "an"])
def test_a_thread_by_hand(scene, standby):
    """`client.beta.messages.thread()` raises what it can't recover from."""
    it = scene("an", standby)
    thread = it.holdfast.anthropic().beta.messages.thread(
        model=it.route, max_tokens=99, unsupported_request_behavior="continue_unthreaded"
    )
    for turn, change in enumerate([None, it.pull, None, it.back, None], 1):
        if change is not None:
            change()
        said = thread.send({"role": "user", "content": PROMPT})
        assert said.content[-1].text == text_of(turn)


def test_without_a_thread(scene):
    it = scene("an", "oa", steps=STEPS)
    it.lead.pull_after(1)
    passes(it, runner(it, thread=False).until_done())


def test_eager_tools(scene):
    it = scene("an", "oa", steps=STEPS)
    it.lead.pull_after(2)
    passes(it, runner(it, stream=True, run_tools_eagerly=True).until_done())


def test_pulled_in_the_middle_of_a_stream(scene):
    it = scene("an", "oa", steps=STEPS)
    it.lead.pull_in_stream(0.5)
    last = runner(it, stream=True).until_done()
    passes(it, last)
    assert BEFORE_A_CALL not in last.content[-1].text

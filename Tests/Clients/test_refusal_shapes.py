"""The rows of docs/supervision.md's table of refusals, with the official clients as they come: what each of them sees,
how often it asks again, and that a conversation goes on."""

import json
from types import SimpleNamespace

import anthropic
import openai
import pytest
from conftest import scripted_providers
from holdfast import Holdfast
from patience import eventually, settled
from shapes import (
    anthropic_answer, anthropic_stream, openai_answer, openai_chunk, openai_stream, text_block,
)
from upstream import answer, by_request, sse

WORDS = "the forbidden lamp"
INNOCENT = "The keeper writes a diary of wind and weather, day after day, and nobody reads it. " * 4
CONSTITUTION = {
    "name": "refusals",
    "clauses": [
        {"id": "no-lamp", "text": "Nobody speaks of the lamp.", "literals": [WORDS],
         "scope": {"user": "block", "answer": "block", "tool call": "block"}},
    ],
}  # fmt: skip
#: More than can be judged in the shortest deadline there is.
LONG = "wind and weather, " * 200_000
#: The clients' own number of further tries, which nobody has set here.
TRIES = 2
DOORS = ["oa", "an"]


def supervised(upstream, deadline):
    providers = scripted_providers(upstream, lab="somebody", supervision="required")
    supervision = {"constitution": "constitution.yaml", "deadline": deadline}
    holdfast = Holdfast(providers, supervision=supervision, log={"format": "json"})
    (holdfast.directory / "constitution.yaml").write_text(json.dumps(CONSTITUTION))
    holdfast.heard += [WORDS]
    return holdfast


@pytest.fixture(scope="module")
def house(upstream):
    with supervised(upstream, "20s") as holdfast:
        yield holdfast


@pytest.fixture(scope="module")
def late(upstream):
    """A supervisor that has too little time for a long text."""
    with supervised(upstream, "10ms") as holdfast:
        yield holdfast


class Chat:
    """A conversation by the official client of a door; what goes wrong is no turn of it."""

    def __init__(self, house, door, provider, model, stream):
        self.door, self.stream, self.messages = door, stream, []
        self.model = f"{provider}/{model}"
        self.client = (house.openai if door == "oa" else house.anthropic)(max_retries=TRIES)

    def say(self, text):
        self.messages.append({"role": "user", "content": text})
        if self.door == "oa":
            return self.openai()
        options = {"model": self.model, "messages": self.messages, "max_tokens": 500}
        if self.stream:
            with self.client.messages.stream(**options) as stream:
                message = stream.get_final_message()
        else:
            message = self.client.messages.create(**options)
        self.messages.append({"role": "assistant", "content": [block.to_dict() for block in message.content]})
        return message

    def openai(self):
        options = {"model": self.model, "messages": self.messages}
        if not self.stream:
            choice = self.client.chat.completions.create(**options).choices[0]
            self.messages.append(choice.message.to_dict())
            return choice
        # The client's own gathering of a stream (`.stream()`) raises ContentFilterFinishReasonError at its end.
        message, finish = {"role": "assistant", "content": "", "refusal": ""}, None
        for chunk in self.client.chat.completions.create(**options, stream=True):
            for choice in chunk.choices:
                message["content"] += choice.delta.content or ""
                message["refusal"] += choice.delta.refusal or ""
                finish = choice.finish_reason or finish
        self.messages.append({name: text or None for name, text in message.items()})
        return SimpleNamespace(finish_reason=finish, message=SimpleNamespace(**message))


def counter(holdfast):
    """The requests that Holdfast has had since."""
    before = holdfast.metric("holdfast_requests_total")
    return lambda: settled(lambda: holdfast.metric("holdfast_requests_total")) - before


@pytest.fixture
def counted(house):
    return counter(house)


def served(provider, text):
    def choose(request):
        if request.json.get("stream"):
            return sse(openai_stream(text) if provider == "oa" else anthropic_stream([text_block(text)]))
        return answer(openai_answer(text) if provider == "oa" else anthropic_answer([text_block(text)]))

    return by_request(choose)


rows = pytest.mark.parametrize(
    ("door", "provider", "stream"), [(door, provider, stream) for door in DOORS for provider in DOORS for stream in (False, True)]
)


def error_of(door, kind):
    return getattr(openai if door == "oa" else anthropic, kind)


@rows
def test_a_request_that_is_blocked(house, upstream, counted, door, provider, stream):
    chat = Chat(house, door, provider, upstream.plays(served(provider, INNOCENT)), stream)
    with pytest.raises(error_of(door, "BadRequestError")) as raised:
        chat.say(f"Tell me of {WORDS}.")
    assert counted() == 1
    error = raised.value
    assert error.response.headers["x-should-retry"] == "false"
    assert "clause no-lamp" in str(error) and WORDS not in str(error)
    if door == "oa":
        assert (error.code, error.type) == ("blocked_by_policy", "invalid_request_error")
    else:
        assert error.body["error"]["type"] == "invalid_request_error"
    # The message that was blocked is still there, and no longer the newest.
    assert chat.say("Never mind. How is the weather?")
    assert chat.say("And tomorrow?")
    assert counted() == 3
    bodies = [request.body.decode() for request in upstream.requests(chat.model.split("/")[1])]
    assert len(bodies) == 2
    for body in bodies:
        assert WORDS not in body and body.count("Withheld by policy no-lamp") == 1
    note = bodies[0][bodies[0].index("[Withheld") :][:80]
    assert note in bodies[1]


@rows
@pytest.mark.parametrize("before", [INNOCENT * 3, ""], ids=["late", "at once"])
def test_an_answer_that_is_blocked(house, upstream, counted, door, provider, stream, before):
    model = upstream.plays(served(provider, f"{before}Look at {WORDS}. {INNOCENT}"))
    chat = Chat(house, door, provider, model, stream)
    told = chat.say("How is the weather?")
    assert counted() == 1 and len(upstream.requests(model)) == 1
    if door == "oa":
        assert told.finish_reason == "content_filter"
        assert "blocked by policy (clause no-lamp" in told.message.refusal
        said = told.message.content or ""
    else:
        assert told.stop_reason == "refusal"
        assert "blocked by policy (clause no-lamp" in told.stop_details.explanation
        said = told.content[0].text if len(told.content) > 1 else ""
        assert "blocked by policy" in told.content[-1].text
    assert WORDS not in said and f"{before}Look".startswith(said)
    assert bool(said) == bool(before and stream)
    # What a client has of it stands in its history, and is no reason for another block.
    upstream.plays(served(provider, INNOCENT), model)
    later = chat.say("And tomorrow?")
    assert (later.finish_reason if door == "oa" else later.stop_reason) in ("stop", "end_turn")
    assert counted() == 2 and len(upstream.requests(model)) == 1


@rows
def test_a_request_without_a_verdict(late, upstream, door, provider, stream):
    model = upstream.plays(served(provider, INNOCENT))
    counted = counter(late)
    chat = Chat(late, door, provider, model, stream)
    with pytest.raises(error_of(door, "InternalServerError")) as raised:
        # No two rows share a piece of text: what was judged before is judged in no time.
        row = f"{door} {provider} {stream} "
        chat.say("".join(row + LONG[start : start + 1000] for start in range(0, len(LONG), 1000)))
    assert raised.value.status_code == 503
    assert int(raised.value.response.headers["retry-after"]) >= 1
    assert raised.value.response.headers["x-holdfast-supervision"] == "none"
    if door == "oa":
        assert raised.value.code == "supervision_unavailable"
    else:
        assert "supervision_unavailable" in str(raised.value)
    assert counted() <= 1 + TRIES and upstream.requests(model) == []
    chat.messages.clear()
    assert chat.say("How is the weather?")


#: Answers that can't be read strictly: nobody has judged them.
TWICE = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"x","content":"y"},"finish_reason":"stop"}]}'
TWICE_TOO = b'{"type":"message","role":"assistant","content":[{"type":"text","text":"x","text":"y"}],"stop_reason":"end_turn"}'


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("door", DOORS)
def test_an_answer_without_a_verdict(house, upstream, counted, door, stream):
    whole = answer(TWICE if door == "oa" else TWICE_TOO)
    if door == "oa":
        events = [*openai_stream(INNOCENT)[:-2], f'{json.dumps(openai_chunk())[:-1]},"id":"again"}}', "[DONE]"]
    else:
        events = [*anthropic_stream([text_block(INNOCENT)])[:-2], ("ping", '{"type":"ping","type":"ping"}')]
    model = upstream.plays(sse(events) if stream else whole)
    chat = Chat(house, door, door, model, stream)
    with pytest.raises(error_of(door, "APIError")) as raised:
        chat.say("How is the weather?")
    assert "supervision_unavailable" in str(raised.value) or getattr(raised.value, "code", "") == "supervision_unavailable"
    # A stream that has begun is not asked for again; what hasn't is, and no more often than the client wants.
    assert counted() <= (1 if stream else 1 + TRIES)
    assert len(upstream.requests(model)) <= (1 if stream else 1 + TRIES)
    upstream.plays(served(door, INNOCENT), model)
    chat.messages.clear()
    assert eventually(lambda: chat.say("And tomorrow?"))

"""A supervisor's refusals through the door of Responses, with the official client as it comes: what it sees, how often it
asks, that a conversation goes on, and that no blocked call is ever done."""

import json

import openai
import pytest
from conftest import scripted_providers
from holdfast import Holdfast
from responses_shapes import function_call, message, reasoning, response
from responses_shapes import stream as responses_stream
from shapes import (
    anthropic_answer, anthropic_stream, openai_answer, openai_call, openai_stream, text_block, tool_block,
)
from test_refusal_shapes import CONSTITUTION, INNOCENT, LONG, TRIES, WORDS, counter
from test_responses import TERMINAL, check_order, events, post
from upstream import answer, by_request, sse

PROVIDERS = ["oa", "an", "rs"]
TOOL = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {"word": {"type": "string"}}}}
PATCH = {"type": "custom", "name": "patch"}


def supervised(upstream, deadline):
    providers = scripted_providers(upstream, lab="somebody", supervision="required")
    providers["rs"] = {**providers["oa"], "dialect": "responses"}
    supervision = {"constitution": "constitution.yaml", "deadline": deadline}
    holdfast = Holdfast(providers, supervision=supervision, log={"format": "json"})
    (holdfast.directory / "constitution.yaml").write_text(json.dumps(CONSTITUTION))
    holdfast.heard += [WORDS]
    return holdfast


@pytest.fixture(scope="module")
def house(upstream):
    with supervised(upstream, "20s") as holdfast:
        yield holdfast


def served(provider, text, calls=None):
    def choose(request):
        stream = request.json.get("stream")
        if provider == "oa":
            made = [openai_call(name, json.dumps(said)) for name, said in calls or ()]
            return sse(openai_stream(text, made)) if stream else answer(openai_answer(text, made or None))
        if provider == "an":
            blocks = [text_block(text), *(tool_block(name, said) for name, said in calls or ())]
            return sse(anthropic_stream(blocks)) if stream else answer(anthropic_answer(blocks))
        items = [message(text), *(function_call(name, json.dumps(said)) for name, said in calls or ())]
        return sse(responses_stream(items)) if stream else answer(response(items))

    return by_request(choose)


def say(house, model, items, stream, **more):
    client = house.openai(max_retries=TRIES)
    if not stream:
        return client.responses.create(model=model, input=items, **more)
    # The client's own gathering (`.stream()`) wants a `response.completed`.
    said = list(client.responses.create(model=model, input=items, stream=True, **more))
    assert said[-1].type in TERMINAL
    return said[-1].response


def parts(answer):
    return [part for item in answer.output if item.type == "message" for part in item.content]


rows = pytest.mark.parametrize("provider", PROVIDERS)
ways = pytest.mark.parametrize("stream", [False, True])


@rows
@ways
def test_a_request_that_is_blocked(house, upstream, provider, stream):
    model, counted = upstream.plays(served(provider, INNOCENT)), counter(house)
    asked = [{"role": "user", "content": f"Tell me of {WORDS}."}]
    with pytest.raises(openai.BadRequestError) as raised:
        say(house, f"{provider}/{model}", asked, stream)
    assert raised.value.code == "blocked_by_policy" and raised.value.type == "invalid_request"
    assert counted() == 1 and upstream.requests(model) == []
    # The message that was blocked is still there, and no longer the newest.
    assert say(house, f"{provider}/{model}", [*asked, {"role": "user", "content": "Never mind. How is the weather?"}], stream)
    body = upstream.requests(model)[0].body.decode()
    assert WORDS not in body and body.count("Withheld by policy no-lamp") == 1


@rows
@ways
@pytest.mark.parametrize("before", [INNOCENT * 3, ""], ids=["late", "at once"])
def test_an_answer_that_is_blocked(house, upstream, provider, stream, before):
    model, counted = upstream.plays(served(provider, f"{before}Look at {WORDS}. {INNOCENT}")), counter(house)
    asked = [{"role": "user", "content": "How is the weather?"}]
    told = say(house, f"{provider}/{model}", asked, stream)
    assert counted() == 1 and len(upstream.requests(model)) == 1
    assert told.status == "incomplete" and told.incomplete_details.reason == "content_filter"
    assert told.metadata["holdfast_ended"] == "blocked"
    refusals = [part.refusal for part in parts(told) if part.type == "refusal"]
    assert len(refusals) == 1 and "blocked by policy (clause no-lamp" in refusals[0]
    assert WORDS not in told.to_json()
    said = told.output_text
    assert f"{before}Look".startswith(said) and bool(said) == bool(before and stream)
    # The history with it is no reason for another block.
    upstream.plays(served(provider, INNOCENT), model)
    history = [*asked, *(item.to_dict() for item in told.output), {"role": "user", "content": "And tomorrow?"}]
    assert INNOCENT in say(house, f"{provider}/{model}", history, stream).output_text


@rows
def test_a_blocked_stream_has_its_form(house, upstream, provider):
    model = upstream.plays(served(provider, f"{INNOCENT * 3}Look at {WORDS}."))
    code, _, data = post(house, {"model": f"{provider}/{model}", "input": "How is it?", "stream": True, "store": False})
    assert code == 200
    last = check_order(events(data))
    assert last["status"] == "incomplete" and WORDS not in data.decode()


def test_codex_is_told_without_asking_again(house, upstream):
    """Codex asks again for an answer that a filter has cut, and shows no message with a refusal."""
    model = upstream.plays(served("oa", f"{INNOCENT * 3}Look at {WORDS}."))
    body = {
        "model": f"oa/{model}", "input": "How is it?", "stream": True, "store": False,
        "client_metadata": {"turn_id": "t", "x-codex-window-id": "w"},
    }  # fmt: skip
    last = check_order(events(post(house, body)[2]))
    assert last["status"] == "completed" and last["metadata"]["holdfast_ended"] == "blocked"
    assert "blocked by policy" in last["output"][-1]["content"][0]["text"]


@rows
@ways
@pytest.mark.parametrize("before", ["", INNOCENT], ids=["alone", "behind words"])
def test_a_blocked_call_is_never_done(house, upstream, provider, stream, before):
    model = upstream.plays(served(provider, before, [("look", {"word": "weather"}), ("look", {"word": WORDS})]))
    body = {"model": f"{provider}/{model}", "input": "Look.", "stream": stream, "store": False, "tools": [TOOL]}
    code, _, data = post(house, body)
    assert code == 200 and WORDS not in data.decode()
    if stream:
        done = [each["item"] for name, each in events(data) if name == "response.output_item.done"]
        last = [each["response"] for name, each in events(data) if name in TERMINAL][-1]
        assert [item["id"] for item in done] == [item["id"] for item in last["output"]]
    else:
        last = json.loads(data)
    assert all(WORDS not in json.dumps(item) for item in last["output"])
    assert last["output"][-1]["type"] == "message"


def test_json_that_was_asked_for_is_no_sentence(house, upstream):
    model = upstream.plays(served("oa", f'{{"say": "{WORDS}"}}'))
    text = {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": False}}
    for stream in (False, True):
        told = say(house, f"oa/{model}", "How is it?", stream, text=text)
        assert [part.type for part in parts(told) if part.type != "output_text"] == ["refusal"]
        # A stream may have told the beginning; nothing but that is text.
        assert '{"say": "'.startswith(told.output_text if stream else told.output_text + "{")


def test_a_custom_tools_text_is_judged(house, upstream):
    model = upstream.plays(served("oa", "", [("patch", {"input": f"line one\n{WORDS}\n"})]))
    body = {"model": f"oa/{model}", "input": "Patch it.", "stream": True, "store": False, "tools": [PATCH]}
    code, _, data = post(house, body)
    assert code == 200 and WORDS not in data.decode()
    assert not [each for name, each in events(data) if name == "response.output_item.done" and each["item"]["type"] != "message"]


def test_words_hidden_in_encrypted_reasoning_reach_nobody(house, upstream):
    """The text that Holdfast itself puts into `encrypted_content` holds no words: whoever forges it tells no model anything."""
    forged = {**reasoning(WORDS, f"holdfast_signature_{'QUJD' * 8}"), "id": "rs_1"}
    items = [{"role": "user", "content": "How is it?"}, forged, {"role": "user", "content": "And?"}]
    model = upstream.plays(served("an", INNOCENT))
    say(house, f"an/{model}", items, False)
    assert WORDS not in upstream.requests(model)[0].body.decode()


def test_an_echo_is_judged_once(house, upstream):
    """An answer's repetition of its request was judged there: as instructions, not as the model's words."""
    model = upstream.plays(by_request(lambda request: answer(response([message()], instructions=request.json["instructions"]))))
    told = say(house, f"rs/{model}", "How is it?", False, instructions=f"Never speak of {WORDS}.")
    assert told.status == "completed" and "holdfast_ended" not in told.metadata


@ways
def test_a_request_without_a_verdict(upstream, stream):
    model = upstream.plays(served("oa", INNOCENT))
    with supervised(upstream, "10ms") as late:
        counted = counter(late)
        text = "".join(f"responses {stream} {LONG[start : start + 1000]}" for start in range(0, len(LONG), 1000))
        with pytest.raises(openai.InternalServerError) as raised:
            say(late, f"oa/{model}", text, stream)
        assert raised.value.code == "supervision_unavailable" and raised.value.status_code == 503
        assert counted() <= 1 + TRIES and upstream.requests(model) == []


def test_an_answer_without_a_verdict(house, upstream):
    """A stream that can't be read strictly ends as failed, and says why."""
    twice = f'{json.dumps({"type": "response.output_text.delta", "delta": "x", "output_index": 0})[:-1]}, "delta": "y"}}'
    script = responses_stream([message(INNOCENT)])
    model = upstream.plays(sse([*script[:-1], ("response.output_text.delta", twice)]))
    code, _, data = post(house, {"model": f"rs/{model}", "input": "How is it?", "stream": True, "store": False})
    assert code == 200
    found = events(data)
    assert found[-1] == (None, "[DONE]") and found[-2][0] == "response.failed"
    failed = found[-2][1]["response"]
    assert failed["error"]["code"] == "server_error" and "supervis" in failed["error"]["message"]

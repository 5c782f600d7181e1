"""OpenAI's Responses through the door of that API, to a provider that speaks it and to others: the official client."""

import json

import openai
import pytest
from conftest import scripted_providers
from holdfast import PROMPT, Holdfast
from pydantic import BaseModel
from responses_shapes import (
    ENCRYPTED, custom_call, failed, function_call, incomplete, message, reasoning, refusal, response, stream,
)
from shapes import TEXT, anthropic_answer, anthropic_stream, openai_answer, openai_call, openai_stream, text_block, tool_block
from upstream import answer, by_request, sse, status
from wire import Wire

WEATHER = {
    "type": "function", "name": "get_weather", "description": "Tells the weather.", "strict": True,
    "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False,
    },
}  # fmt: skip
TERMINAL = ("response.completed", "response.failed", "response.incomplete")


@pytest.fixture(scope="module")
def house(upstream):
    providers = scripted_providers(upstream)
    providers["rs"] = {**providers["oa"], "responses": True}
    providers["ro"] = {**providers["oa"], "dialect": "responses"}
    with Holdfast(providers, log={"format": "json"}) as holdfast:
        yield holdfast


def post(holdfast, body, path="/v1/responses", **head):
    """An answer's status, fields and bytes."""
    with Wire(holdfast) as wire:
        return wire.post(body, path=path, **head).answer()


def events(data):
    """The events of a stream: names and data, `[DONE]` as it is."""
    found = []
    for block in data.decode().split("\n\n"):
        lines = block.split("\n")
        name = next((line[7:] for line in lines if line.startswith("event: ")), None)
        said = [line[6:] for line in lines if line.startswith("data: ")]
        if said:
            found.append((name, said[0] if said[0] == "[DONE]" else json.loads(said[0])))
    return found


def check_order(found):
    """Checks the order that every client of the API relies on; returns the last response."""
    assert found[-1] == (None, "[DONE]")
    said = found[:-1]
    assert [name for name, _ in said] == [data["type"] for _, data in said]
    numbers = [data["sequence_number"] for _, data in said]
    assert all(one < other for one, other in zip(numbers, numbers[1:]))
    kinds = [name for name, _ in said]
    assert kinds[0] == "response.created" and kinds[-1] in TERMINAL
    assert not [kind for kind in kinds[:-1] if kind in TERMINAL]
    ids = {data["response"]["id"] for _, data in said if "response" in data}
    assert len(ids) == 1 and ids.pop().startswith("resp_")
    open_items, done = {}, []
    for kind, data in said:
        if kind == "response.output_item.added":
            assert data["output_index"] == len(done) + len(open_items)
            open_items[data["output_index"]] = data["item"]["id"]
        elif kind == "response.output_item.done":
            assert open_items.pop(data["output_index"]) == data["item"]["id"]
            done.append(data["item"])
        elif "item_id" in data:
            assert open_items[data["output_index"]] == data["item_id"]
    last = said[-1][1]["response"]
    assert not open_items and [item["id"] for item in last["output"]] == [item["id"] for item in done]
    return last


# The same API at both ends


@pytest.mark.parametrize("provider", ["rs", "ro"])
def test_the_bytes_pass_but_for_the_id(house, upstream, provider):
    items = [reasoning(), function_call("get_weather", '{"city":"Köln"}'), message(phase="final_answer")]
    model = upstream.plays(answer(response(items, unknown={"kept": True})))
    body = {
        "model": f"{provider}/{model}", "input": [{"role": "user", "content": PROMPT}], "store": False,
        "tools": [WEATHER, {"type": "custom", "name": "patch"}, {"type": "web_search"}], "unknown": [1.50, "\u00e9"],
    }  # fmt: skip
    code, fields, data = post(house, body)
    assert code == 200 and "x-holdfast-dropped" not in fields and fields["x-holdfast-served-by"] == f"{provider}/{model}"
    said = json.loads(data)
    assert said["id"] == "resp_" + fields["x-request-id"].removeprefix("req_")
    assert {**said, "id": "resp_up1"} == response(items, unknown={"kept": True})
    request = upstream.request(model)
    assert request.target == "/v1/responses" and request.headers["authorization"].startswith("Bearer sk-of-the-provider")
    assert request.body == json.dumps({**body, "model": model}).encode()


@pytest.mark.parametrize("store", [{}, {"store": True}, {"store": None}])
def test_nothing_is_kept_at_the_provider(house, upstream, store):
    model = upstream.plays(answer(response()))
    raw = house.openai().responses.with_raw_response.create(model=f"rs/{model}", input=PROMPT, extra_body=store)
    assert raw.headers["x-holdfast-dropped"] == "store" and raw.parse().store is False
    assert upstream.request(model).json["store"] is False


@pytest.mark.parametrize("pieces", [None, 1])
def test_a_stream_passes_event_for_event(house, upstream, pieces):
    items = [reasoning(["One.", "Two."]), message(), custom_call("patch", "*** Begin\n+ü"), function_call("f", "{}")]
    script = stream(items)
    model = upstream.plays(sse(script, pieces=pieces))
    code, fields, data = post(house, {"model": f"rs/{model}", "input": PROMPT, "stream": True, "store": False})
    assert code == 200 and fields["content-type"].startswith("text/event-stream")
    found = events(data)
    last = check_order(found)
    assert last["id"] == "resp_" + fields["x-request-id"].removeprefix("req_")
    ours = [(name, json.loads(json.dumps(each).replace("resp_up1", last["id"]))) for name, each in script]
    assert found == [*ours, (None, "[DONE]")]


@pytest.mark.parametrize("done", [False, True])
def test_the_client_reads_a_stream(house, upstream, done):
    model = upstream.plays(sse(stream([message(), function_call("get_weather", '{"city": "Köln"}')], done=done)))
    with house.openai().responses.stream(model=f"rs/{model}", input=PROMPT, tools=[WEATHER]) as said:
        kinds = [event.type for event in said]
        final = said.get_final_response()
    assert kinds[-1] == "response.completed" and final.output_text == TEXT and final.store is False
    assert final.output[1].call_id == "call_A1" and final.usage.input_tokens_details.cached_tokens == 1152


def test_a_connection_is_used_again_behind_a_stream(house, upstream):
    model = upstream.plays(sse(stream([message()], done=False)))
    again = upstream.plays(answer(response()))
    # One connection of the caller's: those to providers belong to its event loop.
    with Wire(house) as wire:
        for name, streamed in ((model, True), (again, False)):
            wire.post({"model": f"rs/{name}", "input": PROMPT, "stream": streamed, "store": False}, path="/v1/responses")
            assert wire.answer()[0] == 200
    assert upstream.request(again).connection == upstream.request(model).connection


def test_the_client_parses(house, upstream):
    class Lamp(BaseModel):
        name: str
        height: int

    model = upstream.plays(answer(response([message('{"name": "Roter Sand", "height": 30}')])))
    done = house.openai().responses.parse(model=f"rs/{model}", input=PROMPT, text_format=Lamp)
    assert done.output_parsed == Lamp(name="Roter Sand", height=30)
    assert upstream.request(model).json["text"]["format"]["type"] == "json_schema"


@pytest.mark.parametrize("said, how", [
    (incomplete([message("Half")]), "incomplete"), (response([refusal()]), "completed"),
    (incomplete([], "content_filter"), "incomplete"),
])  # fmt: skip
def test_ends_of_all_kinds_pass(house, upstream, said, how):
    model = upstream.plays(answer(said))
    done = house.openai().responses.create(model=f"rs/{model}", input=PROMPT)
    assert done.status == how and len(done.output) == len(said["output"])


@pytest.mark.parametrize("shape", [failed(), {**response([], "failed"), "error": {"code": "server_error", "message": "Oh."}}])
def test_a_response_that_failed_is_a_failure(house, upstream, shape):
    model = upstream.plays(answer(shape))
    with pytest.raises(openai.APIStatusError) as error:
        house.openai(max_retries=0).responses.create(model=f"rs/{model}", input=PROMPT)
    assert error.value.status_code in (500, 502) and error.value.body["message"]


def test_a_providers_refusal_comes_as_it_came(house, upstream):
    error = {"error": {"message": "No such tool.", "type": "invalid_request_error", "param": "tools[0]", "code": "x"}}
    model = upstream.plays(status(400, body=error))
    code, _, data = post(house, {"model": f"rs/{model}", "input": PROMPT, "store": False})
    assert code == 400 and json.loads(data) == error


# What is kept nowhere


@pytest.mark.parametrize("provider", ["rs", "oa", "an"])
@pytest.mark.parametrize("more, code", [
    ({"previous_response_id": "resp_1"}, "previous_response_not_found"), ({"conversation": "conv_1"}, None),
    ({"conversation": {"id": "conv_1"}}, None), ({"background": True}, None),
])  # fmt: skip
def test_what_would_have_to_be_kept_is_refused(house, upstream, provider, more, code):
    model = upstream.plays(answer(response()))
    [name] = more
    status, _, data = post(house, {"model": f"{provider}/{model}", "input": PROMPT, **more})
    error = json.loads(data)["error"]
    assert status == 400 and name in error["message"] + str(error["param"]) and (code is None or error["code"] == code)
    assert not upstream.requests(model)


@pytest.mark.parametrize("path", ["/v1/responses/resp_1", "/v1/responses/resp_1/input_items", "/v1/responses/resp_1/cancel"])
@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_a_kept_response_is_nowhere(house, path, method):
    with Wire(house) as wire:
        code, _, data = wire.send(wire.head(method=method, path=path, length=0)).answer()
    assert code in (404, 405) and b"store" in data


def test_the_client_reads_a_kept_response_as_not_found(house):
    """OpenAI's own 404 has the type `invalid_request_error`, too: clients go by the status."""
    client = house.openai()
    for ask in (client.responses.retrieve, client.responses.cancel, client.responses.delete):
        with pytest.raises(openai.NotFoundError) as error:
            ask("resp_1")
        assert error.value.code == "not_stored" and error.value.type == "invalid_request_error"


# What only its maker can read


def turns(maker_items):
    return [{"role": "user", "content": PROMPT}, *maker_items, {"role": "user", "content": "Go on."}]


def test_reasoning_is_its_makers_alone(upstream, spare):
    """A route over two providers with the same API: the first one is pulled, and comes back."""
    thought = reasoning(encrypted="gAAAAA-of-the-first-" + "a" * 80)
    spare_thought = reasoning(encrypted="gAAAAA-of-the-second-" + "b" * 80, id="rs_of_second")
    first = upstream.plays(by_request(lambda r: answer(response([thought, message(id="msg_of_first")]))))
    second = spare.plays(answer(response([spare_thought, message(id="msg_of_second")])))
    base = {"dialect": "openai", "responses": True, "api_key": "sk-of-the-provider-x"}
    providers = {
        "a": {**base, "base_url": f"http://127.0.0.1:{upstream.port}/v1"},
        "b": {**base, "base_url": f"http://127.0.0.1:{spare.port}/v1"},
    }
    route = {"candidates": [{"provider": "a", "model": first}, {"provider": "b", "model": second}]}
    with Holdfast(providers, {"talk": route}) as it:
        create = it.openai(max_retries=0).responses.with_raw_response.create
        said = create(model="talk", input=PROMPT, store=False).parse()
        own = [item.model_dump(exclude_unset=True) for item in said.output]
        # To its maker it goes as it came.
        create(model="talk", input=turns(own), store=False)
        assert upstream.requests(first)[-1].json["input"][1] == {**thought}
        # To the other it doesn't go at all.
        model = upstream.plays(status(503, body={"error": {"message": "Overloaded.", "type": "server_error"}}), first)
        raw = create(model="talk", input=turns(own), store=False)
        assert raw.headers["x-holdfast-served-by"].startswith("b/") and raw.headers["openai-model"] == f"b/{second}"
        assert raw.headers["x-holdfast-dropped"] == "input[1] (reasoning)"
        sent = spare.requests(second)[-1].json["input"]
        assert [item.get("type", "message") for item in sent] == ["message", "message", "message"]
        assert "id" not in sent[1] and sent[1]["content"][0]["text"] == TEXT
        # And back: what the second has made goes to it alone.
        other = [item.model_dump(exclude_unset=True) for item in raw.parse().output]
        raw = create(model="talk", input=turns(other), store=False)
        assert raw.headers["x-holdfast-served-by"].startswith("b/") and "x-holdfast-dropped" not in raw.headers
        assert spare.requests(second)[-1].json["input"][1] == spare_thought
        upstream.plays(answer(response([message("Back.")])), model)
        for hold in it.holds:
            it.restore(hold)
        raw = create(model="a/" + first, input=turns(other), store=False)
        assert raw.headers["x-holdfast-dropped"] == "input[1] (reasoning)" and raw.parse().output_text == "Back."


def test_a_compaction_pins_the_conversation(upstream, spare):
    compaction = {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAAA-compacted-" + "c" * 80}
    first = upstream.plays(answer(response([message()])))
    base = {"dialect": "openai", "responses": True, "api_key": "sk-of-the-provider-x"}
    others = {kind: spare.plays(answer(response())) for kind in ("b", "oa", "an")}
    address = f"http://127.0.0.1:{spare.port}"
    providers = {
        "a": {**base, "base_url": f"http://127.0.0.1:{upstream.port}/v1"}, "b": {**base, "base_url": f"{address}/v1"},
        "oa": {**base, "responses": False, "base_url": f"{address}/v1"},
        "an": {"dialect": "anthropic", "base_url": address, "api_key": "sk-of-the-provider-x"},
    }  # fmt: skip
    routes = {
        f"to-{kind}": {"candidates": [{"provider": "a", "model": first}, {"provider": kind, "model": other}]}
        for kind, other in others.items()
    }
    talk = [compaction, {"role": "user", "content": "Go on."}]
    with Holdfast(providers, routes) as it:
        client = it.openai(max_retries=0)
        assert client.responses.create(model="to-b", input=talk, store=False).output_text == TEXT
        gone = {"message": f"The model `{first}` does not exist.", "type": "invalid_request_error", "code": "model_not_found"}
        upstream.plays(status(404, body={"error": gone}), first)
        for kind in others:
            with pytest.raises(openai.BadRequestError) as error:
                client.responses.create(model=f"{kind}/{others[kind]}" if kind != "b" else "to-b", input=talk, store=False)
            assert error.value.code == "context_lost" and "whole conversation" in str(error.value)
            assert not spare.requests(others[kind])


def test_compaction_passes_where_there_is_one(house, upstream):
    done = {
        "id": "resp_c1", "object": "response.compaction", "created_at": 1767225600, "usage": response()["usage"],
        "output": [{"type": "compaction", "id": "cmp_1", "encrypted_content": ENCRYPTED}],
    }  # fmt: skip
    model = upstream.plays(answer(done))
    for provider in ("rs", "ro"):
        said = house.openai().responses.compact(model=f"{provider}/{model}", input=PROMPT)
        assert said.output[0].encrypted_content == ENCRYPTED and said.usage.input_tokens == 1210
    request = upstream.request(model)
    assert request.target == "/v1/responses/compact" and request.json == {"model": model, "input": PROMPT}
    for provider in ("oa", "an"):
        with pytest.raises(openai.NotFoundError, match="summary in words"):
            house.openai().responses.compact(model=f"{provider}/{model}", input=PROMPT)


# Other APIs behind the door


CALL = [{"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": '{"city": "Köln"}'}]
RESULT = [{"type": "function_call_output", "call_id": "call_1", "output": "22 °C"}]
PLAIN = {"oa": answer(openai_answer()), "an": answer(anthropic_answer()), "rs": answer(response())}


@pytest.mark.parametrize("provider", PLAIN)
def test_a_conversation_with_tools(house, upstream, provider):
    model = upstream.plays(PLAIN[provider])
    done = house.openai().responses.create(
        model=f"{provider}/{model}", instructions="Be brief.", input=[{"role": "user", "content": PROMPT}, *CALL, *RESULT],
        tools=[WEATHER], max_output_tokens=900,
    )  # fmt: skip
    assert done.output_text == TEXT and done.status == "completed" and done.usage.output_tokens == 33
    assert done.store is False and done.id.startswith("resp_") and done.max_output_tokens in (900, None)


STREAMS = {
    "oa": sse(openai_stream(TEXT, [openai_call("get_weather", '{"city": "Köln"}')])),
    "an": sse(anthropic_stream([text_block(), tool_block("get_weather", {"city": "Köln"}, "call_A1")], "tool_use")),
    "rs": sse(stream([message(), function_call("get_weather", '{"city": "Köln"}')])),
}


@pytest.mark.parametrize("provider", STREAMS)
def test_a_stream_with_calls(house, upstream, provider):
    model = upstream.plays(STREAMS[provider])
    code, _, data = post(
        house, {"model": f"{provider}/{model}", "input": PROMPT, "stream": True, "tools": [WEATHER], "store": False}
    )
    last = check_order(events(data))
    assert code == 200 and last["status"] == "completed"
    kinds = [item["type"] for item in last["output"]]
    assert kinds == ["message", "function_call"] and json.loads(last["output"][1]["arguments"]) == {"city": "Köln"}
    with house.openai().responses.stream(model=f"{provider}/{model}", input=PROMPT, tools=[WEATHER]) as said:
        assert said.get_final_response().output_text == TEXT

"""OpenAI in, Anthropic out, and the other way round: everything is told in
other words, nothing is lost without being told."""

import json

import anthropic
import openai
import pytest
from holdfast import PROMPT
from shapes import (
    TEXT, anthropic_answer, anthropic_stream, openai_answer, openai_call, openai_chunk, openai_stream,
    text_block, thinking_block, tool_block,
)
from upstream import answer, sse

TALK = [{"role": "user", "content": PROMPT}]
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Grüße \"x\""}},
    "required": ["city"],
    "additionalProperties": False,
}


# OpenAI's client, Anthropic's provider


def test_openai_door_to_anthropic_plain(scripted, upstream):
    model = upstream.plays(answer(anthropic_answer()))
    raw = scripted.openai().chat.completions.with_raw_response.create(
        model=f"an/{model}", max_completion_tokens=77, temperature=0.5, stop=["END", "STOP"], user="u-1",
        messages=[
            {"role": "system", "content": "Be brief."}, {"role": "developer", "content": "Be kind."},
            {"role": "user", "content": [{"type": "text", "text": PROMPT}, {"type": "text", "text": "two"}]},
            {"role": "assistant", "content": "Yes?"}, {"role": "user", "content": "Go on."},
        ],
    )  # fmt: skip
    done = raw.parse()
    assert done.choices[0].message.content == TEXT and done.choices[0].finish_reason == "stop"
    assert (done.id, done.model, done.object) == ("msg_up1", "claude-upstream-5", "chat.completion")
    usage = done.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (1240, 33, 1273)
    assert usage.prompt_tokens_details.cached_tokens == 1000
    assert raw.headers["x-holdfast-served-by"] == f"an/{model}"

    request = upstream.request(model)
    assert request.target == "/v1/messages" and request.headers["anthropic-version"] == "2023-06-01"
    sent = request.json
    assert sent["model"] == model and sent["max_tokens"] == 77 and sent["temperature"] == 0.5
    assert [block["text"] for block in sent["system"]] == ["Be brief.", "Be kind."]
    assert [turn["role"] for turn in sent["messages"]] == ["user", "assistant", "user"]
    assert [block["text"] for block in sent["messages"][0]["content"]] == [PROMPT, "two"]
    assert sent["stop_sequences"] == ["END", "STOP"] and sent["metadata"] == {"user_id": "u-1"}


@pytest.mark.parametrize("pieces", [None, 1])
def test_openai_door_to_anthropic_streamed(scripted, upstream, pieces):
    blocks = [
        thinking_block("hm"), text_block(), tool_block("get_weather", {"city": "Köln \"x\" 👋"}, "toolu_A"),
        tool_block("get_time", {}, "toolu_B"), tool_block("get_weather", {"city": "世界"}, "toolu_C"),
    ]  # fmt: skip
    model = upstream.plays(sse(anthropic_stream(blocks, "tool_use"), pieces=pieces))
    chunks = list(
        scripted.openai().chat.completions.create(
            model=f"an/{model}", messages=TALK, stream=True, stream_options={"include_usage": True}
        )
    )
    text, calls = "", {}
    for chunk in chunks:
        for choice in chunk.choices:
            text += choice.delta.content or ""
            for piece in choice.delta.tool_calls or []:
                call = calls.setdefault(piece.index, {"id": piece.id, "name": piece.function.name, "arguments": ""})
                call["arguments"] += piece.function.arguments or ""
    assert text == TEXT
    assert [(c["id"], c["name"], json.loads(c["arguments"])) for c in calls.values()] == [
        ("toolu_A", "get_weather", {"city": "Köln \"x\" 👋"}), ("toolu_B", "get_time", {}),
        ("toolu_C", "get_weather", {"city": "世界"}),
    ]  # fmt: skip
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "tool_calls"
    assert chunks[-1].choices == [] and chunks[-1].usage.prompt_tokens == 1240
    assert chunks[-1].usage.prompt_tokens_details.cached_tokens == 1000
    assert chunks[0].id == "msg_up1" and chunks[0].model == "claude-upstream-5"


def test_openai_door_to_anthropic_tool_round(scripted, upstream):
    blocks = [tool_block("get_weather", {"city": "Köln"}, "toolu_A"), tool_block("get_time", {}, "toolu_B")]
    model = upstream.plays(answer(anthropic_answer(blocks, "tool_use")))
    tools = [
        {"type": "function", "function": {"name": "get_weather", "description": "d", "parameters": WEATHER}},
        {"type": "function", "function": {"name": "get_time"}},
    ]
    client = scripted.openai()
    first = client.chat.completions.create(model=f"an/{model}", messages=TALK, tools=tools)
    message = first.choices[0].message
    assert message.content is None and first.choices[0].finish_reason == "tool_calls"
    assert [c.id for c in message.tool_calls] == ["toolu_A", "toolu_B"]
    sent = upstream.request(model).json
    assert sent["tools"][0]["input_schema"] == WEATHER and sent["tools"][1]["input_schema"]["type"] == "object"
    single = client.chat.completions.create(model=f"an/{model}", messages=TALK, tools=tools, parallel_tool_calls=False)
    assert [c.id for c in single.choices[0].message.tool_calls] == ["toolu_A"]
    assert upstream.requests(model)[1].json["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}

    model = upstream.plays(answer(anthropic_answer()))
    results = [{"role": "tool", "tool_call_id": call.id, "content": f"{PROMPT} {call.id}"} for call in message.tool_calls]
    client.chat.completions.create(
        model=f"an/{model}", messages=[*TALK, message, *results], tools=tools, tool_choice="required"
    )
    sent = upstream.request(model).json
    assert [turn["role"] for turn in sent["messages"]] == ["user", "assistant", "user"]
    assert sent["messages"][1]["content"] == blocks
    assert [(b["type"], b["tool_use_id"]) for b in sent["messages"][2]["content"]] == [
        ("tool_result", "toolu_A"), ("tool_result", "toolu_B")
    ]  # fmt: skip
    assert sent["tool_choice"]["type"] == "any"


def test_openai_door_to_anthropic_images_and_schema(scripted, upstream):
    model = upstream.plays(answer(anthropic_answer([text_block('{"city":"x"}')])))
    images = [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        {"type": "image_url", "image_url": {"url": "https://example.com/x.png"}},
    ]
    shape = {"type": "json_schema", "json_schema": {"name": "city", "schema": WEATHER, "strict": True}}
    scripted.openai().chat.completions.create(
        model=f"an/{model}", messages=[{"role": "user", "content": [*images, {"type": "text", "text": PROMPT}]}],
        response_format=shape,
    )  # fmt: skip
    sent = upstream.request(model).json
    assert [block["source"] for block in sent["messages"][0]["content"][:2]] == [
        {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
        {"type": "url", "url": "https://example.com/x.png"},
    ]
    assert sent["output_config"]["format"] == {"type": "json_schema", "schema": WEATHER}


@pytest.mark.parametrize(
    "field, value",
    [
        ("n", 2), ("logprobs", True), ("logit_bias", {"5": 1}), ("frequency_penalty", 0.5), ("presence_penalty", 1),
        ("temperature", 1.5), ("frobnicate", {"x": 1}),
        ("audio", {"voice": "x", "format": "wav"}), ("web_search_options", {}), ("functions", [{"name": "f"}]),
    ],
)  # fmt: skip
def test_openai_door_to_anthropic_refuses_by_name(scripted, upstream, field, value):
    model = upstream.plays(answer(anthropic_answer()))
    with pytest.raises(openai.BadRequestError) as caught:
        scripted.openai().chat.completions.create(model=f"an/{model}", messages=TALK, extra_body={field: value})
    assert caught.value.param == field and field in str(caught.value)
    assert upstream.requests(model) == [], "it was sent on in spite of that"


def test_any_json_object_is_asked_of_anthropic_in_words(scripted, upstream):
    model = upstream.plays(answer(anthropic_answer()))
    raw = scripted.openai().chat.completions.with_raw_response.create(
        model=f"an/{model}", messages=TALK, response_format={"type": "json_object"}
    )
    assert "response_format (as an instruction)" in raw.headers["x-holdfast-dropped"]
    assert "one JSON object" in json.dumps(upstream.request(model).json["system"])


def test_openai_door_to_anthropic_tells_what_it_dropped(scripted, upstream):
    model = upstream.plays(answer(anthropic_answer()))
    raw = scripted.openai().chat.completions.with_raw_response.create(
        model=f"an/{model}", messages=TALK, seed=7, store=True, service_tier="auto", metadata={"a": "b"}
    )
    assert {word.strip() for word in raw.headers["x-holdfast-dropped"].split(",")} == {
        "seed", "store", "service_tier", "metadata",
    }  # fmt: skip


@pytest.mark.parametrize(
    "stop, finish",
    [
        ("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"), ("refusal", "content_filter"),
        ("model_context_window_exceeded", "length"), ("pause_turn", "length"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("streamed", [False, True])
def test_stop_reason_becomes_finish_reason(scripted, upstream, stop, finish, streamed):
    script = sse(anthropic_stream(None, stop)) if streamed else answer(anthropic_answer(None, stop))
    ask = {"model": f"an/{upstream.plays(script)}", "messages": TALK, "stream": streamed}
    done = scripted.openai().chat.completions.create(**ask)
    reasons = [c.choices[0].finish_reason for c in done if c.choices] if streamed else [done.choices[0].finish_reason]
    assert reasons[-1] == finish


# Anthropic's client, OpenAI's provider


def test_anthropic_door_to_openai_plain(scripted, upstream):
    model = upstream.plays(answer(openai_answer()))
    message = scripted.anthropic().messages.create(
        model=f"oa/{model}", max_tokens=77, stop_sequences=["END"], metadata={"user_id": "u-1"},
        # This version of the client has no argument of that name any more.
        extra_body={"temperature": 0.5},
        system=[{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}],
        messages=[
            {"role": "user", "content": [text_block(PROMPT), text_block("two")]},
            {"role": "assistant", "content": "Yes?"}, {"role": "user", "content": "Go on."},
        ],
    )  # fmt: skip
    assert [block.to_dict() for block in message.content if block.type == "text"][0]["text"] == TEXT
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    assert (message.id, message.model, message.role) == ("chatcmpl-up1", "gpt-upstream-2026", "assistant")
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (58, 1152, 33)

    request = upstream.request(model)
    assert request.target == "/v1/chat/completions"
    sent = request.json
    assert sent["model"] == model and sent["stop"] == ["END"] and sent["user"] == "u-1" and sent["temperature"] == 0.5
    assert sent.get("max_completion_tokens", sent.get("max_tokens")) == 77
    assert [turn["role"] for turn in sent["messages"]] == ["system", "user", "assistant", "user"]
    # One string, which every server of the format takes.
    assert sent["messages"][0]["content"] == "Be brief.\n\nBe kind."


@pytest.mark.parametrize("pieces", [None, 1])
def test_anthropic_door_to_openai_streamed(scripted, upstream, pieces):
    calls = [
        openai_call("get_weather", '{"city": "K\\u00f6ln \\"x\\""}', "call_A"), openai_call("get_time", "{}", "call_B"),
        openai_call("get_weather", '{"city":"世界 👋🏽"}', "call_C"),
    ]  # fmt: skip
    model = upstream.plays(sse(openai_stream(TEXT, calls), pieces=pieces))
    with scripted.anthropic().messages.stream(model=f"oa/{model}", max_tokens=99, messages=TALK) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_message()
    assert kinds[0] == "message_start" and kinds[-1] == "message_stop"
    assert kinds.count("content_block_start") == kinds.count("content_block_stop") == 4
    assert final.content[0].text == TEXT
    assert [(b.id, b.name, b.input) for b in final.content[1:]] == [
        ("call_A", "get_weather", {"city": "Köln \"x\""}), ("call_B", "get_time", {}),
        ("call_C", "get_weather", {"city": "世界 👋🏽"}),
    ]  # fmt: skip
    assert final.stop_reason == "tool_use"
    assert (final.usage.input_tokens, final.usage.cache_read_input_tokens, final.usage.output_tokens) == (58, 1152, 33)
    assert upstream.request(model).json["stream_options"] == {"include_usage": True}


def test_interleaved_parallel_calls_become_blocks_in_order(scripted, upstream):
    """Some servers send the arguments of several calls in turn; Anthropic's
    blocks come one after the other."""

    def part(index, **fields):
        return openai_chunk({"tool_calls": [{"index": index, **fields}]})

    events = [
        openai_chunk({"role": "assistant", "content": None}),
        part(0, id="call_A", type="function", function={"name": "f", "arguments": ""}),
        part(1, id="call_B", type="function", function={"name": "g", "arguments": '{"y"'}),
        part(0, function={"arguments": '{"x"'}), part(1, function={"arguments": ":2"}),
        part(0, function={"arguments": ":1}"}), part(1, function={"arguments": "}"}),
        openai_chunk({}, "tool_calls"), "[DONE]",
    ]  # fmt: skip
    model = upstream.plays(sse(events))
    with scripted.anthropic().messages.stream(model=f"oa/{model}", max_tokens=99, messages=TALK) as stream:
        final = stream.get_final_message()
    assert [(b.id, b.name, b.input) for b in final.content] == [("call_A", "f", {"x": 1}), ("call_B", "g", {"y": 2})]


def test_anthropic_door_to_openai_tool_round(scripted, upstream):
    call = openai_call("get_weather", '{"city":"Köln"}', "call_A")
    model = upstream.plays(answer(openai_answer(None, [call], "tool_calls")))
    tools = [{"name": "get_weather", "description": "d", "input_schema": WEATHER}]
    client = scripted.anthropic()
    choice = {"type": "tool", "name": "get_weather", "disable_parallel_tool_use": True}
    first = client.messages.create(model=f"oa/{model}", max_tokens=9, messages=TALK, tools=tools, tool_choice=choice)
    called = tool_block("get_weather", {"city": "Köln"}, "call_A")
    assert [b.to_dict() for b in first.content] == [{**called, "caller": {"type": "direct"}}]
    assert first.stop_reason == "tool_use"
    sent = upstream.request(model).json
    assert sent["tools"][0]["function"]["parameters"] == WEATHER
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "get_weather"}}
    assert sent["parallel_tool_calls"] is False

    model = upstream.plays(answer(openai_answer()))
    result = {"type": "tool_result", "tool_use_id": "call_A", "content": [text_block(f"{PROMPT} 31")]}
    talk = [*TALK, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result, text_block("So?")]}]
    client.messages.create(model=f"oa/{model}", max_tokens=9, messages=talk, tools=tools)
    sent = upstream.request(model).json["messages"]
    assert [turn["role"] for turn in sent] == ["user", "assistant", "tool", "user"]
    assert json.loads(sent[1]["tool_calls"][0]["function"]["arguments"]) == {"city": "Köln"}
    assert sent[2]["tool_call_id"] == "call_A"


def test_anthropic_door_to_openai_refuses_by_name(scripted, upstream):
    model = upstream.plays(answer(openai_answer()))
    ask = {"model": f"oa/{model}", "max_tokens": 9, "messages": TALK}
    document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": PROMPT}}
    for name, more in [
        ("top_k", {"extra_body": {"top_k": 5}}),
        ("frobnicate", {"extra_body": {"frobnicate": 1}}),
        ("messages.0.content.0", {"messages": [{"role": "user", "content": [document]}]}),
        ("tools.0", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
    ]:
        with pytest.raises(anthropic.BadRequestError) as caught:
            scripted.anthropic().messages.create(**{**ask, **more})
        assert name in str(caught.value)
    assert upstream.requests(model) == []


def test_count_tokens_for_an_openai_provider_is_a_marked_estimate(scripted, upstream):
    model = upstream.plays(answer(openai_answer()))
    raw = scripted.anthropic().messages.with_raw_response.count_tokens(
        model=f"oa/{model}", messages=[{"role": "user", "content": "word " * 400}]
    )
    assert raw.headers["x-holdfast-token-count"] == "estimate"
    assert 200 <= raw.parse().input_tokens <= 900
    assert upstream.requests(model) == []


@pytest.mark.parametrize("finish, stop", [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal")])
@pytest.mark.parametrize("streamed", [False, True])
def test_finish_reason_becomes_stop_reason(scripted, upstream, finish, stop, streamed):
    script = sse(openai_stream(finish=finish)) if streamed else answer(openai_answer(finish=finish))
    ask = {"model": f"oa/{upstream.plays(script)}", "messages": TALK, "max_tokens": 9}
    if not streamed:
        assert scripted.anthropic().messages.create(**ask).stop_reason == stop
        return
    with scripted.anthropic().messages.stream(**ask) as stream:
        assert stream.get_final_message().stop_reason == stop


def test_a_stream_without_usage_is_still_whole(scripted, upstream):
    model = upstream.plays(sse(openai_stream(usage=None)))
    with scripted.anthropic().messages.stream(model=f"oa/{model}", max_tokens=9, messages=TALK) as stream:
        assert stream.get_final_message().content[0].text == TEXT


def test_embeddings_do_not_exist_at_anthropics(scripted, upstream):
    with pytest.raises(openai.BadRequestError) as caught:
        scripted.openai().embeddings.create(model="an/x", input=PROMPT)
    assert "embeddings" in str(caught.value)



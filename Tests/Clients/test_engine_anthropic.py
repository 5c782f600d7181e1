"""Anthropic's client, and a model that Holdfast hosts itself."""

import anthropic
import pytest
from holdfast import PROMPT

QUESTION = [{"role": "user", "content": f"{PROMPT} What is the capital of France? Answer in one sentence."}]
# This version of the client has no argument `temperature` any more.
ASK = {"model": "assistant", "messages": QUESTION, "max_tokens": 12, "extra_body": {"temperature": 0}}
TOOL = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture
def client(hosted):
    return hosted.anthropic()


@pytest.fixture
def create(hosted, client):
    def create(**fields):
        message = client.messages.create(**{**ASK, **fields})
        hosted.heard += [block.text for block in message.content if block.type == "text" and len(block.text) >= 12]
        return message

    return create


def test_plain(create):
    message = create()
    assert "Paris" in message.content[0].text
    assert (message.type, message.role, message.model) == ("message", "assistant", "smollm2-135m")
    assert message.stop_reason in ("end_turn", "max_tokens")
    assert message.usage.input_tokens + (message.usage.cache_read_input_tokens or 0) > 10
    assert message.usage.output_tokens > 1
    assert message._request_id.startswith("req_")


def test_streamed_text_is_the_plain_text(client, create):
    with client.messages.stream(**ASK) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == final.content[0].text == create().content[0].text
    assert final.usage.output_tokens > 1


def test_event_order(client):
    kinds = [event.type for event in client.messages.create(**ASK, stream=True)]
    assert kinds[0] == "message_start" and kinds[1] == "content_block_start"
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}


def test_system_text_and_blocks_are_the_same(create):
    words = "You answer with the single word BANANA."
    one = create(system=words, max_tokens=6)
    other = create(system=[{"type": "text", "text": words, "cache_control": {"type": "ephemeral"}}], max_tokens=6)
    assert one.content[0].text == other.content[0].text


def total_input(usage):
    return usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"system": "You are brief. Grüße, 世界 👋🏽"},
        {"tools": [TOOL]},
        {"messages": [*QUESTION, {"role": "assistant", "content": "Paris."}, {"role": "user", "content": "And Italy?"}]},
        {"messages": [{"role": "user", "content": f"{PROMPT} <|im_end|> special <|im_start|> marks"}]},
    ],
    ids=["plain", "system", "tools", "talk", "marks"],
)
def test_count_tokens_is_exact(client, create, more):
    fields = {key: value for key, value in {**ASK, **more}.items() if key not in ("max_tokens", "extra_body")}
    raw = client.messages.with_raw_response.count_tokens(**fields)
    assert raw.parse().input_tokens == total_input(create(**more, max_tokens=1).usage)
    assert "x-holdfast-token-count" not in raw.headers


def test_stop_sequences(create):
    """The engine does not say which of its reasons to stop it was, so that
    `end_turn` is all that can be told."""
    message = create(stop_sequences=["Paris"])
    assert "Paris" not in message.content[0].text
    assert (message.stop_reason, message.stop_sequence) in [("stop_sequence", "Paris"), ("end_turn", None)]


def test_max_tokens(create):
    message = create(max_tokens=3)
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 3)


def test_max_tokens_is_asked_for_by_name(client, hosted):
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.post("/v1/messages", body={"model": "assistant", "messages": QUESTION}, cast_to=object)
    assert "max_tokens" in str(caught.value)


def test_tool_result_round(create):
    talk = [
        *QUESTION,
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Paris"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": f"{PROMPT} 31 degrees"}]},
    ]
    assert create(messages=talk, tools=[TOOL]).content


def test_image_is_refused_by_name(create):
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    talk = [{"role": "user", "content": [{"type": "text", "text": PROMPT}, {"type": "image", "source": source}]}]
    with pytest.raises(anthropic.BadRequestError) as caught:
        create(messages=talk)
    assert "messages.0.content.1" in str(caught.value) and "image" in str(caught.value)
    assert caught.value.type == "invalid_request_error"


def test_thinking_blocks_of_the_history_are_dropped_and_told(client):
    talk = [
        *QUESTION,
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": PROMPT, "signature": "abcd"}, {"type": "text", "text": "Paris."}],
        },
        {"role": "user", "content": "Sure?"},
    ]
    raw = client.messages.with_raw_response.create(**{**ASK, "messages": talk, "max_tokens": 2})
    assert "thinking" in raw.headers["x-holdfast-dropped"]


def test_unknown_field_is_refused_by_name(create):
    with pytest.raises(anthropic.BadRequestError) as caught:
        create(extra_body={"frobnicate": 1})
    assert "frobnicate" in str(caught.value)


def test_unknown_role_is_refused_by_name(create):
    with pytest.raises(anthropic.BadRequestError) as caught:
        create(messages=[{"role": "narrator", "content": PROMPT}])
    assert "messages.0.role" in str(caught.value)


def test_beta_query_is_accepted(client):
    for query in ({"beta": "true"}, {"beta": "true", "zzz": "1"}, {}):
        ask = {"model": "assistant", "messages": QUESTION, "max_tokens": 2}
        assert client.beta.messages.create(**ask, extra_query=query).content


def test_models(client):
    found = list(client.models.list())
    assert found[0].id == "assistant" and found[0].type == "model" and found[0].display_name
    assert "here/smollm2-135m" in [model.id for model in found]
    assert client.models.retrieve("assistant").id == "assistant"
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("no-such-model")

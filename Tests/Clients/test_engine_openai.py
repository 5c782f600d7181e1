"""OpenAI's client, and a model that Holdfast hosts itself."""

import json

import openai
import pytest
from holdfast import PROMPT

QUESTION = [{"role": "user", "content": f"{PROMPT} What is the capital of France? Answer in one sentence."}]
ASK = {"model": "assistant", "messages": QUESTION, "temperature": 0, "max_tokens": 12}


@pytest.fixture
def client(hosted):
    return hosted.openai()


@pytest.fixture
def complete(hosted, client):
    """Asks, and has the log watched for what was answered."""

    def complete(**fields):
        done = client.chat.completions.create(**{**ASK, **fields})
        for choice in done.choices:
            if len(choice.message.content or "") >= 12:
                hosted.heard.append(choice.message.content)
        return done

    return complete


def text_of(stream):
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def test_plain(complete):
    done = complete()
    assert "Paris" in done.choices[0].message.content
    assert done.choices[0].message.role == "assistant"
    assert done.object == "chat.completion" and done.id and done.created > 1.7e9
    assert done.model == "smollm2-135m"
    assert done.usage.prompt_tokens > 10 and 1 < done.usage.completion_tokens <= 12
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens
    assert done._request_id.startswith("req_")


def test_provider_and_model_by_name(complete):
    assert "Paris" in complete(model="here/smollm2-135m").choices[0].message.content


def test_trace_fields(client):
    raw = client.chat.completions.with_raw_response.create(**ASK)
    assert raw.headers["x-holdfast-served-by"] == "here/smollm2-135m"
    assert raw.headers["x-holdfast-attempts"] == "1"
    assert raw.request_id == raw.headers["x-request-id"]


def test_streamed_text_is_the_plain_text(client, complete):
    plain = complete().choices[0].message.content
    assert text_of(client.chat.completions.create(**ASK, stream=True)) == plain


def test_stream_has_a_role_a_finish_reason_and_no_usage_unasked(client):
    chunks = list(client.chat.completions.create(**ASK, stream=True))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] in ("stop", "length")
    assert all(chunk.usage is None for chunk in chunks)
    assert len({chunk.id for chunk in chunks}) == 1


def test_include_usage(client, complete):
    chunks = list(client.chat.completions.create(**ASK, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].choices == []
    assert all(chunk.usage is None for chunk in chunks[:-1])
    plain = complete().usage
    assert chunks[-1].usage.prompt_tokens == plain.prompt_tokens
    assert chunks[-1].usage.completion_tokens == plain.completion_tokens


def test_stream_helper(client):
    """The client's own accumulator is the strictest reader of chunks."""
    with client.chat.completions.stream(**ASK) as stream:
        for _ in stream:
            pass
        done = stream.get_final_completion()
    assert "Paris" in done.choices[0].message.content


def test_max_tokens_ends_with_length(complete):
    done = complete(max_tokens=3)
    assert done.choices[0].finish_reason == "length"
    assert done.usage.completion_tokens == 3


def test_max_completion_tokens(complete):
    done = complete(max_tokens=openai.omit, max_completion_tokens=3)
    assert done.usage.completion_tokens == 3


def test_stop_sequence(complete):
    done = complete(stop=["Paris"])
    assert "Paris" not in done.choices[0].message.content
    assert done.choices[0].finish_reason == "stop"


def test_seed_repeats(complete):
    # Open enough that two seeds hardly ever say the same: which they are is
    # up to a secret of this Holdfast's.
    story = [{"role": "user", "content": f"{PROMPT} Invent a story about an animal of your choice."}]
    hot = {"messages": story, "temperature": 1.5, "seed": 4711, "max_tokens": 24}
    texts = [complete(**hot).choices[0].message.content for _ in range(2)]
    assert texts[0] == texts[1]
    others = {complete(**{**hot, "seed": seed}).choices[0].message.content for seed in (1, 2, 3, 4)}
    assert others != {texts[0]}


def test_n_choices(complete):
    done = complete(n=2, temperature=1.2, max_tokens=8)
    assert [choice.index for choice in done.choices] == [0, 1]
    assert all(choice.message.content for choice in done.choices)


def test_n_choices_streamed(client):
    chunks = list(client.chat.completions.create(**{**ASK, "n": 2, "max_tokens": 8}, stream=True))
    texts = {0: "", 1: ""}
    for chunk in chunks:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert all(texts.values())


def test_more_choices_than_slots_is_refused_by_name(complete):
    with pytest.raises(openai.BadRequestError) as caught:
        complete(n=5)
    assert caught.value.param == "n" and "at most 4" in str(caught.value)


@pytest.fixture(scope="module")
def measuring(hosted):
    """A key that may have log-probabilities."""
    return hosted.openai(hosted.make_counting_key("measuring", "--logprobs"))


def test_logprobs_are_for_keys_that_may_have_them(complete):
    with pytest.raises(openai.BadRequestError) as caught:
        complete(logprobs=True)
    assert caught.value.param == "logprobs" and "--logprobs" in str(caught.value)


def test_logprobs(measuring):
    done = measuring.chat.completions.create(**ASK, logprobs=True, top_logprobs=3)
    tokens = done.choices[0].logprobs.content
    assert "".join(token.token for token in tokens).strip() in done.choices[0].message.content + "<|im_end|>"
    for token in tokens:
        assert token.logprob <= 0 and len(token.top_logprobs) == 3
        assert all(round(one.logprob, 1) == one.logprob for one in [token, *token.top_logprobs])
        assert token.top_logprobs[0].logprob > -2


def test_logprobs_streamed(measuring):
    chunks = measuring.chat.completions.create(**ASK, stream=True, logprobs=True)
    tokens = [t for c in chunks if c.choices and c.choices[0].logprobs for t in c.choices[0].logprobs.content or []]
    assert len(tokens) >= 5


def test_developer_role_is_heard(complete):
    talk = [{"role": "developer", "content": "You answer with the single word BANANA."}, *QUESTION]
    instructed = complete(messages=talk)
    assert instructed.usage.prompt_tokens != complete().usage.prompt_tokens
    system = complete(messages=[{**talk[0], "role": "system"}, *QUESTION])
    assert instructed.choices[0].message.content == system.choices[0].message.content


def test_json_schema(complete):
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "enum": ["Paris", "Rome"]}, "inhabitants": {"type": "integer"}},
        "required": ["city", "inhabitants"],
        "additionalProperties": False,
    }
    shape = {"type": "json_schema", "json_schema": {"name": "city", "schema": schema, "strict": True}}
    found = json.loads(complete(response_format=shape, max_tokens=40).choices[0].message.content)
    assert found["city"] in ("Paris", "Rome") and isinstance(found["inhabitants"], int)


def test_parse_helper(client):
    import pydantic

    class City(pydantic.BaseModel):
        city: str

    done = client.chat.completions.parse(**{**ASK, "max_tokens": 40}, response_format=City)
    assert isinstance(done.choices[0].message.parsed, City)


def test_broken_schema_is_a_bad_request(complete):
    shape = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "no-such-type"}}}
    with pytest.raises(openai.BadRequestError):
        complete(response_format=shape)


TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
                "additionalProperties": False,
            },
        },
    }
    for name, description in [("get_weather", "The weather in a city."), ("get_time", "The time in a city.")]
]


def test_tools_are_taken_and_a_result_is_read(complete):
    talk = [
        *QUESTION,
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": f"{PROMPT} 31 degrees"},
    ]
    done = complete(messages=talk, tools=TOOLS)
    assert done.choices[0].finish_reason in ("stop", "length", "tool_calls")
    assert done.usage.prompt_tokens > complete().usage.prompt_tokens


def test_required_tool_call(complete):
    """A model this small rarely calls on its own; a call that is required
    has to come, with arguments that hold to the schema."""
    done = complete(tools=TOOLS, tool_choice="required", max_tokens=64)
    [*calls] = done.choices[0].message.tool_calls
    assert done.choices[0].finish_reason == "tool_calls"
    for call in calls:
        assert call.id and call.function.name in ("get_weather", "get_time")
        assert list(json.loads(call.function.arguments)) == ["city"]


def test_required_tool_call_streamed_is_the_plain_one(client, complete):
    """But for white space: a whole answer's arguments are written anew by
    the engine, a stream's come as the model wrote them."""
    fields = {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "get_time"}}, "max_tokens": 64}
    plain = complete(**fields).choices[0].message.tool_calls
    calls = {}
    for chunk in client.chat.completions.create(**{**ASK, **fields}, stream=True):
        for piece in (chunk.choices[0].delta.tool_calls if chunk.choices else None) or []:
            call = calls.setdefault(piece.index, {"name": "", "arguments": ""})
            call["name"] += piece.function.name or ""
            call["arguments"] += piece.function.arguments or ""
    assert [(call["name"], json.loads(call["arguments"])) for call in calls.values()] == [
        (call.function.name, json.loads(call.function.arguments)) for call in plain
    ]
    assert plain[0].function.name == "get_time"


def test_image_is_refused_by_name(complete):
    talk = [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": PROMPT},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
            ],
        }
    ]
    with pytest.raises(openai.BadRequestError) as caught:
        complete(messages=talk)
    assert caught.value.param == "messages[0].content[1]"
    assert "image" in str(caught.value) and caught.value.request_id.startswith("req_")


@pytest.mark.parametrize("field", ["frobnicate", "cache_prompt", "n_predict", "grammar", "samplers"])
def test_unknown_fields_are_refused_by_name(complete, field):
    """Fields that llama.cpp would accept in addition to OpenAI's are refused, too."""
    with pytest.raises(openai.BadRequestError) as caught:
        complete(extra_body={field: 1})
    assert caught.value.param == field


def test_advisory_fields_are_dropped_and_told(client):
    raw = client.chat.completions.with_raw_response.create(**ASK, user="u-1", store=False, metadata={"a": "b"})
    assert {"user", "store", "metadata"} <= {word.strip() for word in raw.headers["x-holdfast-dropped"].split(",")}


def test_unknown_role_is_refused(complete):
    with pytest.raises(openai.BadRequestError) as caught:
        complete(messages=[{"role": "narrator", "content": PROMPT}])
    assert caught.value.param == "messages[0].role" and "developer" in str(caught.value)


def test_prompt_over_the_context(complete):
    with pytest.raises(openai.BadRequestError) as caught:
        complete(messages=[{"role": "user", "content": f"{PROMPT} many words " * 1500}])
    assert caught.value.code == "context_length_exceeded"


def test_models(client):
    found = [model.id for model in client.models.list()]
    assert found[0] == "assistant"
    assert {"here/smollm2-135m", "vectors/smol-vectors"} <= set(found)
    assert client.models.retrieve("assistant").id == "assistant"
    assert client.models.retrieve("here/smollm2-135m").id == "here/smollm2-135m"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")


def test_legacy_and_other_addresses_are_not_found(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.completions.create(model="assistant", prompt=PROMPT)
    assert "/v1/chat/completions" in str(caught.value)
    with pytest.raises(openai.NotFoundError):
        client.images.generate(model="assistant", prompt=PROMPT)


# Embeddings


def test_embeddings_float_and_base64_agree(client):
    ask = {"model": "vectors/smol-vectors", "input": [f"{PROMPT} a cat", "quarterly results"]}
    decoded = client.embeddings.create(**ask)  # the client asks for base64 and decodes it
    floats = client.embeddings.create(**ask, encoding_format="float")
    text = client.embeddings.create(**ask, encoding_format="base64").data[0].embedding
    assert isinstance(text, str)
    assert len(decoded.data) == 2 and [each.index for each in decoded.data] == [0, 1]
    for one, other in zip(decoded.data, floats.data):
        assert len(one.embedding) == 576
        # Base64 holds 32-bit floats; the text holds as many digits as those need.
        assert one.embedding == pytest.approx(other.embedding, rel=1e-4, abs=1e-6)
    assert decoded.data[0].embedding != decoded.data[1].embedding
    assert decoded.usage.prompt_tokens == decoded.usage.total_tokens > 4


def test_embeddings_of_one_text(client):
    assert len(client.embeddings.create(model="vectors/smol-vectors", input=PROMPT).data) == 1


def test_embeddings_where_they_are_off(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="assistant", input=PROMPT)
    assert "embeddings: mean" in str(caught.value)


def test_embeddings_dimensions_are_refused_by_name(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="vectors/smol-vectors", input=PROMPT, dimensions=64)
    assert caught.value.param == "dimensions"

"""Tests of everything that callers can't use of a hosted engine: they get a clear refusal in each dialect."""

import json

import anthropic
import openai
import pytest
from bare_engine import BareEngine
from holdfast import PROMPT

TALK = [{"role": "user", "content": f"{PROMPT} Say hello."}]
ASK = {"model": "assistant", "messages": TALK, "max_tokens": 4}
LIBRARIES = {"openai": openai, "anthropic": anthropic}

#: Each with a value that the engine would take.
FIELDS = {
    "n_probs": 800, "post_sampling_probs": True, "return_tokens": True, "verbose": True, "response_fields": ["content"],
    "timings_per_token": True, "samplers": ["temperature"], "min_p": 0.1, "typical_p": 0.5, "top_n_sigma": 1,
    "mirostat": 2, "repeat_penalty": 1.5, "dry_multiplier": 1, "xtc_probability": 0.5, "min_keep": 800,
    "dynatemp_range": 1, "ignore_eos": True, "grammar": 'root ::= "a"', "json_schema": {"type": "object"},
    "n_discard": -1, "n_keep": -1, "n_predict": 5, "id_slot": 0, "cache_prompt": True, "n_cache_reuse": 1,
    "lora": [{"id": 0, "scale": 2.0}], "chat_template_kwargs": {"x": 1}, "chat_template": "x", "prompt": "x",
    "input_prefix": "x", "t_max_predict_ms": 1, "speculative.n_max": 1,
    # Nobody's.
    "a_field_that_nobody_knows": 1, "N_PROBS": 800, "n_probs ": 800,
}  # fmt: skip


def ask(hosted, library, **fields):
    """Asks with the official client, which sends these fields unchanged."""
    create = hosted.openai().chat.completions.create if library == "openai" else hosted.anthropic().messages.create
    return create(**ASK, extra_body=fields)


@pytest.fixture(scope="module")
def bare():
    with BareEngine() as bare:
        yield bare


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_the_engines_is_refused_by_name(hosted, library, field):
    with pytest.raises(LIBRARIES[library].BadRequestError) as refused:
        ask(hosted, library, **{field: FIELDS[field]})
    body = refused.value.body
    error = body["error"] if library == "anthropic" else body
    assert field.strip() in error["message"], error
    assert error["type"] == "invalid_request_error"
    if library == "openai":
        assert error["param"] == field


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("where", ["a message", "a part", "a tool"])
def test_a_field_that_hides_in_another_is_refused_with_its_place(hosted, library, where):
    fields = {"messages": TALK}
    if where == "a message":
        fields["messages"] = [{**TALK[0], "n_probs": 5}]
    elif where == "a part":
        fields["messages"] = [{"role": "user", "content": [{"type": "text", "text": PROMPT, "n_probs": 5}]}]
    elif library == "openai":
        fields["tools"] = [{"type": "function", "function": {"name": "f"}, "n_probs": 5}]
    else:
        fields["tools"] = [{"name": "f", "input_schema": {"type": "object"}, "n_probs": 5}]
    with pytest.raises(LIBRARIES[library].BadRequestError) as refused:
        ask(hosted, library, **fields)
    assert ".n_probs" in str(refused.value), refused.value


def test_these_fields_work_on_the_bare_engine(bare):
    """Else the tests above would show nothing."""
    # No sampler at all: one answer in sixty began with two tokens that are no
    # whole character, for which the engine shows no probabilities.
    status, said = bare.ask(
        "POST", "/v1/chat/completions",
        {"messages": TALK, "max_tokens": 16, "seed": 1, "ignore_eos": True, "n_probs": 40, "logprobs": True, "top_logprobs": 40, "verbose": True,
         "post_sampling_probs": True, "samplers": []},
    )  # fmt: skip
    assert status == 200 and "__verbose" in said and "timings" in said
    assert len(said["choices"][0]["logprobs"]["content"][0]["top_probs"]) == 40
    status, said = bare.ask("GET", "/v1/models")
    assert said["data"][0]["meta"]["n_embd"] == 576
    assert bare.ask("POST", "/tokenize", {"content": "hello"})[0] == 200
    assert bare.ask("GET", "/props")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/props", "/slots", "/metrics", "/completion", "/completions", "/v1/completions", "/tokenize", "/detokenize",
        "/apply-template", "/infill", "/lora-adapters", "/embedding", "/embeddings", "/rerank", "/v1/rerank",
        "/v1/responses/input_tokens", "/slots/0?action=save", "/v1/../props", "/v1/chat/completions/../../../props", "//props",
        "/v1/chat/completions/props", "/api/show", "/models", "/cors-proxy", "/tools",
    ],
)  # fmt: skip
def test_an_engines_other_paths_are_not_there(hosted, path):
    status, _, said = hosted.get(path, hosted.key)
    assert status == 404, (status, said)
    assert b"n_embd" not in said and b"chat_template" not in said


def test_the_list_of_models_tells_no_sizes(hosted):
    for path in ("/v1/models", "/v1/models/assistant", "/v1/models/here%2Fsmollm2-135m", "/v1/models/here/smollm2-135m"):
        status, _, said = hosted.get(path, hosted.key)
        text = said.decode()
        for word in ["n_embd", "n_params", "n_vocab", "n_ctx", "meta", "size", "576", "49152", ".gguf", "llama"]:
            assert word not in text, (path, text)
        if path == "/v1/models":
            assert status == 200 and "assistant" in text


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_has_the_dialects_members_only(hosted, stream):
    client = hosted.openai()
    raw = client.chat.completions.with_raw_response.create(**ASK, temperature=0, stream=stream)
    known = {"id", "object", "created", "model", "choices", "usage", "system_fingerprint", "service_tier"}
    if stream:
        lines = raw.http_response.read().decode().splitlines()
        parts = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
        assert len(parts) > 2
    else:
        parts = [json.loads(raw.content)]
    for part in parts:
        assert part.keys() <= known, part
        assert not part.get("system_fingerprint")
        for choice in part["choices"]:
            assert choice.keys() <= {"index", "message", "delta", "finish_reason", "logprobs"}
            assert choice.get("logprobs") is None
    for name in raw.headers:
        assert name.lower() not in ("server", "access-control-allow-origin", "keep-alive")


def test_embeddings_take_their_three_fields_only(hosted):
    client = hosted.openai()
    done = client.embeddings.create(model="vectors/smol-vectors", input="hello", encoding_format="float")
    assert len(done.data[0].embedding) == 576
    for field in ("embd_normalize", "image_data", "dimensions"):
        with pytest.raises(openai.BadRequestError) as refused:
            client.embeddings.create(model="vectors/smol-vectors", input="hello", extra_body={field: -1})
        assert refused.value.body["param"] == field

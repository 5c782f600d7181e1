"""Amazon Bedrock as a provider, scripted: what applications of other APIs get
of it, and how its failures are met. Every request's signature is checked by
botocore."""

import json
import os
from contextlib import contextmanager

import anthropic
import boto3
import openai
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from bedrock_upstream import (
    BEARER, EVERY_HEADER, KEY_ID, REGION, SECRET, BedrockUpstream, bedrock_provider, chunk, converse, converse_answer,
    converse_events, error, events, exception, is_stream, message,
)
from holdfast import PROMPT, Holdfast, cli, eventually
from standin import HOWS, LIBRARIES, TALK, WHOLE, goes_on, hear, pair, plain, provider_at, refusal, served, streamed
from test_drill import CAUSES, PASSED_ON, QUICK, pull
from upstream import answer, by_request, gated, silence, status
from wire import Wire

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123def456"
LIGHTHOUSE = ["The lamp ", "burns ", "all ", "night."]
CALL = {"toolUse": {"toolUseId": "tooluse_1", "name": "look", "input": {"at": "the sky"}}}
THOUGHT = {"reasoningContent": {"reasoningText": {"text": "Which lamp?", "signature": "c2ln"}}}
TOOL = {"name": "look", "description": "Looks.", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}


@pytest.fixture(scope="module")
def bedrock():
    with BedrockUpstream() as bedrock:
        yield bedrock
        assert not bedrock.faults


@pytest.fixture(scope="module")
def aws(bedrock):
    with Holdfast({"aws": bedrock_provider(bedrock)}, log={"level": "trace"}) as holdfast:
        holdfast.secrets += [SECRET]
        yield holdfast


@contextmanager
def before(bedrock, spare, first, second, first_model=None, **route):
    """A route `talk`: Bedrock, and then a provider of OpenAI's API."""
    models = [bedrock.plays(first, first_model), spare.plays(second)]
    providers = {"first": bedrock_provider(bedrock), "second": provider_at(spare, "oa", "second-host")}
    listed = [{"provider": name, "model": model} for name, model in zip(providers, models, strict=True)]
    with Holdfast(providers, {"talk": {"candidates": listed, **route}}, log={"format": "json"}) as holdfast:
        holdfast.secrets += [SECRET]
        yield holdfast, models


# What applications get


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("model", [CLAUDE, ARN, "meta.llama3-3-70b-instruct-v1:0"])
def test_an_answer_reaches_every_library(bedrock, aws, library, how, model):
    bedrock.plays(converse(LIGHTHOUSE), model)
    assert HOWS[how](aws, library, f"aws/{model}") == "".join(LIGHTHOUSE)
    assert bedrock.signers[-1] == KEY_ID


def test_an_answer_that_names_nothing_is_named(bedrock, aws):
    model = bedrock.plays(converse("Hi"))
    whole = aws.openai().chat.completions.create(model=f"aws/{model}", messages=TALK)
    assert (whole.id, whole.model) == ("aws-request-1", model)
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (12, 34)
    [first, *_] = aws.openai().chat.completions.create(model=f"aws/{model}", messages=TALK, stream=True)
    assert (first.id, first.model) == ("aws-request-1", model)
    said = aws.anthropic().messages.create(model=f"aws/{model}", messages=TALK, max_tokens=9)
    assert (said.id, said.model) == ("aws-request-1", model)


@pytest.mark.parametrize("streams", [False, True])
def test_tools_are_called_and_answered(bedrock, aws, streams):
    model = bedrock.plays(converse("So:", CALL, stop="tool_use"))
    options = {"model": f"aws/{model}", "messages": TALK, "tools": [{"type": "function", "function": TOOL}]}
    if streams:
        chunks = list(aws.openai().chat.completions.create(**options, stream=True))
        pieces = [call for each in chunks if each.choices for call in each.choices[0].delta.tool_calls or []]
        name, call_id = pieces[0].function.name, pieces[0].id
        arguments = "".join(piece.function.arguments or "" for piece in pieces)
        assert [each.choices[0].finish_reason for each in chunks if each.choices][-1] == "tool_calls"
    else:
        [call] = aws.openai().chat.completions.create(**options).choices[0].message.tool_calls
        name, call_id, arguments = call.function.name, call.id, call.function.arguments
    assert (name, json.loads(arguments)) == ("look", {"at": "the sky"})
    history = [
        *TALK,
        {"role": "assistant", "tool_calls": [
            {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}]},
        {"role": "tool", "tool_call_id": call_id, "content": "It is blue."},
    ]  # fmt: skip
    aws.openai().chat.completions.create(**{**options, "messages": history})
    sent = bedrock.requests(model)[-1].json
    assert sent["messages"][1]["content"] == [
        {"toolUse": {"toolUseId": "tooluse_1", "name": "look", "input": {"at": "the sky"}}}]
    assert sent["messages"][2]["content"] == [
        {"toolResult": {"toolUseId": "tooluse_1", "content": [{"text": "It is blue."}]}}]
    assert sent["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"] == TOOL["parameters"]


@pytest.mark.parametrize("streams", [False, True])
def test_thinking_goes_there_and_back_with_its_signature(bedrock, aws, streams):
    model = bedrock.plays(converse(THOUGHT, "The old one."), f"{CLAUDE}-{streams}")
    options = {
        "model": f"aws/{model}", "max_tokens": 4000, "messages": TALK,
        "thinking": {"type": "enabled", "budget_tokens": 2000},
    }  # fmt: skip
    client = aws.anthropic()
    if streams:
        with client.messages.stream(**options) as stream:
            said = stream.get_final_message()
    else:
        said = client.messages.create(**options)
    assert (said.content[0].thinking, said.content[0].signature) == ("Which lamp?", "c2ln")
    turn = {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in said.content]}
    client.messages.create(**{**options, "messages": [*TALK, turn, {"role": "user", "content": "Sure?"}]})
    sent = bedrock.requests(model)[-1].json
    assert sent["messages"][1]["content"] == [THOUGHT, {"text": "The old one."}]
    assert sent["additionalModelRequestFields"] == {"thinking": {"type": "enabled", "budget_tokens": 2000}}


def test_an_image_travels_as_bytes_and_its_address_is_refused(bedrock, aws):
    model = bedrock.plays(converse("A dot."))

    def ask(url):
        content = [{"type": "text", "text": PROMPT}, {"type": "image_url", "image_url": {"url": url}}]
        return aws.openai().chat.completions.create(
            model=f"aws/{model}", messages=[{"role": "user", "content": content}])

    ask("data:image/png;base64,iVBORw0KGgo=")
    image = bedrock.requests(model)[0].json["messages"][0]["content"][1]
    assert image == {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}}
    with pytest.raises(openai.BadRequestError, match="address"):
        ask("https://example.com/dot.png")


def test_a_schema_and_what_is_left_out_are_told(bedrock, aws):
    model = bedrock.plays(converse('{"lamp": 1}'))
    schema = {"type": "object", "properties": {"lamp": {"type": "integer"}}, "required": ["lamp"]}
    raw = aws.openai().chat.completions.with_raw_response.create(
        model=f"aws/{model}", messages=TALK, seed=7, user="me",
        response_format={"type": "json_schema", "json_schema": {"name": "lamps", "schema": schema}},
    )  # fmt: skip
    assert {"seed", "user"} <= set(raw.headers["x-holdfast-dropped"].replace(",", " ").split())
    definition = bedrock.requests(model)[0].json["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert (definition["name"], json.loads(definition["schema"])) == ("lamps", schema)


def test_a_guardrails_answer_is_a_refusal(bedrock, aws):
    model = bedrock.plays(converse("Sorry.", stop="guardrail_intervened"))
    whole = aws.openai().chat.completions.create(model=f"aws/{model}", messages=TALK)
    assert whole.choices[0].finish_reason == "content_filter"
    assert aws.anthropic().messages.create(model=f"aws/{model}", messages=TALK, max_tokens=9).stop_reason == "refusal"


def test_a_bearer_is_the_credential_where_it_is_given(bedrock):
    provider = {"dialect": "bedrock", "region": REGION, "base_url": bedrock.url, "api_key": BEARER}
    model = bedrock.plays(converse("Hi"))
    with Holdfast({"aws": provider}) as holdfast:
        holdfast.secrets += [BEARER]
        assert plain(holdfast, "openai", f"aws/{model}") == "Hi"
    assert bedrock.signers[-1] == "bearer"


# Streams as they come


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_stream_in_single_bytes_with_every_type_of_header(bedrock, aws, library):
    first = message("messageStart", {"role": "assistant"}, raw_headers=EVERY_HEADER)
    rest = list(converse_events([LIGHTHOUSE]))[1:]
    model = bedrock.plays(events([first, message("newKind", {"x": 1}), *rest], pieces=1))
    assert streamed(aws, library, f"aws/{model}") == "".join(LIGHTHOUSE)


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_a_damaged_message_is_broken_with_its_offset(bedrock, aws):
    whole = list(converse_events([["one ", "two"]], padding=False))
    offset = sum(map(len, whole[:2]))
    for place in (3, 9, len(whole[2]) // 2, len(whole[2]) - 1):
        model = bedrock.plays(events([*whole[:2], flipped(whole[2], place), *whole[3:]]))
        heard = hear(aws, "openai", f"aws/{model}")
        assert heard.text == "one " and not heard.finish_reasons, place
        assert f"begins at byte {offset}" in json.dumps(heard.errors), place
        assert eventually(lambda: [line for line in aws.log.splitlines() if model in line and "aws:broken" in line])


def test_an_exception_in_a_stream_is_told_in_the_callers_words(bedrock, aws):
    opening = list(converse_events([["one ", "two"]]))[:2]
    model = bedrock.plays(events([*opening, exception("modelStreamErrorException", "it broke", originalStatusCode=500)]))
    heard = hear(aws, "openai", f"aws/{model}")
    assert heard.text == "one " and "it broke" in json.dumps(heard.errors)
    with pytest.raises(anthropic.APIError, match="it broke"):
        streamed(aws, "anthropic", f"aws/{model}")


def test_a_caller_who_leaves_takes_the_request_along(bedrock, aws):
    model = bedrock.plays(events(list(converse_events([["one "] * 500])), delay=0.05))
    with Wire(aws) as wire:
        wire.post({"model": f"aws/{model}", "messages": TALK, "stream": True}, path="/v1/chat/completions")
        assert bedrock.request(model)
    assert bedrock.request(model).gone()


# Failures, and who stands in


FAILURES = [
    (429, "ThrottlingException", "Too many requests, please wait before trying again.", "throttled"),
    (429, "ModelNotReadyException", "The model is not ready to serve inference requests.", "overloaded"),
    (408, "ModelTimeoutException", "The request took too long to process.", "silent"),
    (424, "ModelErrorException", "The request failed due to an error while processing the model.", "broken"),
    (500, "InternalServerException", "An internal server error occurred.", "broken"),
    (503, "ServiceUnavailableException", "The service isn't currently available.", "overloaded"),
    (403, "AccessDeniedException", "You don't have access to the model with the specified model ID.", "denied"),
    (403, "UnrecognizedClientException", "The security token included in the request is invalid.", "credential"),
    (403, "ExpiredTokenException", "The security token included in the request is expired", "credential"),
    (404, "ResourceNotFoundException", "This model version has reached the end of its life.", "withdrawn"),
    (400, "ValidationException", "The provided model identifier is invalid.", "withdrawn"),
    (400, "ServiceQuotaExceededException", "Your request exceeds the service quota for your account.", "exhausted"),
]  # fmt: skip


@pytest.mark.parametrize("code, kind, words, cause", FAILURES, ids=[f"{row[1]}-{row[3]}" for row in FAILURES])
def test_every_failure_has_its_cause_and_its_stand_in(bedrock, spare, code, kind, words, cause):
    with before(bedrock, spare, error(code, kind, words), served("oa")) as (holdfast, _):
        assert streamed(holdfast, "anthropic") == WHOLE
        [line] = eventually(holdfast.requests_logged)
        assert line["attempts"][0]["cause"] == cause, line


@pytest.mark.parametrize("name, cause", [
    ("throttlingException", "throttled"), ("internalServerException", "broken"),
    ("serviceUnavailableException", "overloaded"), ("modelStreamErrorException", "broken"),
])  # fmt: skip
@pytest.mark.parametrize("spoken", [0, 3])
def test_an_exception_in_a_stream_has_its_stand_in(bedrock, spare, name, cause, spoken):
    tokens = [WHOLE[at : at + 9] for at in range(0, 90, 9)][: spoken or 1]
    opening = list(converse_events([tokens]))[: 1 + spoken]
    first = events([*opening, exception(name, "words of theirs")])
    with before(bedrock, spare, first, goes_on("oa")) as (holdfast, _):
        assert streamed(holdfast, "openai") == WHOLE
        [line] = eventually(holdfast.requests_logged)
        assert line["attempts"][0]["cause"] == cause, line


@pytest.mark.parametrize("end", ["cut", "early", "damaged"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_stream_that_breaks_off_is_gone_on_with(bedrock, spare, library, end):
    tokens = [WHOLE[at : at + 9] for at in range(0, 180, 9)]
    whole = list(converse_events([tokens]))
    opening = whole[:12]
    if end == "cut":
        first = events(whole, cut_after_bytes=sum(map(len, opening)) + 5)
    else:
        first = events([*opening, *([flipped(whole[12], 20)] if end == "damaged" else [])])
    with before(bedrock, spare, first, goes_on("oa")) as (holdfast, _):
        assert streamed(holdfast, library) == WHOLE


@pytest.mark.parametrize("library", LIBRARIES)
def test_bedrock_goes_on_where_another_stopped(bedrock, spare, library):
    tokens = [WHOLE[at : at + 9] for at in range(0, 90, 9)]

    def rest(request):
        sent = json.dumps(request.json, ensure_ascii=False)
        known = "".join(tokens)
        assert known[:20] in sent
        said = [block["text"] for turn in request.json["messages"] for block in turn["content"] if "text" in block]
        begun = next((text for text in reversed(said) if WHOLE.startswith(text)), None)
        left = WHOLE[len(begun) :] if begun else WHOLE[len(known) :]
        return events(converse_events([[left[at : at + 7] for at in range(0, len(left), 7)]]))

    from standin import stream_of  # the opening of OpenAI's stream
    from upstream import sse

    first = sse(stream_of("oa", tokens)[: 1 + len(tokens)])
    model, other = bedrock.plays(by_request(rest), f"{CLAUDE}-rest-{library}"), spare.plays(first)
    providers = {"first": provider_at(spare, "oa", "first-host"), "second": bedrock_provider(bedrock)}
    listed = [{"provider": "first", "model": other}, {"provider": "second", "model": model}]
    with Holdfast(providers, {"talk": {"candidates": listed}}, log={"format": "json"}) as holdfast:
        assert streamed(holdfast, library) == WHOLE


def test_too_long_a_prompt_is_told_as_such(bedrock, aws):
    model = bedrock.plays(error(400, "ValidationException", "Input is too long for requested model."))
    refused = refusal(aws, "openai", model=f"aws/{model}")
    assert refused.status_code == 400 and "too long" in str(refused)


def test_words_of_the_account_stay_here(bedrock, aws):
    """A wrong signature's error repeats what was signed, the session's token with it."""
    words = (
        "The request signature we calculated does not match the signature you provided. The Canonical String for this "
        f"request should have been 'POST\\nx-amz-security-token:IQoJb3JpZ2luX2VjEJr{'a' * 200}'"
    )
    model = bedrock.plays(error(403, "InvalidSignatureException", words))
    refused = refusal(aws, "openai", model=f"aws/{model}")
    assert "Canonical" not in str(refused) and "IQoJb3" not in str(refused)
    aws.heard += ["IQoJb3JpZ2luX2VjEJr"]


# Drills

#: Those whose words are Bedrock's most; the table as a whole takes a minute.
HERE = CAUSES if "HOLDFAST_LONG" in os.environ else ["withdrawn", "denied", "credential", "caller_fault"]


@pytest.mark.parametrize("cause", HERE)
def test_a_drill_says_what_bedrock_says(bedrock, spare, cause):
    with before(bedrock, spare, converse(WHOLE), served("oa"), timeouts={"first_byte": "300ms"}) as (holdfast, _):
        two = type("Two", (), {"holdfast": holdfast})
        code, report = pull(two, "--as", cause, "--load", "20rps", *QUICK)
        assert report["requests"]["met_the_pull"] > 0
        assert code == (1 if cause in PASSED_ON else 0), report


@pytest.mark.parametrize("cause", [cause for cause in HERE if cause in ("withdrawn", "throttled", "broken", "overloaded")])
def test_a_drill_in_mid_stream_is_an_exception(bedrock, spare, cause):
    tokens = [WHOLE[at : at + 9] for at in range(0, len(WHOLE), 9)]
    with before(
        bedrock, spare, events(converse_events([tokens]), delay=0.002), goes_on("oa")
    ) as (holdfast, _):
        two = type("Two", (), {"holdfast": holdfast})
        code, report = pull(two, "--as", cause, "--at-token", "5", "--load", "5rps", *QUICK)
        assert code == 0, report


# Lists


def test_the_end_of_a_models_life_is_announced(bedrock):
    bedrock.models = [
        {"modelId": "anthropic.claude-old-v1:0", "modelLifecycle": {
            "status": "LEGACY", "legacyTime": "2026-01-01T00:00:00Z", "endOfLifeTime": "2030-06-30T00:00:00Z"}},
        {"modelId": "anthropic.claude-new-v1:0", "modelLifecycle": {"status": "ACTIVE"}},
    ]  # fmt: skip
    model = bedrock.plays(converse("Hi"), "eu.anthropic.claude-old-v1:0")
    provider = bedrock_provider(bedrock, control_url=bedrock.url, model_list="1s")
    with Holdfast({"aws": provider}, {"r": {"candidates": [{"provider": "aws", "model": model}]}}) as holdfast:
        lines = eventually(lambda: [line for line in holdfast.log.splitlines() if "will retire a model" in line])
        assert model in lines[0] and "1909008000" in lines[0]


# Callers of Bedrock's own API, whose bytes pass through


#: An answer of the model's own API.
INVOKED = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "c", "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn", "usage": {"input_tokens": 3, "output_tokens": 2},
}  # fmt: skip
INVOKED_EVENTS = [
    {"type": "message_start", "message": {**INVOKED, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 3}},
]
BODY = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": TALK, "new_field": [1, {}]})


def native(request):
    if "invoke" in request.target:
        return events(map(chunk, INVOKED_EVENTS)) if is_stream(request) else answer(INVOKED)
    if "count-tokens" in request.target:
        return answer({"inputTokens": 4711})
    return events(converse_events(["Hi"])) if is_stream(request) else answer(converse_answer([{"text": "Hi"}]))


@contextmanager
def boto(holdfast):
    """A client of Bedrock's at Holdfast's door."""
    made = json.loads(cli("keys", "create", "--name", "boto", "--sigv4", "--json", config=holdfast.config).stdout)
    holdfast.secrets.append(made["secret_access_key"])
    client = boto3.client(
        "bedrock-runtime", region_name=REGION, endpoint_url=f"http://127.0.0.1:{holdfast.port}",
        aws_access_key_id=made["access_key_id"], aws_secret_access_key=made["secret_access_key"],
        config=Config(retries={"max_attempts": 1}),
    )  # fmt: skip

    def is_known():
        try:
            return client.count_tokens(modelId="none", input={"converse": {"messages": [said("Hi")]}})
        except ClientError as refused:
            return refused.response["Error"]["Code"] == "ResourceNotFoundException"

    eventually(is_known)
    yield client
    client.close()


def said(words):
    return {"role": "user", "content": [{"text": words}]}


def test_bedrock_in_and_bedrock_out_is_byte_for_byte(bedrock, aws):
    model = bedrock.plays(by_request(native), f"{CLAUDE}-native")
    name = f"aws/{model}"
    metadata = {"team": "lamps"}
    with boto(aws) as client:
        whole = client.converse(modelId=name, messages=[said("Hi")], requestMetadata=metadata)
        assert (whole["output"]["message"]["content"], whole["usage"]["outputTokens"]) == ([{"text": "Hi"}], 34)
        assert bedrock.requests(model)[-1].json["requestMetadata"] == metadata
        stream = list(client.converse_stream(modelId=name, messages=[said("Hi")])["stream"])
        assert list(stream[-1]) == ["metadata"] and {"contentBlockDelta": {"delta": {"text": "Hi"}, "contentBlockIndex": 0}} in stream
        assert json.loads(client.invoke_model(modelId=name, body=BODY)["body"].read()) == INVOKED
        assert bedrock.requests(model)[-1].body == BODY.encode()
        stream = client.invoke_model_with_response_stream(modelId=name, body=BODY)["body"]
        assert [json.loads(event["chunk"]["bytes"]) for event in stream] == INVOKED_EVENTS
        assert client.count_tokens(modelId=name, input={"converse": {"messages": [said("Hi")]}})["inputTokens"] == 4711
    assert set(bedrock.signers) == {KEY_ID} or "bearer" in bedrock.signers


def test_a_guardrail_goes_to_bedrock_and_to_nobody_else(bedrock, spare):
    refuses = error(429, "ThrottlingException", "slow")
    with before(bedrock, spare, by_request(native), served("oa")) as (holdfast, [model, _]), boto(holdfast) as client:
        client.invoke_model(modelId="talk", body=BODY, guardrailIdentifier="gr-1", guardrailVersion="1")
        sent = bedrock.requests(model)[0]
        assert sent.headers["x-amzn-bedrock-guardrailidentifier"] == "gr-1"
        assert sent.headers["authorization"].count("x-amzn-bedrock-guardrailidentifier") == 1
    with before(bedrock, spare, refuses, served("oa")) as (holdfast, [_, other]), boto(holdfast) as client:
        with pytest.raises(ClientError):
            client.invoke_model(modelId="talk", body=BODY, guardrailIdentifier="gr-1", guardrailVersion="1")
        assert not spare.calls(other)


def test_silence_is_met_by_the_stand_in(bedrock, spare):
    with before(bedrock, spare, silence, served("oa"), timeouts={"first_byte": "300ms"}) as (holdfast, _):
        assert plain(holdfast, "openai") == WHOLE


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'{"output": 1}', b"<html>", b'{"message": "no"}'])
def test_nonsense_is_no_answer(bedrock, aws, body):
    model = bedrock.plays(answer(body))
    refused = refusal(aws, "openai", model=f"aws/{model}")
    assert refused.status_code == 502


def test_a_stream_that_is_none_is_no_answer(bedrock, aws):
    for first in (status(200, body=b"{}"), events([b"data: {}\n\n"]), events([]), events([message("messageStop", {})])):
        model = bedrock.plays(first)
        refused = refusal(aws, "openai", streamed, model=f"aws/{model}")
        assert getattr(refused, "status_code", 502) == 502

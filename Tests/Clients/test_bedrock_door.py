"""Bedrock's doors, as boto3 uses them: with a bearer key and with signed requests, over each scripted provider."""

import json
import os
import time
from unittest import mock

import anthropic
import botocore.exceptions
import pytest
from bedrock_caller import Pair, client, events, faults, make_pair, model, signed
from holdfast import PROMPT, Holdfast, cli
from patience import eventually
from shapes import TEXT, anthropic_answer, anthropic_stream, openai_answer, openai_call, openai_stream, tool_block
from conftest import scripted_providers
from upstream import answer, by_request, slow_head, sse, status

ANSWERS = {"oa": openai_answer, "an": anthropic_answer}
STREAMS = {"oa": openai_stream, "an": anthropic_stream}
ASKED = [{"role": "user", "content": [{"text": PROMPT}]}]
MESSAGES = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50, "messages": [{"role": "user", "content": PROMPT}]}
TOOL = {
    "toolSpec": {
        "name": "weather",
        "description": "Tells the weather.",
        "inputSchema": {"json": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
    }
}


@pytest.fixture(scope="module")
def bedrock(upstream):
    timeouts = {"connect": "1s", "first_byte": "10m", "idle": "10m"}
    with Holdfast(
        scripted_providers(upstream, timeouts=timeouts),
        {
            "both": {"candidates": [{"provider": "oa", "model": "behind-bedrock"}]},
            "fading": {
                "candidates": [
                    {"provider": "an", "model": "claude-fading", "deprecated": "2026-01-01", "retires": "2099-01-31",
                     "successor": "both"}]
            },
            "us.anthropic.claude-*": "both",
            "arn:aws:bedrock:*:111122223333:application-inference-profile/*": "both",
            "eu.anthropic.claude-exact-v1:0": "fading",
        },
        log={"level": "trace"},
    ) as holdfast:
        holdfast.secrets += ["sk-of-the-provider-oa", "sk-of-the-provider-an"]
        holdfast.pair = make_pair(holdfast, "signs")
        yield holdfast


@pytest.fixture(params=["signed", "bearer"])
def runtime(request, bedrock):
    """boto3's client, once with each kind of key."""
    proofs = set()

    def note(request, **_):
        proofs.add(request.headers["Authorization"].decode().split()[0])

    with mock.patch.dict(os.environ, {"AWS_BEARER_TOKEN_BEDROCK": bedrock.key} if request.param == "bearer" else {}):
        caller = client(bedrock, bedrock.pair if request.param == "signed" else None)
        caller.meta.events.register("before-send", note)
        yield caller
    assert proofs == {"Bearer" if request.param == "bearer" else "AWS4-HMAC-SHA256"}


@pytest.fixture
def control(bedrock):
    return client(bedrock, bedrock.pair, service="bedrock")


# Operations


@pytest.mark.parametrize("provider", ANSWERS)
def test_converse(runtime, upstream, provider):
    name = upstream.plays(answer(ANSWERS[provider]()))
    reply = runtime.converse(modelId=f"{provider}/{name}", messages=ASKED, system=[{"text": "Be short."}])
    assert reply["output"]["message"] == {"role": "assistant", "content": [{"text": TEXT}]}
    assert reply["stopReason"] == "end_turn"
    assert reply["usage"]["totalTokens"] == reply["usage"]["inputTokens"] + reply["usage"]["outputTokens"] + reply["usage"].get(
        "cacheReadInputTokens", 0) + reply["usage"].get("cacheWriteInputTokens", 0)
    assert reply["ResponseMetadata"]["RequestId"].startswith("req_")
    assert reply["ResponseMetadata"]["HTTPHeaders"]["x-holdfast-served-by"] == f"{provider}/{name}"
    # No word of how the caller proved itself goes on.
    [request] = upstream.requests(name)
    assert not [field for field in request.headers if field.startswith(("x-amz", "amz-"))]


@pytest.mark.parametrize("provider", STREAMS)
def test_converse_stream(runtime, upstream, provider):
    name = upstream.plays(sse(STREAMS[provider]()))
    said = list(runtime.converse_stream(modelId=f"{provider}/{name}", messages=ASKED)["stream"])
    kinds = [kind for event in said for kind in event]
    assert kinds[0] == "messageStart" and kinds[-2:] == ["messageStop", "metadata"]
    assert "".join(event["contentBlockDelta"]["delta"]["text"] for event in said if "contentBlockDelta" in event) == TEXT
    assert said[-1]["metadata"]["usage"]["outputTokens"] == 33 or provider == "an"


@pytest.mark.parametrize("provider", ["oa", "an"])
def test_the_time_that_an_answer_took_is_told(runtime, upstream, provider):
    """From the request's arrival to its end, in milliseconds; where bytes pass as they came, the provider says it."""
    whole, streamed = slow_head(0.15, ANSWERS[provider]()), sse(STREAMS[provider](), delay=0.03)
    name = upstream.plays(by_request(lambda request: streamed if request.json.get("stream") else whole))
    asked = {"modelId": f"{provider}/{name}", "messages": ASKED}
    began = time.monotonic()
    first = runtime.converse(**asked)["metrics"]["latencyMs"]
    *_, last = runtime.converse_stream(**asked)["stream"]
    second = last["metadata"]["metrics"]["latencyMs"]
    assert first >= 150 and second >= 100
    # No more than the two took together.
    assert first + second <= 1000 * (time.monotonic() - began)


@pytest.mark.parametrize("provider", ANSWERS)
def test_invoke_model(runtime, upstream, provider):
    name = upstream.plays(answer(ANSWERS[provider]()))
    reply = runtime.invoke_model(modelId=f"{provider}/{name}", body=json.dumps(MESSAGES))
    said = json.loads(reply["body"].read())
    assert said["type"] == "message" and "".join(block.get("text", "") for block in said["content"]) == TEXT


@pytest.mark.parametrize("provider", STREAMS)
def test_invoke_model_with_response_stream(runtime, upstream, provider):
    name = upstream.plays(sse(STREAMS[provider]()))
    stream = runtime.invoke_model_with_response_stream(modelId=f"{provider}/{name}", body=json.dumps(MESSAGES))["body"]
    said = [json.loads(event["chunk"]["bytes"]) for event in stream]
    assert said[0]["type"] == "message_start" and said[-1]["type"] == "message_stop"
    assert "".join(event["delta"].get("text", "") for event in said if event["type"] == "content_block_delta") == TEXT


def test_count_tokens(runtime, upstream):
    name = upstream.plays(answer({"input_tokens": 77}))
    for asked in [{"converse": {"messages": ASKED}}, {"invokeModel": {"body": json.dumps(MESSAGES).encode()}}]:
        assert runtime.count_tokens(modelId=f"an/{name}", input=asked)["inputTokens"] > 0


@pytest.mark.parametrize("provider", ANSWERS)
def test_a_tool_is_called_and_its_result_goes_back(runtime, upstream, provider):
    call = {"oa": openai_answer(None, [openai_call("weather", '{"city":"Oslo"}')], "tool_calls"),
            "an": anthropic_answer([tool_block("weather", {"city": "Oslo"}, "toolu_A1")], "tool_use")}[provider]
    name = upstream.plays(answer(call))
    tools = {"tools": [TOOL], "toolChoice": {"any": {}}}
    reply = runtime.converse(modelId=f"{provider}/{name}", messages=ASKED, toolConfig=tools)
    assert reply["stopReason"] == "tool_use"
    [use] = [block["toolUse"] for block in reply["output"]["message"]["content"] if "toolUse" in block]
    assert use["name"] == "weather" and use["input"] == {"city": "Oslo"}
    result = {"toolUseId": use["toolUseId"], "content": [{"json": {"sky": "blue"}}], "status": "success"}
    name = upstream.plays(answer(ANSWERS[provider]()))
    reply = runtime.converse(
        modelId=f"{provider}/{name}", toolConfig={"tools": [TOOL]},
        messages=[*ASKED, reply["output"]["message"], {"role": "user", "content": [{"toolResult": result}]}])
    assert reply["output"]["message"]["content"] == [{"text": TEXT}]
    sent = json.dumps(upstream.request(name).json)
    assert "blue" in sent and "weather" in sent


# Names of models


@pytest.mark.parametrize(
    "name",
    [
        "both", "us.anthropic.claude-opus-4-1-20250805-v1:0", "arn:aws:bedrock:holdfast::foundation-model/both",
        "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/a1b2c3d4e5f6",
        "arn:aws:bedrock:us-east-1:444455556666:inference-profile/us.anthropic.claude-opus-4-1-20250805-v1:0",
    ],
)
def test_a_route_has_the_names_that_the_settings_give_it(runtime, upstream, name):
    upstream.plays(answer(openai_answer()), model="behind-bedrock")
    reply = runtime.converse(modelId=name, messages=ASKED)
    assert reply["ResponseMetadata"]["HTTPHeaders"]["x-holdfast-served-by"] == "oa/behind-bedrock"


# Lists


def test_models_are_listed_with_their_lifecycle(control):
    models = {each["modelId"]: each for each in control.list_foundation_models()["modelSummaries"]}
    assert {"both", "fading", "eu.anthropic.claude-exact-v1:0"} <= set(models)
    assert models["both"]["modelLifecycle"] == {"status": "ACTIVE"}
    fading = models["fading"]["modelLifecycle"]
    assert fading["status"] == "LEGACY" and fading["legacyTime"].year == 2026 and fading["endOfLifeTime"].year == 2099
    assert models["eu.anthropic.claude-exact-v1:0"]["modelLifecycle"] == fading
    for each in models.values():
        details = control.get_foundation_model(modelIdentifier=each["modelArn"])["modelDetails"]
        assert details["modelId"] == each["modelId"]
    assert control.list_foundation_models(byOutputModality="IMAGE")["modelSummaries"] == []


def test_routes_are_listed_as_inference_profiles(control):
    first = control.list_inference_profiles(maxResults=1)
    ids = [each["inferenceProfileId"] for each in first["inferenceProfileSummaries"]]
    ids += [each["inferenceProfileId"] for each in
            control.list_inference_profiles(nextToken=first["nextToken"])["inferenceProfileSummaries"]]
    assert ids == ["both", "fading", "eu.anthropic.claude-exact-v1:0"]
    assert control.get_inference_profile(inferenceProfileIdentifier="both")["status"] == "ACTIVE"
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        control.get_inference_profile(inferenceProfileIdentifier="none")


def test_a_key_sees_its_own_routes_alone(bedrock):
    pair = make_pair(bedrock, "narrow", "--routes", "fading")
    listed = client(bedrock, pair, service="bedrock").list_foundation_models()["modelSummaries"]
    assert [each["modelId"] for each in listed] == ["fading", "eu.anthropic.claude-exact-v1:0"]


# Errors


def error_of(call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    error = caught.value
    assert error.response["ResponseMetadata"]["RequestId"].startswith("req_")
    assert error.response["Error"]["Message"]
    return error


def test_errors_are_boto3s_own_classes(bedrock, upstream, runtime):
    def ask(name="both", **more):
        return lambda: runtime.converse(modelId=name, messages=ASKED, **more)

    assert isinstance(error_of(ask("nothing")), runtime.exceptions.ResourceNotFoundException)
    refused = upstream.plays(status(400, body={"error": {"message": "no", "type": "invalid_request_error"}}))
    assert isinstance(error_of(ask(f"oa/{refused}")), runtime.exceptions.ValidationException)
    audio = [{"role": "user", "content": [{"audio": {"format": "mp3", "source": {"bytes": b"x"}}}]}]
    error = error_of(lambda: runtime.converse(modelId="both", messages=audio))
    assert isinstance(error, runtime.exceptions.ValidationException) and "audio" in str(error)
    limited = upstream.plays(status(429, {"retry-after": "7"}, {"error": {"message": "slow", "type": "rate_limit_error"}}))
    assert isinstance(error_of(ask(f"oa/{limited}")), runtime.exceptions.ThrottlingException)


def test_a_limited_key_is_throttled(bedrock, upstream):
    pair = make_pair(bedrock, "slow", "--rpm", "1")
    name = upstream.plays(answer(openai_answer()))
    slow = client(bedrock, pair)
    slow.converse(modelId=f"oa/{name}", messages=ASKED)
    error = error_of(lambda: slow.converse(modelId=f"oa/{name}", messages=ASKED))
    assert isinstance(error, slow.exceptions.ThrottlingException)


def test_a_key_without_the_route_is_denied(bedrock):
    pair = make_pair(bedrock, "other", "--routes", "fading")
    denied = client(bedrock, pair)
    error = error_of(lambda: denied.converse(modelId="both", messages=ASKED))
    assert isinstance(error, denied.exceptions.AccessDeniedException)


@pytest.mark.parametrize("change", ["id", "secret", "token", "bearer"])
def test_who_is_not_known_is_told_so_as_aws_does(bedrock, change):
    pair, environment, token = bedrock.pair, {}, None
    expected = "UnrecognizedClientException"
    if change == "id":
        pair = Pair("HFSK" + "A" * 16, pair.secret)
    elif change == "secret":
        pair, expected = Pair(pair.id, "x" * 40), "InvalidSignatureException"
    elif change == "token":
        token = "left over"
    else:
        pair, environment = None, {"AWS_BEARER_TOKEN_BEDROCK": "hf_" + "x" * 43}
    with mock.patch.dict(os.environ, environment):
        caller = client(bedrock, pair, token=token)
        error = error_of(lambda: caller.converse(modelId="both", messages=ASKED))
    assert error.response["Error"]["Code"] == expected
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_revoked_key_signs_nothing_any_more(bedrock, upstream):
    pair = make_pair(bedrock, "leaves")
    cli("keys", "revoke", pair.id, config=bedrock.config, check=0)
    eventually(lambda: signed(bedrock, pair, "GET", "/foundation-models").status == 403)
    gone = client(bedrock, pair)
    error = error_of(lambda: gone.converse(modelId="both", messages=ASKED))
    assert error.response["Error"]["Code"] == "UnrecognizedClientException"


def test_an_unknown_address_answers_in_the_words_of_the_sdk(bedrock, control):
    error = error_of(lambda: control.list_guardrails())
    assert error.response["Error"]["Code"] == "ResourceNotFoundException"


def test_every_answer_has_a_request_id(bedrock):
    for method, path in [("POST", "/model/both/converse"), ("POST", "/model/none/invoke"), ("GET", "/foundation-models"),
                         ("GET", "/model/both/converse"), ("GET", "/inference-profiles/none")]:
        for pair in [bedrock.pair, Pair("HFSK" + "A" * 16, "x")]:
            reply = signed(bedrock, pair, method, path, b"{}" if method == "POST" else b"")
            assert reply.getheader("x-amzn-requestid", "").startswith("req_"), (method, path)
            assert reply.status == 200 or reply.getheader("x-amzn-errortype"), (method, path)


# botocore's own model of the service


@pytest.mark.parametrize("provider", ANSWERS)
def test_answers_are_what_botocores_model_says(bedrock, upstream, provider):
    runtime = model()
    calls = {"oa": openai_answer("Well:", [openai_call("weather", "{}")], "tool_calls"),
             "an": anthropic_answer([tool_block("weather", {"city": "Oslo"}, "toolu_A1")], "tool_use")}[provider]
    for said in [ANSWERS[provider](), calls]:
        name = upstream.plays(answer(said))
        reply = signed(bedrock, bedrock.pair, "POST", f"/model/{provider}%2F{name}/converse", json.dumps(
            {"messages": [{"role": "user", "content": [{"text": "x"}]}], "toolConfig": {"tools": [TOOL]}}).encode())
        assert reply.status == 200, reply.content
        assert faults(runtime.operation_model("Converse").output_shape, json.loads(reply.content)) == []


@pytest.mark.parametrize("provider", STREAMS)
def test_streams_are_what_botocores_model_says(bedrock, upstream, provider):
    shape = model().operation_model("ConverseStream").output_shape.members["stream"]
    name = upstream.plays(sse(STREAMS[provider]()))
    reply = signed(bedrock, bedrock.pair, "POST", f"/model/{provider}%2F{name}/converse-stream", json.dumps(
        {"messages": [{"role": "user", "content": [{"text": "x"}]}]}).encode())
    assert reply.getheader("content-type") == "application/vnd.amazon.eventstream"
    said = events(reply.content)
    assert [name for name, _ in said][-1] == "metadata"
    for kind, payload in said:
        # Keeps a connection alive; clients pass over kinds that they don't know.
        if kind == "ping":
            continue
        assert faults(shape.members[kind], payload, kind) == []


@pytest.mark.parametrize("operation,path", [
    ("ListFoundationModels", "/foundation-models"), ("GetFoundationModel", "/foundation-models/fading"),
    ("ListInferenceProfiles", "/inference-profiles"), ("GetInferenceProfile", "/inference-profiles/both"),
])
def test_lists_are_what_botocores_model_says(bedrock, operation, path):
    reply = signed(bedrock, bedrock.pair, "GET", path)
    assert reply.status == 200
    assert faults(model("bedrock").operation_model(operation).output_shape, json.loads(reply.content)) == []


# Anthropic's own client for Bedrock


@pytest.fixture(params=["signed", "bearer"])
def messages(request, bedrock):
    words = {"aws_access_key": bedrock.pair.id, "aws_secret_key": bedrock.pair.secret} if request.param == "signed" else {
        "api_key": bedrock.key}
    caller = anthropic.AnthropicBedrock(aws_region="eu-west-1", base_url=bedrock.url, max_retries=0, **words)
    yield caller.messages
    caller.close()


@pytest.mark.parametrize("provider", ANSWERS)
def test_anthropics_client_for_bedrock(messages, upstream, provider):
    asked = {"max_tokens": 50, "messages": [{"role": "user", "content": PROMPT}]}
    name = upstream.plays(answer(ANSWERS[provider]()))
    reply = messages.create(model=f"{provider}/{name}", **asked)
    assert "".join(block.text for block in reply.content) == TEXT
    name = upstream.plays(sse(STREAMS[provider]()))
    with messages.stream(model=f"{provider}/{name}", **asked) as stream:
        assert "".join(stream.text_stream) == TEXT
        assert stream.get_final_message().stop_reason == "end_turn"


def test_anthropics_client_is_told_of_errors_in_its_classes(messages):
    with pytest.raises(anthropic.NotFoundError):
        messages.create(model="none", max_tokens=5, messages=[{"role": "user", "content": "x"}])

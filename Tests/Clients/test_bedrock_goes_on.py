"""Streams through Bedrock's doors whose provider breaks off: read by boto3, whoever goes on; and what is refused there."""

import json
import os
import socket
from unittest import mock

import botocore.exceptions
import pytest
from bedrock_caller import client
from bedrock_upstream import KEY_ID, REGION, SECRET, BedrockUpstream, converse_events, exception
from bedrock_upstream import events as messages
from conftest import scripted_providers
from holdfast import Holdfast
from shapes import TEXT, openai_answer
from standin import TALK, TOKENS, WHOLE, goes_on, opening, pair, provider_at
from upstream import answer, sse

ASKED = [{"role": "user", "content": [{"text": TALK[0]["content"]}]}]
BODY = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 900, "messages": TALK}
DOORS = ["converse", "invoke"]
trips = pytest.mark.parametrize(
    "door,provider,stand_in", [(door, *way) for door in DOORS for way in (("oa", "an"), ("an", "oa"), ("an", "an"))])


def stream(holdfast, door, route="talk"):
    with mock.patch.dict(os.environ, {"AWS_BEARER_TOKEN_BEDROCK": holdfast.key}):
        caller = client(holdfast)
        if door == "converse":
            return caller.converse_stream(modelId=route, messages=ASKED)["stream"]
        return caller.invoke_model_with_response_stream(modelId=route, body=json.dumps(BODY))["body"]


def told(said, door):
    """The text, the events' kinds and the last words of a stream."""
    if door == "converse":
        text = "".join(event["contentBlockDelta"]["delta"].get("text", "") for event in said if "contentBlockDelta" in event)
        return text, [kind for event in said for kind in event]
    inner = [json.loads(event["chunk"]["bytes"]) for event in said]
    text = "".join(event["delta"].get("text", "") for event in inner if event["type"] == "content_block_delta")
    return text, [event["type"] for event in inner]


@trips
def test_another_candidate_goes_on(upstream, spare, door, provider, stand_in):
    with pair(upstream, spare, sse(opening(provider, 41)), goes_on(stand_in), (provider, stand_in)) as two:
        said = list(stream(two.holdfast, door))
        text, kinds = told(said, door)
        assert text == WHOLE
        ends = {"converse": ["messageStop", "metadata"], "invoke": ["message_delta", "message_stop"]}[door]
        assert kinds[-2:] == ends and kinds.count(kinds[0]) == 1 and all(kinds.count(end) == 1 for end in ends)
        if door == "converse":
            hand_over = said[-2]["messageStop"]["additionalModelResponseFields"]["holdfast"]["continued"]
        else:
            hand_over = json.loads(said[-2]["chunk"]["bytes"])["holdfast"]["continued"]
        assert [each["by"] for each in hand_over] == [f"second/{two.second}"]
        assert len(two.second_calls) == 1


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("provider", ["oa", "an"])
def test_nobody_goes_on(upstream, spare, door, provider):
    """The stream ends as an exception that boto3 raises, not as if it were whole."""
    with pair(upstream, spare, sse(opening(provider, 41)), None, (provider, "oa")) as two:
        said = []
        with pytest.raises(botocore.exceptions.EventStreamError) as raised:
            for event in stream(two.holdfast, door):
                said.append(event)
        text, kinds = told(said, door)
        assert WHOLE.startswith(text) and text and kinds[-1] not in ("metadata", "message_stop")
        assert raised.value.response["Error"]["Code"] in (
            "modelStreamErrorException", "internalServerException", "serviceUnavailableException")


# Bedrock on both sides: the bytes pass


@pytest.fixture(scope="module")
def bedrock():
    with BedrockUpstream() as bedrock:
        yield bedrock


def aws(bedrock):
    return {
        "dialect": "bedrock", "base_url": bedrock.url, "aws_region": REGION,
        "credentials": {"access_key_id": KEY_ID, "secret_access_key": SECRET},
    }  # fmt: skip


def tokens():
    return list(converse_events([TOKENS]))


def both(bedrock, spare, first, second, **how):
    """A route `talk`: Bedrock, then the other."""
    models = [bedrock.plays(first), spare.plays(second)]
    providers = {"first": aws(bedrock), "second": provider_at(spare, "oa", "second-host")}
    listed = [{"provider": name, "model": model} for name, model in zip(providers, models, strict=True)]
    return Holdfast(providers, {"talk": {"candidates": listed}}, log={"format": "json"}, **how)


def test_bytes_pass(bedrock, spare):
    with both(bedrock, spare, messages(tokens()), goes_on("oa")) as holdfast:
        text, kinds = told(list(stream(holdfast, "converse")), "converse")
        assert text == WHOLE and kinds[-1] == "metadata"
        assert not bedrock.faults


def ways_to_break():
    whole = tokens()
    bad = bytearray(whole[40])
    bad[-20] ^= 1
    torn = bytearray(whole[40])
    torn[9] ^= 1
    return {
        "cut between two messages": messages(whole[:40]),
        "cut in a message": messages(whole, cut_after_bytes=sum(map(len, whole[:40])) + 17),
        "a wrong checksum": messages([*whole[:40], bytes(bad), *whole[41:]]),
        "a wrong prelude": messages([*whole[:40], bytes(torn), *whole[41:]]),
        "an exception": messages([*whole[:40], exception("modelStreamErrorException", "The model broke.")]),
        "no JSON": messages([*whole[:40], b"not a message at all, but long enough to be one"]),
    }


@pytest.mark.parametrize("how", ways_to_break())
def test_another_candidate_goes_on_for_bedrock(bedrock, spare, how):
    with both(bedrock, spare, ways_to_break()[how], goes_on("oa")) as holdfast:
        said = list(stream(holdfast, "converse"))
        text, kinds = told(said, "converse")
        assert text == WHOLE
        assert kinds[-2:] == ["messageStop", "metadata"] and kinds.count("messageStart") == 1
        indexes = [event["contentBlockDelta"]["contentBlockIndex"] for event in said if "contentBlockDelta" in event]
        assert indexes == sorted(indexes)


# Bodies that are none


@pytest.fixture(scope="module")
def door(upstream):
    with Holdfast(scripted_providers(upstream), log={"level": "trace"}) as holdfast:
        holdfast.secrets += ["sk-of-the-provider-oa", "sk-of-the-provider-an"]
        yield holdfast


def post(holdfast, path, body, headers=None):
    with socket.create_connection(("127.0.0.1", holdfast.port), timeout=20) as line:
        fields = {"host": "h", "authorization": f"Bearer {holdfast.key}", "content-length": str(len(body)), **(headers or {})}
        head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "connection: close\r\n\r\n"
        line.sendall(head.encode() + body)
        data = b""
        while piece := line.recv(65536):
            data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    return int(first.split()[1]), {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in rest}, body


WRONG = [
    b"", b"{", b"[]", b"null", b'"x"', b"{}", b'{"messages":null}', b'{"messages":{}}', b'{"messages":[1]}', b'{"messages":[{}]}',
    b'{"messages":[{"role":"user","content":[{"text":null}]}]}', b'{"messages":[{"role":"user","content":[[]]}]}',
    b'{"messages":[{"role":"user","content":[{"text":"a"}]}],"inferenceConfig":[]}',
    b'{"messages":[{"role":"user","content":[{"text":"a"}]}],"inferenceConfig":{"maxTokens":1e99}}',
    b'{"messages":[{"role":"user","content":[{"text":"a"}]}],"toolConfig":{"tools":[{"toolSpec":[]}]}}',
    b'{"messages":[{"role":"user","content":[{"image":{"format":1,"source":{"bytes":""}}}]}]}',
    b'{"messages":' + b"[" * 5000 + b"]" * 5000 + b"}", b"\xff\xfe", b'{"input":{"invokeModel":{"body":"!!"}}}',
]


@pytest.mark.parametrize("operation", ["converse", "converse-stream", "invoke", "invoke-with-response-stream", "count-tokens"])
def test_a_wrong_body_is_a_validation_exception(door, upstream, operation):
    name = upstream.plays(answer(openai_answer()))
    for body in WRONG:
        status, fields, said = post(door, f"/model/oa%2F{name}/{operation}", body)
        assert (status, fields.get("x-amzn-errortype")) == (400, "ValidationException"), (body[:80], status, said)
        assert fields["x-amzn-requestid"] and json.loads(said)["message"], body[:80]
    assert upstream.calls(name) == []


@pytest.mark.parametrize("path", ["/model//converse", "/model/%2F/converse", "/model/%/converse", "/model/a%00b/converse", "/model/../converse"])
def test_a_model_that_is_none_is_not_found(door, path):
    status, fields, said = post(door, path, b'{"messages":[{"role":"user","content":[{"text":"a"}]}]}', {"amz-sdk-invocation-id": "1"})
    assert status in (400, 404) and fields["x-amzn-errortype"] in ("ValidationException", "ResourceNotFoundException"), (status, said)
    assert json.loads(said)["message"]


def test_an_id_with_slashes_may_come_as_it_is(door, upstream):
    name = upstream.plays(answer(openai_answer()))
    for spelt in (f"oa/{name}", f"oa%2F{name}", f"oa%2f{name}"):
        status, _, said = post(door, f"/model/{spelt}/converse", b'{"messages":[{"role":"user","content":[{"text":"a"}]}]}')
        assert status == 200 and json.loads(said)["output"]["message"]["content"] == [{"text": TEXT}]

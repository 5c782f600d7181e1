"""The golden answers of `Tests/Fixtures/golden` in the eyes of others: the published schemas, the types of the official
clients, and botocore's service model. They are what Holdfast tells its callers (`GoldenTests`), so that no server runs.

The same holds for the golden requests that Holdfast would send to Bedrock.
"""

import base64
import functools
import json
import pathlib

import anthropic.types
import llm_comply
import openai.types.chat
import openai.types.responses
import pytest
from llm_comply.schema import SSE_EVENT_TO_SCHEMA, SpecLoader
from pydantic import TypeAdapter

GOLDEN = pathlib.Path(__file__).parent.parent / "Fixtures" / "golden"
SPECS = pathlib.Path(llm_comply.__file__).parent / "specs"


def snapshots(name, source="*"):
    found = sorted(GOLDEN.glob(f"{source}/*/{name}"))
    assert found, name
    return [pytest.param(path, id="/".join(path.parts[-3:])) for path in found]


def events(path):
    """The events of a stream as pairs of a name and its data; `[DONE]` is left out."""
    for block in path.read_text().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "data" in fields and fields["data"] != "[DONE]":
            yield fields.get("event", ""), json.loads(fields["data"])
        elif "bytes" in fields:
            yield fields["event"], json.loads(fields["bytes"])


@functools.cache
def reader(kind):
    return TypeAdapter(kind)


def strict(kind, value):
    """Reads a value as the official client's type, without the client's leniency."""
    return reader(kind).validate_python(value)


@functools.cache
def schema(file):
    return SpecLoader(str(SPECS / file))


# OpenAI's chat


@pytest.mark.parametrize("path", snapshots("reply.openai.json"))
def test_a_chat_completion_is_one(path):
    strict(openai.types.chat.ChatCompletion, json.loads(path.read_text()))


@pytest.mark.parametrize("path", snapshots("stream.openai.sse"))
def test_chunks_are_chunks(path):
    for _, data in events(path):
        strict(openai.types.chat.ChatCompletionChunk, data)


# OpenAI's Responses

# Open Responses of 2026-04-24 doesn't have these tools and their calls yet; OpenAI's own client does.
BEYOND = {"custom", "custom_tool_call", "namespace", "tool_search", "tool_search_call"}


OPEN_RESPONSES = "openresponses.json"


def is_open(value):
    """Returns whether Open Responses has all that a value says."""
    if isinstance(value, dict):
        return value.get("type") not in BEYOND and all(map(is_open, value.values()))
    return not isinstance(value, list) or all(map(is_open, value))


@pytest.mark.parametrize("path", snapshots("reply.responses.json"))
def test_a_response_is_one(path):
    response = json.loads(path.read_text())
    strict(openai.types.responses.Response, response)
    if is_open(response):
        assert schema(OPEN_RESPONSES).validate(response, "ResponseResource") == []


@pytest.mark.parametrize("path", snapshots("stream.responses.sse"))
def test_events_of_a_response_are_events_in_their_order(path):
    told = list(events(path))
    assert [data["sequence_number"] for _, data in told] == list(range(len(told)))
    assert told[0][0] == "response.created"
    assert told[-1][0] in ("response.completed", "response.incomplete", "response.failed")
    assert path.read_text().endswith("data: [DONE]\n\n")
    open_items = {}
    for name, data in told:
        assert name == data["type"]
        strict(openai.types.responses.ResponseStreamEvent, data)
        if (kind := SSE_EVENT_TO_SCHEMA.get(name)) and is_open(data):
            assert schema(OPEN_RESPONSES).validate(data, kind) == [], name
        if name == "response.output_item.added":
            assert data["output_index"] not in open_items
            open_items[data["output_index"]] = data["item"]["id"]
        elif "item_id" in data:
            assert open_items[data["output_index"]] == data["item_id"], name
    done = [data["item"] for name, data in told if name == "response.output_item.done"]
    assert told[-1][1]["response"]["output"] == done


# Anthropic's Messages


@pytest.mark.parametrize("path", snapshots("reply.anthropic.json") + snapshots("reply.invoke.json"))
def test_a_message_is_one(path):
    message = json.loads(path.read_text())
    strict(anthropic.types.Message, message)
    assert schema("anthropic.json").validate(message, "Message") == []


@pytest.mark.parametrize("path", snapshots("stream.anthropic.sse") + snapshots("stream.invoke.events"))
def test_events_of_a_message_are_events(path):
    for name, data in events(path):
        if data["type"] == "ping":
            continue
        assert name in (data["type"], "chunk")
        strict(anthropic.types.RawMessageStreamEvent, data)


# Amazon's Converse


@pytest.fixture(scope="module")
def runtime():
    session = pytest.importorskip("botocore.session").get_session()
    return session.get_service_model("bedrock-runtime")


def faults(value, shape, path=""):
    """The members that a value has and its shape doesn't know, or that it lacks, and values of the wrong kind."""
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            return [f"{path} is no object"]
        if getattr(shape, "is_document_type", False):
            return []
        if getattr(shape, "is_tagged_union", False) and len(value) != 1:
            return [f"{path} has {len(value)} of a union's members"]
        found = [f"{path}.{name} is unknown" for name in value if name not in shape.members]
        found += [f"{path}.{name} is missing" for name in shape.required_members if name not in value]
        return found + [
            fault
            for name, member in value.items()
            if name in shape.members
            for fault in faults(member, shape.members[name], f"{path}.{name}")
        ]
    if shape.type_name == "list":
        if not isinstance(value, list):
            return [f"{path} is no list"]
        return [fault for index, one in enumerate(value) for fault in faults(one, shape.member, f"{path}[{index}]")]
    if shape.type_name == "map":
        return [fault for name, one in value.items() for fault in faults(one, shape.value, f"{path}.{name}")]
    if shape.type_name == "blob":
        try:
            base64.b64decode(value, validate=True)
        except ValueError:
            return [f"{path} is no base 64"]
        return []
    kind = {"string": str, "boolean": bool, "integer": int, "long": int, "float": (int, float), "double": (int, float)}
    if not isinstance(value, kind[shape.type_name]):
        return [f"{path} is {value!r}"]
    if getattr(shape, "enum", None) and value not in shape.enum:
        return [f"{path} is {value!r}, which is none of its words"]
    return []


@pytest.mark.parametrize("path", snapshots("reply.bedrock.json") + snapshots("reply.json", "bedrock"))
def test_an_answer_of_converse_is_one(path, runtime):
    assert faults(json.loads(path.read_text()), runtime.operation_model("Converse").output_shape) == []


@pytest.mark.parametrize("path", snapshots("stream.bedrock.events"))
def test_messages_of_converse_stream_are_messages_in_their_order(path, runtime):
    stream = runtime.operation_model("ConverseStream").output_shape.members["stream"]
    told = [(name, data) for name, data in events(path) if name != "ping"]
    for name, data in told:
        assert name in stream.members, name
        assert faults(data, stream.members[name], name) == []
    names = [name for name, _ in told]
    # The last one is `metadata`, with what it cost.
    assert names[0] == "messageStart" and names[-2:] == ["messageStop", "metadata"]
    begun = set()
    ended = set()
    for name, data in told:
        index = data.get("contentBlockIndex")
        if name in ("contentBlockStart", "contentBlockDelta"):
            assert index not in ended
            begun.add(index)
        elif name == "contentBlockStop":
            ended.add(index)
    assert begun <= ended == set(range(len(ended)))


@pytest.mark.parametrize("path", snapshots("request.bedrock.json"))
def test_a_request_to_converse_is_one(path, runtime):
    shape = runtime.operation_model("Converse").input_shape
    told = json.loads(path.read_text())["translated"]
    if "body" not in told:
        assert told["refused"]
        return
    # botocore knows `effort` from 1.44.8 on.
    told["body"].get("outputConfig", {}).pop("effort", None)
    assert faults({"modelId": "m", **told["body"]}, shape) == []

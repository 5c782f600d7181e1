"""Callers of Bedrock's doors: boto3's clients, requests that botocore signs, and a look at answers by botocore's own
models of the service."""

import datetime
import http.client
import json
from contextlib import contextmanager
from unittest import mock

import boto3
import botocore.auth
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer
from holdfast import cli
from patience import PATIENCE, eventually

REGION = "eu-west-1"
#: No tries of its own, so that a test sees each answer.
ONCE = {"retries": {"max_attempts": 1, "mode": "standard"}, "read_timeout": PATIENCE}


class Pair:
    """An access key id and its secret."""

    def __init__(self, id, secret):
        self.id, self.secret = id, secret

    @property
    def words(self):
        return {"aws_access_key_id": self.id, "aws_secret_access_key": self.secret}


def make_pair(holdfast, name, *options):
    """A key that signs, and that the running Holdfast already takes."""
    done = cli("keys", "create", "--name", name, "--sigv4", "--json", *options, config=holdfast.config, check=0)
    made = json.loads(done.stdout)
    pair = Pair(made["access_key_id"], made["secret_access_key"])
    holdfast.secrets.append(pair.secret)
    eventually(lambda: signed(holdfast, pair, "GET", "/foundation-models").status == 200)
    return pair


def client(holdfast, pair=None, service="bedrock-runtime", token=None, **config):
    """boto3's client, with a pair of its own or, without one, with the bearer key of the environment."""
    words = pair.words if pair else {}
    return boto3.client(
        service, region_name=REGION, endpoint_url=holdfast.url, config=Config(**{**ONCE, **config}),
        aws_session_token=token, **words)


class Signed:
    """A request that botocore has signed, to be sent as it is or with a change."""

    def __init__(self, pair, method, url, target, body=b"", headers=None, at=0, region=REGION, service="bedrock"):
        request = AWSRequest(method=method, url=url + target, data=body, headers=headers or {})
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=at)
        with mock.patch("botocore.auth.get_current_datetime", lambda: now):
            botocore.auth.SigV4Auth(Credentials(pair.id, pair.secret), service, region).add_auth(request)
        self.method, self.target, self.body = method, target, body
        self.headers = dict(request.headers.items())

    def send(self, connection):
        connection.request(self.method, self.target, self.body, self.headers)
        response = connection.getresponse()
        response.content = response.read()
        return response


def signed(holdfast, pair, method, target, body=b"", headers=None, **more):
    connection = http.client.HTTPConnection("127.0.0.1", holdfast.port, timeout=PATIENCE)
    try:
        return Signed(pair, method, holdfast.url, target, body, headers, **more).send(connection)
    finally:
        connection.close()


@contextmanager
def connected(holdfast):
    connection = http.client.HTTPConnection("127.0.0.1", holdfast.port, timeout=PATIENCE)
    try:
        yield connection
    finally:
        connection.close()


# Answers


def events(content):
    """The messages of an event stream, by the name of each: `(name, payload)`. Part of a last one is left out."""
    buffer = EventStreamBuffer()
    buffer.add_data(content)
    return [(event.headers.get(":event-type") or event.headers[":exception-type"], json.loads(event.payload)) for event in buffer]


def model(service="bedrock-runtime"):
    return botocore.session.get_session().get_service_model(service)


def faults(shape, value, place="$"):
    """All in which a value is not what botocore's model of the service says: members that are missing, unknown or of
    another type, and words that no enumeration has."""
    if value is None:
        return [f"{place} is null"]
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{place} is no object"]
        if shape.is_document_type:
            return []
        found = [f"{place} lacks {name}" for name in shape.required_members if name not in value]
        if shape.is_tagged_union and len(value) != 1:
            found.append(f"{place} has {sorted(value)}, of which there is to be one")
        for name, member in value.items():
            if name not in shape.members:
                found.append(f"{place} has the unknown {name}")
            else:
                found += faults(shape.members[name], member, f"{place}.{name}")
        return found
    if kind == "list":
        if not isinstance(value, list):
            return [f"{place} is no list"]
        return [fault for at, each in enumerate(value) for fault in faults(shape.member, each, f"{place}[{at}]")]
    if kind == "map":
        return [fault for name, each in value.items() for fault in faults(shape.value, each, f"{place}.{name}")]
    types = {"string": str, "boolean": bool, "integer": int, "long": int, "double": (int, float), "float": (int, float),
             "blob": str, "timestamp": (str, int, float)}
    if not isinstance(value, types[kind]) or (kind in ("integer", "long") and isinstance(value, bool)):
        return [f"{place} is {value!r}, and no {kind}"]
    if kind == "string" and shape.enum and value not in shape.enum:
        return [f"{place} is {value!r}, and none of {shape.enum}"]
    return []

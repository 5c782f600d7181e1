"""Makes signatures.json and messages.json with botocore 1.43.11 (`pip install botocore==1.43.11`).

signatures.json: requests as botocore.auth.SigV4Auth signs them at a frozen time, with the canonical request.
messages.json: messages of application/vnd.amazon.eventstream, made here and read by botocore.eventstream.
"""

import datetime
import json
import pathlib
import random
import struct
import uuid
from binascii import crc32
from unittest import mock
from urllib.parse import quote, urlsplit

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer

HERE = pathlib.Path(__file__).parent
CHANCE = random.Random(20)
MODELS = [
    "anthropic.claude-sonnet-4-20250514-v1:0",
    "us.anthropic.claude-3-5-haiku-20241022-v1:0",
    "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2c3d4e5f6",
    "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
    "assistant", "here/smollm2", "modèle ü+~!*'()", "a%2Fb", "x y",
]


def signature():
    model = CHANCE.choice(MODELS)
    # As boto3 writes it into the path, as JavaScript's client does, and as it is.
    spelt = CHANCE.choice([quote(model, safe="-_.~"), quote(model, safe="-_.~:"), quote(model, safe="-_.~/:")])
    host = CHANCE.choice(["127.0.0.1:8080", "bedrock-runtime.us-east-1.amazonaws.com", "localhost:65535"])
    query = CHANCE.choice(["", "", "", "b=2&a=1", "a=2&a=1&a", "maxResults=10&byProvider=An%20thropic", "a=b=c&&d"])
    operation = CHANCE.choice(["converse", "converse-stream", "invoke", "count-tokens"])
    scheme = CHANCE.choice(["http", "https"])
    url = f"{scheme}://{host}/model/{spelt}/{operation}" + ("?" + query if query else "")
    body = json.dumps({"n": CHANCE.random(), "text": "ü" * CHANCE.randrange(40)}).encode() if CHANCE.random() < 0.9 else b""
    request = AWSRequest(method=CHANCE.choice(["POST", "POST", "GET"]), url=url, data=body)
    request.headers["Content-Type"] = "application/json"
    request.headers["User-Agent"] = "Boto3/1.43.11"
    if CHANCE.random() < 0.3: request.headers["X-Amzn-Bedrock-Trace"] = "  ENABLED   twice \t over "
    if CHANCE.random() < 0.3: request.headers["Accept"] = "application/json,  text/plain"
    if CHANCE.random() < 0.2: request.headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
    secret = "".join(CHANCE.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/", k=40))
    token = "".join(CHANCE.choices("abcdef+/=", k=60)) if CHANCE.random() < 0.3 else None
    signer = auth.SigV4Auth(Credentials("AKIDEXAMPLE", secret, token), CHANCE.choice(["bedrock", "bedrock", "sts"]),
                            CHANCE.choice(["us-east-1", "eu-west-1", "ap-southeast-2"]))
    now = datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=CHANCE.randrange(10 ** 8))
    with mock.patch("botocore.auth.get_current_datetime", return_value=now):
        signer.add_auth(request)
    authorization = request.headers["Authorization"]
    del request.headers["Authorization"]
    parts = urlsplit(url)
    headers = [[name.lower(), value] for name, value in request.headers.items()]
    return {
        "method": request.method, "path": parts.path, "query": parts.query, "headers": [["host", host]] + headers,
        "body": body.decode(), "secret": secret, "token": token, "region": signer._region_name,
        "service": signer._service_name, "seconds": int(now.replace(tzinfo=datetime.timezone.utc).timestamp()),
        "canonical": signer.canonical_request(request), "authorization": authorization,
    }


def message(headers, payload):
    packed = b"".join(bytes([len(name)]) + name + kind + value for name, kind, value in headers)
    prelude = struct.pack("!II", 16 + len(packed) + len(payload), len(packed))
    prelude += struct.pack("!I", crc32(prelude))
    whole = prelude + packed + payload
    return whole + struct.pack("!I", crc32(whole))


def text(name, value): return (name.encode(), b"\7", struct.pack("!H", len(value.encode())) + value.encode())


def messages():
    every = [
        (b"true", b"\0", b""), (b"false", b"\1", b""), (b"byte", b"\2", b"\xcf"), (b"short", b"\3", b"\x80\x00"),
        (b"int", b"\4", b"\x00\x00\xa0\x0c"), (b"long", b"\5", b"\xff" * 8), (b"bytes", b"\6", b"\x00\x03\x00\xff\x01"),
        text("string", "schön"), (b"time", b"\x08", struct.pack("!q", 1_767_225_600_123)),
        (b"uuid", b"\x09", uuid.UUID(int=7).bytes), text("empty", ""),
    ]
    yield "no headers and no payload", message([], b"")
    yield "every type of header", message(every + [text(":event-type", "e"), text(":message-type", "event")], b"{}")
    yield "an event", message([text(":event-type", "contentBlockDelta"), text(":content-type", "application/json"),
                               text(":message-type", "event")], b'{"contentBlockIndex":0,"delta":{"text":"Hi"}}')
    yield "an exception", message([text(":exception-type", "throttlingException"),
                                   text(":content-type", "application/json"), text(":message-type", "exception")],
                                  b'{"message":"slow down"}')
    yield "an error", message([text(":error-code", "InternalError"), text(":error-message", 'no "more"'),
                               text(":message-type", "error")], b"")


def main():
    cases = [signature() for _ in range(60)]
    (HERE / "signatures.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
    lines = []
    for title, data in messages():
        buffer = EventStreamBuffer()
        buffer.add_data(data)
        read = next(buffer)
        kind = read.headers.get(":message-type")
        name = {"event": ":event-type", "exception": ":exception-type", "error": ":error-code"}.get(kind)
        lines.append(json.dumps({"title": title, "hex": data.hex(), "name": read.headers.get(name, ""),
                                 "isException": kind in ("exception", "error"), "payload": read.payload.decode()}))
    (HERE / "messages.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


main()

"""Amazon Bedrock as a scripted provider: Converse and InvokeModel with their
streams, the list of models, and STS and the metadata endpoints from which
credentials come.

Each request's signature is checked with botocore's own signer. The model is in
the path, so that `plays` and `requests` work as those of `Upstream`:

    model = bedrock.plays(converse("Hello."))
    client.chat.completions.create(model=f"aws/{model}", ...)
    [request] = bedrock.requests(model)
"""

import base64
import json
import re
import struct
import threading
import zlib
from datetime import UTC, datetime
from urllib.parse import unquote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from upstream import Upstream, answer, by_request, sse, status

REGION = "us-east-1"
#: Keys as Amazon's look; those whose secret is here may sign.
KEY_ID, SECRET = "AKIAHOLDFASTTESTS001", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
BEARER = "bedrock-api-key-of-the-provider-aws"

PATH = re.compile(r"^/model/([^/]+)/(converse|converse-stream|invoke|invoke-with-response-stream|count-tokens)$")


# Event streams


def message(name, data, *, exception=False, raw_headers=()):
    """A message of application/vnd.amazon.eventstream."""
    payload = data if isinstance(data, bytes) else json.dumps(data, ensure_ascii=False).encode()
    kind = "exception" if exception else "event"
    headers = [(f":{kind}-type", name), (":content-type", "application/json"), (":message-type", kind)]
    block = b"".join(
        struct.pack("!B", len(key)) + key.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
        for key, value in headers
    ) + b"".join(raw_headers)
    prelude = struct.pack("!II", len(block) + len(payload) + 16, len(block))
    whole = prelude + struct.pack("!I", zlib.crc32(prelude)) + block + payload
    return whole + struct.pack("!I", zlib.crc32(whole))


#: A header of each type beside the texts: bool, byte, short, integer, long, bytes, time, uuid.
EVERY_HEADER = (
    b"\x01a\x00", b"\x01b\x01", b"\x01c\x02\x7f", b"\x01d\x03\x12\x34", b"\x01e\x04\x00\x00\x00\x01",
    b"\x01f\x05" + bytes(8), b"\x01g\x06\x00\x02hi", b"\x01h\x08" + bytes(8), b"\x01i\x09" + bytes(16),
)  # fmt: skip


def events(messages, **how):
    """A stream of such messages; `how` as for `sse`."""
    fields = {"content-type": "application/vnd.amazon.eventstream", "x-amzn-requestid": "aws-request-1"}
    return sse(list(messages), headers=fields, **how)


def exception(name, words, **more):
    return message(name, {"message": words, **more}, exception=True)


# Answers


def usage(**more):
    return {"inputTokens": 12, "outputTokens": 34, "totalTokens": 46, **more}


def converse_answer(blocks, stop="end_turn", **more):
    return {
        "output": {"message": {"role": "assistant", "content": blocks}}, "stopReason": stop, "usage": usage(),
        "metrics": {"latencyMs": 5}, **more,
    }  # fmt: skip


def converse_events(blocks, stop="end_turn", cost=None, padding=True):
    """The messages of ConverseStream. A block is a text, a list of texts, or
    one of the API's content blocks."""
    pad = {"p": "abcdefghijklmnop"} if padding else {}
    yield message("messageStart", {"role": "assistant", **pad})
    for index, block in enumerate(blocks):
        place = {"contentBlockIndex": index, **pad}
        if isinstance(block, (str, list)):
            deltas = [{"text": piece} for piece in ([block] if isinstance(block, str) else block)]
        elif call := block.get("toolUse"):
            start = {"toolUse": {"toolUseId": call["toolUseId"], "name": call["name"]}}
            yield message("contentBlockStart", {"start": start, **place})
            whole = json.dumps(call["input"])
            deltas = [{"toolUse": {"input": piece}} for piece in (whole[:3], whole[3:])]
        else:
            thought = block["reasoningContent"]["reasoningText"]
            deltas = [{"reasoningContent": {"text": thought["text"]}}]
            deltas += [{"reasoningContent": {"signature": thought["signature"]}}]
        for delta in deltas:
            yield message("contentBlockDelta", {"delta": delta, **place})
        yield message("contentBlockStop", place)
    yield message("messageStop", {"stopReason": stop, **pad})
    yield message("metadata", {"usage": cost or usage(), "metrics": {"latencyMs": 5}, **pad})


def is_stream(request):
    return request.target.endswith("-stream")


def converse(*blocks, stop="end_turn", **how):
    """Answers with these blocks, whole or streamed, as it is asked."""

    def whole(block):
        return {"text": "".join(block)} if isinstance(block, (str, list)) else block

    def choose(request):
        if is_stream(request):
            return events(converse_events(blocks, stop), **how)
        body = converse_answer([whole(block) for block in blocks], stop)
        return answer(body, headers={"x-amzn-requestid": "aws-request-1"})

    return by_request(choose)


def chunk(event):
    data = base64.b64encode(json.dumps(event).encode()).decode()
    return message("chunk", {"bytes": data, "p": "abcd"})


def error(code, kind, words, **headers):
    """An error as Bedrock's endpoint sends it: the kind in a header field."""
    return status(code, {"x-amzn-errortype": kind, "x-amzn-requestid": "aws-request-1", **headers}, {"message": words})


# The service


class BedrockUpstream(Upstream):
    """Checks signatures, and lists `models` with their lifecycle."""

    def __init__(self, port=0):
        super().__init__(port)
        #: The secrets by key id, and the session token that has to come with each.
        self.secrets = {KEY_ID: (SECRET, None)}
        self.models = None
        #: The key ids of the requests whose signature was right, in their order; "bearer" for a key.
        self.signers = []
        #: What was wrong with requests.
        self.faults = []
        self._guard = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def takes(self, request):
        fault = self.fault(request)
        if fault:
            with self._guard:
                self.faults.append(fault)
            kind = "UnrecognizedClientException" if "key id" in fault else "InvalidSignatureException"
            return error(403, kind, f"The request signature we calculated does not match: {fault}"), 1
        if request.method == "GET" and request.target.startswith("/foundation-models"):
            return answer({"modelSummaries": self.models or []}), 1
        found = PATH.match(request.target.partition("?")[0])
        model = unquote(found[1]) if found else None
        with self._lock:
            if model not in self._scripts:
                return error(404, "ResourceNotFoundException", f"nothing is scripted for {request.target}"), 1
            self._times[model] += 1
            self._requests[model].append(request)
            return self._scripts[model], self._times[model]

    def calls(self, model):
        return [request for request in self.requests(model) if not is_probe(request)]

    def probes(self, model):
        return [request for request in self.requests(model) if is_probe(request)]

    def fault(self, request):
        """Returns what is wrong with a request's credential, None where nothing is."""
        given = request.headers.get("authorization", "")
        if given == f"Bearer {BEARER}":
            with self._guard:
                self.signers.append("bearer")
            return None
        parts = dict(re.findall(r"(Credential|SignedHeaders|Signature)=([^,\s]+)", given))
        if not given.startswith("AWS4-HMAC-SHA256 ") or len(parts) != 3:
            return f"no signature in {given[:40]!r}"
        key_id, date, region, service, _ = parts["Credential"].split("/")
        if key_id not in self.secrets:
            return f"the key id {key_id} is not known"
        if (region, service) != (REGION, "bedrock"):
            return f"signed for {service} in {region}"
        secret, token = self.secrets[key_id]
        if request.headers.get("x-amz-security-token") != token:
            return "another session token"
        signed_at = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs((datetime.now(UTC) - signed_at).total_seconds()) > 300:
            return "signed at another time"
        names = parts["SignedHeaders"].split(";")
        for name in ("host", "x-amz-date", *(("x-amz-security-token",) if token else ())):
            if name not in names:
                return f"{name} is not signed"
        if self.signature(request, key_id, secret, token, names) != parts["Signature"]:
            return "the signature is another"
        with self._guard:
            self.signers.append(key_id)
        return None

    def signature(self, request, key_id, secret, token, names):
        """The signature that botocore makes of the same request."""
        url = f"http://{request.headers['host']}{request.target}"
        fields = {name: request.headers[name] for name in names if name in request.headers}
        copy = AWSRequest(request.method, url, headers=fields, data=request.body)
        copy.context["timestamp"] = request.headers["x-amz-date"]
        signer = SigV4Auth(Credentials(key_id, secret, token), "bedrock", REGION)
        canonical = signer.canonical_request(copy)
        return signer.signature(signer.string_to_sign(copy, canonical), copy)


def is_probe(request):
    limit = request.json.get("inferenceConfig", {}).get("maxTokens")
    return request.headers.get("x-holdfast-probe") == "1" and limit == 1


def bedrock_provider(bedrock, **more):
    """The settings of a provider there."""
    keys = {"access_key_id": KEY_ID, "secret_access_key": SECRET}
    return {"dialect": "bedrock", "region": REGION, "base_url": bedrock.url, "credentials": keys, **more}

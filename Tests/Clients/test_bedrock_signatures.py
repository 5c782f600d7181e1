"""Signatures of requests to Bedrock's doors, with botocore as the oracle: what it signs is let in, and nothing that
differs from that by a byte."""

import http.client
import json
import os
import random
import socket
import threading

import pytest
from bedrock_caller import REGION, Signed, connected, make_pair, signed
from conftest import scripted_providers
from holdfast import Holdfast, cli
from patience import PATIENCE, eventually
from shapes import openai_answer
from upstream import answer

SEED = int(os.environ.get("HOLDFAST_SEED", random.randrange(1 << 32)))
#: Paths as clients write them: escaped as boto3 does, and as they are.
PATHS = [
    "/model/both/converse", "/model/bo%74h/converse", "/model/us.anthropic.claude-x-v1%3A0/converse",
    "/model/us.anthropic.claude-x-v1:0/converse",
    "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Fus.anthropic.claude-x-v1%3A0/converse",
    "/model/arn:aws:bedrock:eu-west-1:1:inference-profile/us.anthropic.claude-x-v1:0/converse",
    "/model/oa%2Fsigned-for/converse", "/model/both/converse?b=2&a=1", "/model/both/converse?a=%20x&a",
]


@pytest.fixture(scope="module")
def house(upstream):
    upstream.plays(answer(openai_answer("ok")), model="signed-for")
    with Holdfast(
        scripted_providers(upstream),
        {"both": {"candidates": [{"provider": "oa", "model": "signed-for"}]}, "us.anthropic.claude-*": "both"},
        limits={"bodies": "64MiB"},
    ) as holdfast:
        holdfast.secrets += ["sk-of-the-provider-oa", "sk-of-the-provider-an"]
        holdfast.pair = make_pair(holdfast, "signs")
        yield holdfast


def a_body(chance):
    words = "".join(chance.choice("abc é世👋\\\"\n") for _ in range(chance.randrange(1, 80)))
    return json.dumps({"messages": [{"role": "user", "content": [{"text": words}]}]}, ensure_ascii=chance.random() < 0.5).encode()


def a_request(house, chance):
    headers = {}
    if chance.random() < 0.8:
        headers["Content-Type"] = chance.choice(["application/json", "application/json; charset=utf-8"])
    if chance.random() < 0.3:
        headers["X-Amzn-Bedrock-Trace"] = chance.choice(["ENABLED", "DISABLED"])
    if chance.random() < 0.3:
        headers["Accept"] = "  two   spaces,  x  "
    return Signed(house.pair, "POST", house.url, chance.choice(PATHS), a_body(chance), headers,
                  at=chance.randrange(-280, 280), region=chance.choice([REGION, "us-east-1", "holdfast"]))


def changed(request, chance):
    """The request with one byte changed in something that is signed, or in the signature itself."""
    places = ["target", "body", "Authorization", "X-Amz-Date"]
    places += [name for name in request.headers if name in ("Content-Type", "X-Amzn-Bedrock-Trace")]
    place = chance.choice(places)
    text = {"target": request.target.encode(), "body": request.body}.get(place) or request.headers[place].encode()
    while True:
        # Behind the first slash of a path, so that the request stays one of HTTP.
        at = chance.randrange(1 if place == "target" else 0, len(text))
        new = chance.choice(b"abcdefghijklmnopqrstuvwxyzABCDEFXYZ0123456789-_.~")
        if text[at] != new:
            break
    text = text[:at] + bytes([new]) + text[at + 1:]
    if place == "target":
        request.target = text.decode()
    elif place == "body":
        request.body = text
    else:
        request.headers[place] = text.decode()
    return place, at


def test_a_thousand_requests_are_let_in_and_each_with_a_changed_byte_is_not(house, upstream):
    print(f"HOLDFAST_SEED={SEED}")
    chance = random.Random(SEED)
    before = len(upstream.requests("signed-for"))
    with connected(house) as connection:
        for number in range(1000):
            request = a_request(house, chance)
            assert request.send(connection).status == 200, (number, vars(request))
            place = changed(request, chance)
            reply = request.send(connection)
            # 401: another path, where another API's words are spoken.
            assert reply.status in (400, 401, 403, 404), (number, place, vars(request), reply.content)
    assert len(upstream.requests("signed-for")) - before == 1000


def test_a_replay_within_the_five_minutes_is_possible(house):
    """As at AWS; the document says so."""
    with connected(house) as connection:
        request = Signed(house.pair, "POST", house.url, "/model/both/converse", a_body(random.Random(1)))
        assert [request.send(connection).status for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize("seconds,status", [(-320, 403), (-290, 200), (290, 200), (320, 403), (-86400, 403), (10**8, 403)])
def test_a_clock_may_be_five_minutes_off(house, seconds, status):
    reply = signed(house, house.pair, "POST", "/model/both/converse", a_body(random.Random(1)), at=seconds)
    assert reply.status == status
    if status == 403:
        assert reply.getheader("x-amzn-errortype") == "InvalidSignatureException"
        assert "clock" in json.loads(reply.content)["message"]


@pytest.mark.parametrize(
    "headers,error",
    [
        ({"X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}, "AccessDeniedException"),
        ({"X-Amz-Content-SHA256": "0" * 64}, "InvalidSignatureException"),
        ({"X-Amz-Content-SHA256": "x"}, "IncompleteSignatureException"),
    ],
)
def test_payloads_that_are_signed_otherwise(house, headers, error):
    reply = signed(house, house.pair, "POST", "/model/both/converse", a_body(random.Random(1)), headers)
    assert reply.status == 403 and reply.getheader("x-amzn-errortype") == error


def test_an_unsigned_payload_is_taken_on_loopback(house):
    reply = signed(house, house.pair, "POST", "/model/both/converse", a_body(random.Random(1)),
                   {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    assert reply.status == 200


def test_a_presigned_request_is_refused(house):
    with connected(house) as connection:
        connection.request("POST", "/model/both/converse?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00", b"{}")
        reply = connection.getresponse()
        assert reply.status == 403 and b"resigned" in reply.read()


@pytest.mark.parametrize("service", ["s3", "bedrock-runtime", "BEDROCK"])
def test_a_signature_for_another_service_is_refused(house, service):
    reply = signed(house, house.pair, "POST", "/model/both/converse", b"{}", service=service)
    assert reply.status == 403 and reply.getheader("x-amzn-errortype") == "InvalidSignatureException"


def test_a_body_without_its_length_is_refused(house, upstream):
    before = len(upstream.requests("signed-for"))
    body = a_body(random.Random(1))
    request = Signed(house.pair, "POST", house.url, "/model/both/converse", body)
    with connected(house) as connection:
        connection.request("POST", request.target, iter([body]), request.headers, encode_chunked=True)
        reply = connection.getresponse()
        assert reply.status == 400 and b"content-length" in reply.read()
    assert len(upstream.requests("signed-for")) == before


# Bodies whose signatures can't be checked yet


class Half:
    """A signed request of which a part has come."""

    def __init__(self, house, pair, length, sent):
        request = Signed(pair, "POST", house.url, "/model/both/converse", b"x" * length)
        head = f"POST {request.target} HTTP/1.1\r\nhost: 127.0.0.1:{house.port}\r\ncontent-length: {length}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in request.headers.items() if name.lower() != "content-length")
        self.socket = socket.create_connection(("127.0.0.1", house.port))
        self.socket.settimeout(PATIENCE)
        self._send = threading.Thread(target=self._sending, args=(head.encode() + b"\r\n" + b"x" * sent,), daemon=True)
        self._send.start()

    def _sending(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def answer(self):
        return self.socket.recv(65536)

    def close(self):
        self.socket.close()


def test_bodies_that_cannot_be_checked_yet_have_a_share_and_no_more(house, upstream):
    """Of 64 MiB for all bodies they have 16, and one key or address has 8 of these."""
    before = len(upstream.requests("signed-for"))
    other = make_pair(house, "other")
    unproven = lambda: house.metric("holdfast_unproven_body_bytes")
    halves = [Half(house, house.pair, 5 << 20, 3 << 20) for _ in range(2)]
    try:
        assert eventually(lambda: unproven() == 6 << 20)
        halves.append(Half(house, house.pair, 5 << 20, 3 << 20))
        said = halves[-1].answer()
        assert b" 429 " in said and b"ThrottlingException" in said
        halves.append(Half(house, other, 5 << 20, 3 << 20))
        assert b"this address" in halves[-1].answer()
        # Whoever sends little finds room, and so does a key that is presented.
        assert signed(house, other, "POST", "/model/both/converse", a_body(random.Random(1))).status == 200
        big = json.dumps({"model": "both", "messages": [{"role": "user", "content": "x" * (3 << 20)}]})
        assert house.openai().chat.completions.with_raw_response.create(
            model="both", messages=[{"role": "user", "content": "x" * (3 << 20)}]).status_code == 200, len(big)
    finally:
        for half in halves:
            half.close()
    assert eventually(lambda: unproven() == 0)
    assert len(upstream.requests("signed-for")) - before == 2


def test_a_large_signed_body_is_hashed_as_it_arrives(house, upstream):
    text = "x" * (6 << 20)
    body = json.dumps({"messages": [{"role": "user", "content": [{"text": text}]}]}).encode()
    assert signed(house, house.pair, "POST", "/model/both/converse", body).status == 200
    with connected(house) as connection:
        request = Signed(house.pair, "POST", house.url, "/model/both/converse", body)
        request.body = body.replace(b"xx\"", b"xy\"")
        assert request.send(connection).status == 403
    assert eventually(lambda: house.metric("holdfast_unproven_body_bytes") == 0)


# Callers of other machines


def own_address():
    """An address of this machine that isn't loopback; None where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing: only the route is looked up.
            probe.connect(("192.0.2.1", 9))
            address = probe.getsockname()[0]
        except OSError:
            return None
    return None if address.startswith("127.") else address


def test_an_unsigned_payload_of_another_machine_is_refused(upstream):
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback")
    upstream.plays(answer(openai_answer("ok")), model="signed-for")
    with Holdfast(scripted_providers(upstream), {"both": {"candidates": [{"provider": "oa", "model": "signed-for"}]}}) as holdfast:
        pair = make_pair(holdfast, "signs")
        holdfast.stop()
        holdfast.write_config(listen=f"0.0.0.0:{holdfast.port}")
        holdfast.start()
        for headers, status in [({"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, 403), ({}, 200)]:
            request = Signed(pair, "POST", f"http://{address}:{holdfast.port}", "/model/both/converse",
                             a_body(random.Random(1)), headers)
            connection = http.client.HTTPConnection(address, holdfast.port, timeout=PATIENCE)
            reply = request.send(connection)
            connection.close()
            assert reply.status == status, reply.content
            assert status == 200 or b"TLS" in reply.content


# The server's key


def served(house, pair):
    return signed(house, pair, "GET", "/foundation-models").status == 200


def test_the_servers_key_is_rotated_and_lost_while_it_runs(upstream):
    with Holdfast(scripted_providers(upstream), log={"level": "trace"}) as holdfast:
        file = holdfast.directory / "server-key"
        old = make_pair(holdfast, "old")
        assert file.stat().st_mode & 0o777 == 0o600
        cli("keys", "rotate-server-key", config=holdfast.config, check=0)
        new = make_pair(holdfast, "new")
        assert served(holdfast, old) and served(holdfast, new)
        # Others can read it: the key stays as it was, and a revocation doesn't wait for that.
        file.chmod(0o644)
        assert holdfast.log_has("can be read by others than its owner")
        assert served(holdfast, old) and served(holdfast, new)
        cli("keys", "revoke", "old", config=holdfast.config, check=0)
        assert eventually(lambda: not served(holdfast, old)) and served(holdfast, new)
        holdfast.stop()
        done = cli("serve", config=holdfast.config)
        assert done.returncode == 78 and "chmod 600" in done.stderr
        file.chmod(0o600)
        holdfast.start()
        assert served(holdfast, new)
        # Gone: the same, until the next start.
        kept = file.read_bytes()
        file.unlink()
        assert served(holdfast, new)
        holdfast.restart()
        reply = signed(holdfast, new, "GET", "/foundation-models", headers={"amz-sdk-invocation-id": "x"})
        assert reply.status == 503 and b"server's key is missing" in reply.content
        assert holdfast.log_has("signatures of some keys can't be checked")
        file.write_bytes(kept)
        file.chmod(0o600)
        assert eventually(lambda: served(holdfast, new))
        for line in kept.decode().splitlines():
            assert line.startswith("#") or line.split()[-1] not in holdfast.log

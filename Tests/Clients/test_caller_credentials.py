"""`credential: caller`: a provider is asked with what the caller brings beside its Holdfast key, and nobody else ever
sees it."""

import json

import httpx2 as httpx
import pytest
from holdfast import PROMPT, Holdfast, cli, eventually
from patience import PATIENCE
from shapes import anthropic_answer, anthropic_stream, openai_answer, text_block
from upstream import answer, by_request, close_before_head, sse, status

OWN = "sk-ant-oat01-of-the-caller-0123456789"
OTHER = "sk-ant-oat01-of-another-caller-987654"
OPERATORS = "sk-of-the-provider"
REFUSAL = b'{"type":"error" ,"error":{"type":"authentication_error","message":"OAuth token has expired."},"request_id":"req_1"}'
TALK = {"max_tokens": 16, "messages": [{"role": "user", "content": PROMPT}]}


def behaving(credentials):
    """A model that knows these credentials, and refuses all others."""

    def choose(request):
        given = request.headers.get("authorization") or request.headers.get("x-api-key")
        return credentials.get(given, status(401, body=REFUSAL))

    return by_request(choose)


class House:
    """A route `r` over `own`, which is asked with callers' credentials, and `spare`, which has the operator's key."""

    def __init__(self, upstream, spare, own, second=None, order=("own", "second"), **policy):
        self.upstream, self.spare = upstream, spare
        self.own = upstream.plays(own)
        self.second = spare.plays(second or answer(anthropic_answer([text_block("Of the second.")])))
        at = {"own": upstream, "second": spare}
        providers = {
            name: {"dialect": "anthropic", "base_url": f"http://127.0.0.1:{at[name].port}"} for name in at
        }
        providers["own"]["credential"] = "caller"
        providers["second"]["api_key"] = OPERATORS
        models = {"own": self.own, "second": self.second}
        routes = {"r": {"candidates": [{"provider": name, "model": models[name]} for name in order], **policy}}
        self.holdfast = Holdfast(providers, routes, log={"format": "json", "level": "trace"})
        self.holdfast.secrets += [OWN, OTHER, OPERATORS]

    def __enter__(self):
        self.holdfast.__enter__()
        return self

    def __exit__(self, *problem):
        self.holdfast.__exit__(*problem)
        # Neither has ever gone where it does not belong.
        for request in [*self.upstream.requests(self.own), *self.spare.requests(self.second)]:
            assert not any(self.holdfast.key in value for _, value in request.header_list), request
        for request in self.spare.requests(self.second):
            assert not any(OWN in value or OTHER in value for _, value in request.header_list), request
        for request in self.upstream.requests(self.own):
            assert not any(OPERATORS in value for _, value in request.header_list), request

    def ask(self, credential={"authorization": f"Bearer {OWN}"}, path="/v1/messages", key=None, **body):
        return httpx.post(
            self.holdfast.url + path, timeout=PATIENCE, json={"model": "r", **TALK, **body},
            headers={"x-holdfast-key": key or self.holdfast.key, **credential},
        )

    def sent(self):
        return [
            {name: request.headers[name] for name in ("authorization", "x-api-key") if name in request.headers}
            for request in self.upstream.requests(self.own)
        ]


WHOLE = answer(anthropic_answer([text_block("Of the caller's own.")]))


@pytest.mark.parametrize("field", [{"authorization": f"Bearer {OWN}"}, {"x-api-key": OWN}])
def test_the_callers_credential_goes_to_that_provider(upstream, spare, field):
    with House(upstream, spare, behaving({OWN: WHOLE, f"Bearer {OWN}": WHOLE})) as house:
        response = house.ask(field)
        assert response.status_code == 200 and response.headers["x-holdfast-served-by"] == f"own/{house.own}"
        assert house.sent() == [field]


def test_streams_and_counts_are_asked_for_with_it(upstream, spare):
    with House(upstream, spare, behaving({f"Bearer {OWN}": sse(anthropic_stream([text_block("Streamed.")]))})) as house:
        assert "message_stop" in house.ask(stream=True).text
        house.ask(path="/v1/messages/count_tokens", max_tokens=None)
        assert house.sent() == [{"authorization": f"Bearer {OWN}"}] * 2


def test_a_failure_moves_on_and_the_credential_stays(upstream, spare):
    with House(upstream, spare, status(529, body={"type": "error", "error": {"type": "overloaded_error", "message": "x"}})) as house:
        response = house.ask()
        assert response.status_code == 200 and response.headers["x-holdfast-served-by"] == f"second/{house.second}"
        assert {request.headers["x-api-key"] for request in spare.requests(house.second)} == {OPERATORS}


@pytest.mark.parametrize("code", [401, 403])
def test_a_no_to_it_comes_as_it_came(upstream, spare, code):
    with House(upstream, spare, status(code, {"retry-after": "0.5", "x-should-retry": "true"}, REFUSAL)) as house:
        for _ in range(5):
            response = house.ask()
            assert response.status_code == code and response.content == REFUSAL
            assert response.headers["retry-after"] == "1" and response.headers["x-should-retry"] == "true"
        assert spare.requests(house.second) == [] and house.holdfast.holds == []


def test_without_one_the_next_serves_and_nobody_is_asked_without(upstream, spare):
    with House(upstream, spare, WHOLE) as house:
        response = house.ask({})
        assert response.headers["x-holdfast-served-by"] == f"second/{house.second}"
        # A key in the usual place is the key that admits, and no credential.
        response = httpx.post(
            house.holdfast.url + "/v1/messages", json={"model": "r", **TALK}, timeout=PATIENCE,
            headers={"x-api-key": house.holdfast.key, "authorization": f"Bearer {OWN}"},
        )
        assert response.headers["x-holdfast-served-by"] == f"second/{house.second}"
        assert upstream.requests(house.own) == []


def test_without_one_and_with_nobody_else_the_caller_is_told_how(upstream, spare):
    with House(upstream, spare, WHOLE, order=("own",)) as house:
        response = house.ask({})
        assert response.status_code == 401 and "x-holdfast-key" in response.json()["error"]["message"]
        assert upstream.requests(house.own) == []


def test_the_key_in_its_own_field_is_the_only_one_that_admits(upstream, spare):
    with House(upstream, spare, WHOLE) as house:
        assert house.ask({"authorization": f"Bearer {house.holdfast.key}"}, key="wrong").status_code == 401
        # A key is never sent on as a credential, not even by its owner.
        other = house.holdfast.make_counting_key("other")
        for field in ({"authorization": f"Bearer {other}"}, {"x-api-key": house.holdfast.key}):
            assert house.ask(field).headers["x-holdfast-served-by"] == f"second/{house.second}"
        assert upstream.requests(house.own) == []


BAD = {
    "unknown credential": status(401, body=REFUSAL),
    "forbidden": status(403, body={"type": "error", "error": {"type": "permission_error", "message": "Not for you."}}),
    "no such model": status(404, body={"type": "error", "error": {"type": "not_found_error", "message": "model: it"}}),
    "no money": status(400, body={"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low"}}),
    "a rate limit": status(429, {"retry-after": "60"}, {"type": "error", "error": {"type": "rate_limit_error", "message": "x"}}),
    "broken": status(500, body={"type": "error", "error": {"type": "api_error", "message": "x"}}),
    "hung up": close_before_head,
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_is_said_to_one_is_nothing_to_another(upstream, spare, bad):
    """The same provider, the same model, the same host; only the credential differs."""
    with House(upstream, spare, behaving({f"Bearer {OTHER}": WHOLE, f"Bearer {OWN}": bad}), order=("own",)) as house:
        for _ in range(8):
            house.ask()
        assert house.holdfast.holds == []
        status_of = json.loads(house.holdfast.admin("/admin/routes"))
        assert "breakers" not in status_of or status_of["breakers"] == []
        response = house.ask({"authorization": f"Bearer {OTHER}"})
        assert response.status_code == 200 and response.headers["x-holdfast-served-by"] == f"own/{house.own}"


def test_who_is_told_to_wait_waits_alone(upstream, spare):
    with House(upstream, spare, behaving({f"Bearer {OTHER}": WHOLE, f"Bearer {OWN}": BAD["a rate limit"]})) as house:
        for _ in range(3):
            assert house.ask().headers["x-holdfast-served-by"] == f"second/{house.second}"
        assert len(house.sent()) == 1
        assert house.ask({"x-api-key": "x", "authorization": f"Bearer {OTHER}"}).status_code == 200
        assert house.holdfast.metric("holdfast_holds") == 0


def test_nobody_asks_with_it_but_its_owner(upstream, spare):
    """A standby that is kept warm every second is, and this one isn't."""
    with House(upstream, spare, WHOLE, keep_warm="1s") as house:
        assert house.ask().status_code == 200
        warmed = lambda: [each for each in spare.requests(house.second) if each.headers.get("x-holdfast-probe")]  # noqa: E731
        eventually(lambda: len(warmed()) >= 2)
        assert len(upstream.requests(house.own)) == 1


def test_the_account_is_the_callers_own(upstream, spare):
    model = upstream.plays(answer(openai_answer("Hi.")))
    providers = {
        "own": {"dialect": "openai", "base_url": f"http://127.0.0.1:{upstream.port}/v1", "credential": "caller"}
    }
    with Holdfast(providers) as holdfast:
        holdfast.secrets += [OWN]
        fields = {"openai-organization": "org-mine", "openai-project": "proj-mine", "openai-residency": "eu"}
        response = httpx.post(
            holdfast.url + "/v1/chat/completions", timeout=PATIENCE, json={"model": f"own/{model}", **TALK},
            headers={"x-holdfast-key": holdfast.key, "authorization": f"Bearer {OWN}", **fields},
        )
        assert response.status_code == 200 and response.headers["x-holdfast-dropped"] == "openai-residency"
        [request] = upstream.requests(model)
        assert request.headers["openai-organization"] == "org-mine" and request.headers["openai-project"] == "proj-mine"
        assert "openai-residency" not in request.headers


def test_settings_that_would_share_it_are_refused(tmp_path):
    file = tmp_path / "holdfast.yaml"
    own = {"dialect": "anthropic", "base_url": "https://a.example", "credential": "caller"}
    route = {"r": {"candidates": [{"provider": "a", "model": "m"}, {"provider": "b", "model": "m"}]}}
    file.write_text(json.dumps({"providers": {"a": own, "b": own}, "routes": route}))
    done = cli("check", str(file), check=78)
    assert "more than one provider with credential: caller (a, b)" in done.stdout + done.stderr

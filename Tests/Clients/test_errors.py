"""Tests that failures reach callers as the clients' own exceptions, with a message that says what to do and an id to
quote in questions."""

import anthropic
import openai
import pytest
from holdfast import PROMPT, Holdfast, cli, eventually, free_ports
from shapes import anthropic_answer, openai_answer
from upstream import answer, silence, slow_head, status

TALK = [{"role": "user", "content": PROMPT}]
CLIENTS = {"openai": openai, "anthropic": anthropic}


def ask(holdfast, library, model, **options):
    """One request by either client."""
    if library == "openai":
        return holdfast.openai(**options).chat.completions.create(model=model, messages=TALK)
    return holdfast.anthropic(**options).messages.create(model=model, messages=TALK, max_tokens=9)


def refused(holdfast, library, model, kind, **options):
    with pytest.raises(getattr(CLIENTS[library], kind)) as caught:
        ask(holdfast, library, model, **options)
    error = caught.value
    assert error.request_id.startswith("req_"), "nothing to quote when asking about it"
    assert error.response.headers["x-request-id"] == error.request_id
    if library == "anthropic":
        assert error.body["type"] == "error" and error.body["request_id"] == error.request_id
        assert error.response.headers["request-id"] == error.request_id
    return error


@pytest.fixture(params=CLIENTS)
def library(request):
    return request.param


# Ours


def test_unknown_key(scripted, library):
    error = refused(scripted, library, "both", "AuthenticationError", key="hf_nosuchkey")
    assert "not known" in str(error) and "hf_nosuchkey" not in str(error)


def test_no_key(scripted):
    code, fields, body = scripted.get("/v1/models")
    assert code == 401 and b"holdfast keys create" in body and fields["x-request-id"]


def test_empty_key(scripted):
    assert scripted.get("/v1/models", " ")[0] == 401


def test_revoked_key(scripted, library):
    key = scripted.make_key(f"revoked-{library}")
    eventually(lambda: scripted.get("/v1/models", key)[0] == 200)
    cli("keys", "revoke", f"revoked-{library}", config=scripted.config, check=0)
    eventually(lambda: scripted.get("/v1/models", key)[0] == 401)
    assert "revoked" in str(refused(scripted, library, "both", "AuthenticationError", key=key))


def test_expired_key(scripted, library):
    key = scripted.make_key(f"expired-{library}", "--expires", "2s")
    eventually(lambda: scripted.get("/v1/models", key)[0] == 200)
    eventually(lambda: scripted.get("/v1/models", key)[0] == 401)
    assert "expired" in str(refused(scripted, library, "both", "AuthenticationError", key=key))


def test_route_not_allowed(scripted, upstream, library):
    model = upstream.plays(answer(openai_answer()))
    key = scripted.make_key(f"scoped-{library}", "--routes", "both")
    eventually(lambda: scripted.get("/v1/models", key)[0] == 200)
    error = refused(scripted, library, f"oa/{model}", "PermissionDeniedError", key=key)
    assert "may use: both" in str(error)
    assert upstream.requests(model) == []


def test_unknown_route_with_a_suggestion(scripted, library):
    assert 'Did you mean "both"?' in str(refused(scripted, library, "bothh", "NotFoundError"))


def test_unknown_route_with_no_suggestion(scripted, library):
    error = refused(scripted, library, "zzzzzzzzzz", "NotFoundError")
    assert "GET /v1/models" in str(error) and "zzzzzzzzzz" in str(error)


def test_body_over_the_limit(scripted, library):
    huge = [{"role": "user", "content": "x" * (33 << 20)}]
    with pytest.raises(CLIENTS[library].APIStatusError) as caught:
        if library == "openai":
            scripted.openai().chat.completions.create(model="both", messages=huge)
        else:
            scripted.anthropic().messages.create(model="both", messages=huge, max_tokens=9)
    assert caught.value.status_code == 413 and "32 MiB" in str(caught.value)
    assert caught.value.request_id


def test_requests_a_minute(scripted, upstream, library):
    model = upstream.plays(answer(openai_answer() if library == "openai" else anthropic_answer()))
    model = f"{'oa' if library == 'openai' else 'an'}/{model}"
    key = scripted.make_key(f"rpm-{library}", "--rpm", "2")
    # Listing models costs nothing, so that it can tell when the key counts.
    eventually(lambda: scripted.get("/v1/models", key)[0] == 200)
    for _ in range(2):
        ask(scripted, library, model, key=key)
    error = refused(scripted, library, model, "RateLimitError", key=key)
    assert 1 <= int(error.response.headers["retry-after"]) <= 30
    assert "requests" in str(error) and "try again in" in str(error)


def test_tokens_a_minute(scripted, upstream, library):
    """The first answer costs 1,243 or more: far over the limit, so that the
    next has to wait for a minute and longer."""
    model = upstream.plays(answer(openai_answer() if library == "openai" else anthropic_answer()))
    model = f"{'oa' if library == 'openai' else 'an'}/{model}"
    key = scripted.make_key(f"tpm-{library}", "--tpm", "600")
    eventually(lambda: scripted.get("/v1/models", key)[0] == 200)
    ask(scripted, library, model, key=key)
    error = refused(scripted, library, model, "RateLimitError", key=key)
    assert 30 <= int(error.response.headers["retry-after"]) <= 130
    assert "tokens" in str(error)


def test_a_client_that_may_try_again_waits_and_succeeds(scripted, upstream):
    """retry-after in the form that the clients themselves act on."""
    model = upstream.plays(answer(openai_answer()))
    key = scripted.make_key("patient", "--rpm", "60")
    eventually(lambda: scripted.get("/v1/models", key)[0] == 200)
    client = scripted.openai(key, max_retries=3)
    for _ in range(61):
        client.chat.completions.create(model=f"oa/{model}", messages=TALK)


# The provider is not there


@pytest.fixture(scope="module")
def lonely(upstream):
    """Providers that are not there, have no key, or take too long."""
    [closed] = free_ports(1)
    there = f"http://127.0.0.1:{upstream.port}"
    with Holdfast(
        {
            "gone": {"dialect": "openai", "base_url": f"http://127.0.0.1:{closed}/v1", "api_key": "k"},
            "keyless": {"dialect": "openai", "base_url": f"{there}/v1", "api_key": "${HOLDFAST_TESTS_NOT_SET}"},
            "slow": {"dialect": "openai", "base_url": f"{there}/v1", "timeouts": {"first_byte": "300ms"}},
            "slowly": {"dialect": "anthropic", "base_url": there, "timeouts": {"total": "500ms"}},
            "few": {"dialect": "openai", "base_url": f"{there}/v1", "max_connections": 2, "models": ["m-1", "m-2"]},
        },
        {
            "gone": {"candidates": [{"provider": "gone", "model": "m"}]},
            "keyless": {"candidates": [{"provider": "keyless", "model": "m"}]},
            "second": {
                "candidates": [
                    {"provider": "keyless", "model": "m"}, {"provider": "slow", "model": "second-choice"},
                ]
            },
        },
    ) as holdfast:  # fmt: skip
        yield holdfast


def test_provider_unreachable(lonely, library):
    error = refused(lonely, library, "gone", "InternalServerError")
    assert error.status_code == 503 and "gone/m" in str(error) and "can't be reached" in str(error)


def test_provider_without_its_key(lonely, library):
    error = refused(lonely, library, "keyless", "InternalServerError")
    assert error.status_code == 503 and "HOLDFAST_TESTS_NOT_SET" in str(error)


def test_the_first_candidate_in_service_serves(lonely, upstream, library):
    upstream.plays(answer(openai_answer()), model="second-choice")
    ask(lonely, library, "second")
    assert upstream.requests("second-choice")


def test_provider_that_takes_too_long(lonely, upstream, library):
    # The answer would come long after the test.
    for provider, behaviour in [("slow", silence), ("slowly", slow_head(300, anthropic_answer()))]:
        model = upstream.plays(behaviour)
        error = refused(lonely, library, f"{provider}/{model}", "InternalServerError")
        assert error.status_code == 504
        assert upstream.request(model).gone(), "the request runs on at the provider"


def test_model_that_is_not_on_the_providers_list(lonely, library):
    assert "m-1, m-2" in str(refused(lonely, library, "few/m-3", "NotFoundError"))


def test_more_requests_than_connections_wait(lonely, upstream):
    from concurrent.futures import ThreadPoolExecutor

    upstream.plays(slow_head(0.1, openai_answer()), model="m-1")
    with ThreadPoolExecutor(10) as pool:
        done = list(pool.map(lambda _: ask(lonely, "openai", "few/m-1"), range(10)))
    assert len(done) == 10


# The provider says no


def openai_error(message, type="invalid_request_error", param=None, code=None):
    return {"error": {"message": message, "type": type, "param": param, "code": code}}


def anthropic_error(type, message):
    return {"type": "error", "error": {"type": type, "message": message}, "request_id": "req_theirs"}


@pytest.mark.parametrize(
    "code, kind",
    [
        (400, "BadRequestError"), (403, "PermissionDeniedError"), (404, "NotFoundError"),
        (409, "ConflictError"), (422, "UnprocessableEntityError"), (429, "RateLimitError"), (418, "APIStatusError"),
        (500, "InternalServerError"), (503, "InternalServerError"), (529, "InternalServerError"),
    ],
)  # fmt: skip
def test_same_dialect_keeps_the_providers_status_and_body(scripted, upstream, library, code, kind):
    if library == "openai":
        provider, body = "oa", {**openai_error("their words", code="their_code"), "x_more": [1]}
    else:
        provider, body = "an", {**anthropic_error("their_type", "their words"), "x_more": [1]}
    model = upstream.plays(status(code, {"retry-after": "7", "x-ratelimit-limit-requests": "5"}, body))
    with pytest.raises(getattr(CLIENTS[library], kind)) as caught:
        ask(scripted, library, f"{provider}/{model}")
    error = caught.value
    assert error.status_code == code and "their words" in str(error)
    assert error.response.json() == body
    assert error.response.headers["retry-after"] == "7"
    assert error.response.headers["x-holdfast-served-by"] == f"{provider}/{model}"
    assert error.request_id.startswith("req_")


@pytest.mark.parametrize(
    "type, code, kind, becomes",
    [
        ("invalid_request_error", 400, "BadRequestError", 400),
        ("permission_error", 403, "PermissionDeniedError", 403), ("not_found_error", 404, "NotFoundError", 404),
        ("rate_limit_error", 429, "RateLimitError", 429), ("api_error", 500, "InternalServerError", 500),
        ("overloaded_error", 529, "InternalServerError", 503),
    ],
)  # fmt: skip
def test_anthropics_errors_at_the_openai_door(scripted, upstream, type, code, kind, becomes):
    model = upstream.plays(status(code, {"retry-after": "7"}, anthropic_error(type, "their words")))
    error = refused(scripted, "openai", f"an/{model}", kind)
    assert error.status_code == becomes and "their words" in str(error)
    assert error.response.headers["retry-after"] == "7"
    assert set(error.response.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    "code, kind, word",
    [
        (400, "BadRequestError", "invalid_request_error"),
        (403, "PermissionDeniedError", "permission_error"), (404, "NotFoundError", "not_found_error"),
        (429, "RateLimitError", "rate_limit_error"), (500, "InternalServerError", "api_error"),
        (503, "InternalServerError", "overloaded_error"),
    ],
)  # fmt: skip
def test_openais_errors_at_the_anthropic_door(scripted, upstream, code, kind, word):
    model = upstream.plays(status(code, {"retry-after": "7"}, openai_error("their words", param="messages")))
    error = refused(scripted, "anthropic", f"oa/{model}", kind)
    assert error.type == word and "their words" in str(error)
    assert error.response.headers["retry-after"] == "7"


def test_prompt_too_long_is_openais_code(scripted, upstream):
    words = "prompt is too long: 210000 tokens > 200000 maximum"
    model = upstream.plays(status(400, body=anthropic_error("invalid_request_error", words)))
    assert refused(scripted, "openai", f"an/{model}", "BadRequestError").code == "context_length_exceeded"


@pytest.mark.parametrize("body", [b"<html>Bad Gateway</html>", b"", b"null", b"[]", b'{"error":"text"}', b"\xff\xfe"])
def test_errors_that_are_no_json_become_errors(scripted, upstream, library, body):
    for provider in ("oa", "an"):
        model = upstream.plays(status(502, body=body))
        with pytest.raises(CLIENTS[library].InternalServerError):
            ask(scripted, library, f"{provider}/{model}")


def test_a_redirect_is_not_followed(scripted, upstream, library):
    elsewhere = upstream.plays(answer(openai_answer()))
    model = upstream.plays(status(307, {"location": f"http://127.0.0.1:{upstream.port}/x"}, b""))
    with pytest.raises(CLIENTS[library].APIError):
        ask(scripted, library, f"oa/{model}")
    assert upstream.requests(elsewhere) == []

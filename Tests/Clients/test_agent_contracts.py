"""The expectations of coding agents, row by row (docs/agents.md). The agents' own binaries are in `agents/`."""

import json

import httpx2 as httpx
import pytest
from conftest import scripted_providers
from holdfast import ANSWER, PROMPT, Holdfast, cli, eventually
from patience import PATIENCE
from public_record import NAME, folder, shown
from shapes import anthropic_answer, openai_answer, text_block
from upstream import answer, by_request, close_before_head, status

CLAUDE = {
    "anthropic-version": "2023-06-01", "anthropic-beta": "a-beta-of-tomorrow-2031-01-01,another",
    "x-app": "cli", "x-claude-code-session-id": "c0ffee00-session", "x-claude-code-agent-id": "agent-7",
    "x-claude-code-parent-agent-id": "agent-1", "x-claude-code-request-class": "subagent",
    "anthropic-something-new": "as it came",
}  # fmt: skip
#: An attribution block first, marks for the cache at several depths, members of next year; spaced as no client does.
BODY = (
    '{"model" : "MODEL","max_tokens":16,\n "system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=9; '
    'cch=00000;"}, {"type":"text","text":"You are \\u00e9 Claude Code.","cache_control":{"type":"ephemeral","ttl":"1h"}}],'
    '"messages":[{"role":"user","content":[{"type":"text","text":"' + PROMPT + '","cache_control":{"type":"ephemeral"},'
    '"of_tomorrow":[1.50,{"a":null}]}]}],"context_management":{"edits":[]},"member_of_tomorrow":{"x":1e2} , "tools":[]}'
)


def post(holdfast, body, path="/v1/messages?beta=true", **headers):
    return httpx.post(
        holdfast.url + path, content=body, timeout=PATIENCE,
        headers={"authorization": f"Bearer {holdfast.key}", "content-type": "application/json", **headers},
    )


def test_fields_and_members_of_tomorrow_go_through(scripted, upstream):
    model = upstream.plays(answer(anthropic_answer([text_block(ANSWER)])))
    response = post(scripted, BODY.replace("MODEL", f"an/{model}").encode(), **CLAUDE)
    assert response.status_code == 200 and "x-holdfast-dropped" not in response.headers
    [request] = upstream.requests(model)
    # `system` and `cache_control` with all the rest: only the model's name differs.
    assert request.body.decode() == BODY.replace("MODEL", model)
    assert request.target == "/v1/messages?beta=true"
    assert {name: request.headers.get(name) for name in CLAUDE} == CLAUDE


@pytest.mark.parametrize("name", [
    "anthropic-workspace-id", "openai-organization", "openai-project", "openai-data-residency", "anthropic-region",
    "openai-account-id", "openai-route",
])  # fmt: skip
def test_what_selects_an_account_or_a_place_does_not(scripted, upstream, name):
    provider = "an" if name.startswith("anthropic") else "oa"
    path = "/v1/messages" if provider == "an" else "/v1/chat/completions"
    model = upstream.plays(answer(anthropic_answer([text_block("Hi.")]) if provider == "an" else openai_answer("Hi.")))
    body = json.dumps({"model": f"{provider}/{model}", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]})
    response = post(scripted, body.encode(), path, **{name: "chosen"})
    assert response.status_code == 200 and response.headers["x-holdfast-dropped"] == name
    assert name not in upstream.request(model).headers


@pytest.mark.parametrize("name", [
    "cookie", "x-forwarded-for", "x-real-ip", "forwarded", "x-amz-security-token", "proxy-authorization", "x-my-secret",
    "x-openai-internal-codex-residency", "anthropic-dangerous-direct-browser-access",
])  # fmt: skip
def test_the_rest_of_a_head_stays_here(scripted, upstream, name):
    model = upstream.plays(answer(anthropic_answer([text_block("Hi.")])))
    body = json.dumps({"model": f"an/{model}", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]})
    assert post(scripted, body.encode(), **{name: "mine"}).status_code == 200
    assert name not in upstream.request(model).headers


ERRORS = {
    400: b'{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum", "new":1},"request_id":"req_A"}',
    413: b'{"type":"error","error":{"type":"request_too_large","message":"Too large \\u00e9"}}',
    429: b'{"type" : "error","error":{"type":"rate_limit_error","message":"This would exceed your limit."}}',
    500: b'{"type":"error","error":{"type":"api_error","message":"Internal server error"}}',
    529: b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
}  # fmt: skip


@pytest.mark.parametrize("code", ERRORS)
def test_error_bodies_come_as_they_came(scripted, upstream, code):
    fields = {"x-should-retry": "true", "retry-after": "3", "request-id": "req_A",
              "anthropic-ratelimit-unified-status": "allowed_warning", "anthropic-ratelimit-unified-reset": "1799999999"}  # fmt: skip
    model = upstream.plays(status(code, fields, ERRORS[code]))
    response = post(scripted, BODY.replace("MODEL", f"an/{model}").encode(), **CLAUDE)
    assert response.status_code == code and response.content == ERRORS[code]
    for name in ("x-should-retry", "retry-after", "anthropic-ratelimit-unified-status", "anthropic-ratelimit-unified-reset"):
        assert response.headers[name] == fields[name]
    assert response.headers["x-holdfast-provider-request-id"] == "req_A"


def test_an_error_that_tells_our_own_secret_is_masked_and_no_more(scripted, upstream):
    body = b'{"type":"error","error":{"type":"api_error","message":"key sk-of-the-provider-an and sk-ant-of-somebody"}}'
    model = upstream.plays(status(500, body=body))
    response = post(scripted, BODY.replace("MODEL", f"an/{model}").encode())
    assert response.content == body.replace(b"sk-of-the-provider-an", b"[key removed]")


@pytest.mark.parametrize("given, told", [("7", "7"), ("1.01", "2"), ("0.2", "1"), ("Thu, 01 Jan 1970 00:00:00 GMT", "0")])
def test_a_wait_is_whole_seconds(scripted, upstream, given, told):
    model = upstream.plays(status(429, {"retry-after": given}, ERRORS[429]))
    assert post(scripted, BODY.replace("MODEL", f"an/{model}").encode()).headers["retry-after"] == told


def test_our_own_wait_is_whole_seconds(upstream):
    model = upstream.plays(answer(anthropic_answer([text_block("Hi.")])))
    with Holdfast(scripted_providers(upstream)) as holdfast:
        key = holdfast.make_counting_key("slow", "--rpm", "1")
        body = {"model": f"an/{model}", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
        responses = [
            httpx.post(holdfast.url + "/v1/messages", json=body, headers={"x-api-key": key}, timeout=PATIENCE) for _ in range(2)
        ]
        assert responses[1].status_code == 429 and responses[1].headers["retry-after"].isdigit()


def test_the_root_answers_to_a_look_without_a_key(scripted):
    response = httpx.head(scripted.url + "/", timeout=PATIENCE)
    assert response.status_code == 200 and response.content == b""


def sessions(holdfast):
    return json.loads(cli("sessions", "--json", config=holdfast.config, check=0).stdout)["sessions"]


CODEX = {"session-id": "codex-session", "thread-id": "codex-thread", "x-codex-parent-thread-id": "codex-session",
         "x-openai-subagent": "collab_spawn"}  # fmt: skip


def test_sessions_and_agents_are_on_record(upstream):
    """In the log as they came, in the ledger as digests that are one session's in all of its requests."""
    model = upstream.plays(answer(anthropic_answer([text_block("Hi.")])))
    with Holdfast(
        scripted_providers(upstream), log={"format": "json"}, ledger={"name": NAME},
    ) as holdfast:  # fmt: skip
        other = holdfast.make_counting_key("other")
        body = json.dumps({"model": f"an/{model}", "max_tokens": 9, "messages": [{"role": "user", "content": PROMPT}]})
        for fields in (CLAUDE, CLAUDE, CODEX, {}):
            assert post(holdfast, body.encode(), **fields).status_code == 200
        assert post(holdfast, body.encode(), **{**CLAUDE, "authorization": f"Bearer {other}"}).status_code == 200
        lines = holdfast.requests_logged(5, lambda line: line["status"] == 200)
        assert [line.get("session") for line in lines] == ["c0ffee00-session"] * 2 + ["codex-session", None, "c0ffee00-session"]
        assert [line.get("agent") for line in lines] == ["agent-7"] * 2 + ["codex-thread", None, "agent-7"]
        assert [line.get("parent_agent") for line in lines] == ["agent-1"] * 2 + ["codex-session", None, "agent-1"]
        assert [line.get("request_class") for line in lines] == ["subagent"] * 2 + ["collab_spawn", None, "subagent"]
        used = sessions(holdfast)
        mine = [each for each in used if each["session"] == "c0ffee00-session" and each["requests"] == 2]
        assert len(used) == 3 and len(mine) == 1, used
        assert mine[0]["agent"] == "agent-7" and mine[0]["parent_agent"] == "agent-1" and mine[0]["input_tokens"] > 0
        assert "c0ffee00" in cli("sessions", config=holdfast.config, check=0).stdout
        settled = lambda: [entry for entry in shown(holdfast) if entry["kind"] == "request.settled"]  # noqa: E731
        eventually(lambda: len(settled()) >= 5)
        found = settled()[-5:]
        digests = [entry.get("session_sha256") for entry in found]
        assert digests[0] == digests[1] and digests[0] and digests[2] not in (None, digests[0])
        # Of another key, the same word is another session.
        assert digests[3] is None and digests[4] not in (None, digests[0])
        assert found[0]["agent_sha256"] and found[0]["parent_agent_sha256"]
        written = b"".join(file.read_bytes() for file in folder(holdfast).rglob("*") if file.is_file())
        assert b"c0ffee00" not in written and b"codex-session" not in written


def test_a_session_stays_with_one_candidate_and_its_move_is_counted(upstream, spare):
    def playing(up, cached):
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110, "prompt_tokens_details": {"cached_tokens": cached}}
        return up.plays(by_request(lambda request: states[up] or answer(openai_answer("Hi.", usage=usage))))

    states = {upstream: None, spare: None}
    models = {"one": playing(upstream, 0), "two": playing(spare, 30)}
    providers = {
        name: {"dialect": "openai", "base_url": f"http://127.0.0.1:{up.port}/v1", "api_key": f"sk-of-the-host-{name}"}
        for name, up in (("one", upstream), ("two", spare))
    }
    route = {"order": "weighted", "candidates": [{"provider": name, "model": models[name]} for name in models]}
    with Holdfast(providers, {"r": route}, log={"format": "json"}) as holdfast:
        body = json.dumps({"model": "r", "messages": [{"role": "user", "content": "x"}]}).encode()

        def ask(session):
            response = post(holdfast, body, "/v1/chat/completions", **{"x-holdfast-session": session})
            assert response.status_code == 200, response.text
            return response.headers["x-holdfast-served-by"].split("/")[0]

        homes = {session: ask(session) for session in map(str, range(24))}
        assert set(homes.values()) == {"one", "two"}
        assert all(ask(session) == home for session, home in homes.items() for _ in range(3))
        holdfast.restart()
        assert all(ask(session) == home for session, home in homes.items()), "the same after a restart"
        session = next(session for session, home in homes.items() if home == "one")
        states[upstream] = close_before_head
        assert ask(session) == "two"
        line = holdfast.requests_logged(where=lambda line: "moved_from" in line)[-1]
        # 110 tokens were there, 100 of them were asked again, and 30 were in the other's cache.
        assert line["moved_from"] == f"one/{models['one']}" and line["move_tokens"] == 70
        assert holdfast.metric("holdfast_conversation_moves_total", route="r") == 1
        assert holdfast.metric("holdfast_conversation_move_tokens_total", route="r") == 70
        states[upstream] = None
        for hold in holdfast.holds:
            holdfast.restore(hold)
        assert [ask(session) for _ in range(3)] == ["two"] * 3, "where it has its cache now"
        [used] = [each for each in sessions(holdfast) if each["session"] == session]
        assert used["moves"] == 1 and used["move_tokens"] == 70 and used["served_by"] == f"two/{models['two']}"

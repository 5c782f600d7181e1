"""A model is pulled. The first request is answered by the standby, the second
makes no call to the dead model, a restart remembers, and a restore brings the
model back. Probes are counted apart from traffic."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import anthropic
import pytest
from holdfast import REPO, eventually
from patience import PATIENCE
from standin import (
    HOWS, LIBRARIES, TALK, WAYS, WHOLE, answer_of, failing, goes_on, hear, opening, pair, plain, raw, refusal, served,
    streamed,
)
from upstream import answer, by_request, in_turn, sse, status

FAILURES = Path(REPO, "Tests/Fixtures/failures/provider-failures.jsonl")
ROWS = [json.loads(line) for line in FAILURES.read_text().splitlines() if line.strip()]
WITHDRAWN = [row for row in ROWS if row["cause"] == "withdrawn"]
assert len(WITHDRAWN) >= 9

ways = pytest.mark.parametrize("library, provider", WAYS)
libraries = pytest.mark.parametrize("library", LIBRARIES)
#: For what takes a second each: one of each caller and each provider.
across = pytest.mark.parametrize("library, provider", [("openai", "an"), ("anthropic", "oa")])
hows = pytest.mark.parametrize("how", HOWS.values(), ids=HOWS)


def says(row):
    """A row of the table, on the wire."""
    return status(row["status"], row["headers"], row["body"])


def providers_of(row):
    """Returns the providers whose API can give this answer: those of the answer's own dialect, or all if the dialect
    doesn't exist here, since a host may imitate any API."""
    own = {"openai": ["oa"], "azure": ["oa"], "gemini": ["oa"], "anthropic": ["an"]}
    return own.get(row["dialect"], ["oa", "an"])


def row_of(id):
    [row] = [row for row in ROWS if row["id"] == id]
    return row


EXPLICIT, AMBIGUOUS = row_of("openai-deprecated"), row_of("openai-not-exist")

CASES = [
    pytest.param(library, provider, row, id=f"{row['id']}-{library}-{provider}")
    for row in WITHDRAWN for provider in providers_of(row) for library in LIBRARIES
]  # fmt: skip


def hold_of(two):
    """The one hold there is, which is on the first candidate."""
    [hold] = two.holdfast.holds
    assert (hold["provider"], hold["model"]) == ("first", two.first), hold
    return hold


# The table


@pytest.mark.parametrize("library, provider, row", CASES)
def test_a_pulled_model_is_asked_once(upstream, spare, library, provider, row):
    with pair(upstream, spare, says(row), served("oa"), (provider, "oa")) as two:
        done = raw(two.holdfast, library)
        assert done.headers["x-holdfast-served-by"] == f"second/{two.second}"
        assert done.headers["x-holdfast-attempts"] == "2"
        for how in HOWS.values():
            assert how(two.holdfast, library) == WHOLE
        assert raw(two.holdfast, library).headers["x-holdfast-attempts"] == "1"
        assert len(two.first_calls) == 1, "the dead call was paid for again"
        hold = hold_of(two)
        assert hold["cause"] == "withdrawn" and hold["scope"] == "model"
        said = row["body"].get("message") or row["body"].get("error", {}).get("message")
        assert hold["words"] and hold["words"][:20] in said, "the evidence is the provider's own words"


@pytest.mark.parametrize("row", [EXPLICIT, AMBIGUOUS], ids=["explicit", "ambiguous"])
@ways
def test_a_restart_remembers_and_a_restore_brings_it_back(upstream, spare, library, provider, row):
    body = row["body"] if provider == "oa" else {"type": "error", "error": row["body"]["error"]}
    with pair(upstream, spare, status(404, body=body), served("oa"), (provider, "oa")) as two:
        assert plain(two.holdfast, library) == WHOLE
        before = hold_of(two)
        two.holdfast.restart()
        assert hold_of(two)["id"] == before["id"]
        for how in HOWS.values():
            assert how(two.holdfast, library) == WHOLE
        assert len(two.first_calls) == 1, "a restart forgot"

        upstream.plays(served(provider), model=two.first)
        two.holdfast.restore(hold_of(two))
        assert two.holdfast.holds == []
        done = raw(two.holdfast, library)
        assert done.headers["x-holdfast-served-by"] == f"first/{two.first}"
        two.holdfast.restart()
        assert two.holdfast.holds == [], "the restart forgot the restore"
        assert streamed(two.holdfast, library) == WHOLE and len(two.first_calls) == 2


def test_a_kill_forgets_nothing_either(upstream, spare):
    with pair(upstream, spare, says(EXPLICIT), served("oa")) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        # A suspicion is waited for by nobody; what is confirmed is.
        eventually(lambda: hold_of(two)["firmness"] == "lasting")
        asked = len(two.first_calls)
        two.holdfast.process.kill()
        two.holdfast.process.wait()
        two.holdfast.start()
        assert plain(two.holdfast, "openai") == WHOLE
        assert len(two.first_calls) == asked


def test_a_model_that_is_restored_and_still_dead_is_held_again(upstream, spare):
    with pair(upstream, spare, says(EXPLICIT), served("oa")) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        two.holdfast.restore(hold_of(two))
        for _ in range(3):
            assert plain(two.holdfast, "openai") == WHOLE
        assert len(two.first_calls) == 2 and hold_of(two)


def test_restoring_what_is_not_held(upstream, spare):
    with pair(upstream, spare, served("oa"), None) as two:
        with pytest.raises(urllib.error.HTTPError) as caught:
            two.holdfast.restore({"id": "no-such-hold"})
        assert caught.value.code == 404
        with pytest.raises(urllib.error.HTTPError) as caught:
            two.holdfast.admin("/admin/holds/../../etc/restore", method="POST")
        assert 400 <= caught.value.code < 500


def test_an_applications_key_restores_nothing(upstream, spare):
    with pair(upstream, spare, says(EXPLICIT), served("oa")) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        hold = hold_of(two)
        for port, key in [(two.holdfast.admin_port, two.holdfast.key), (two.holdfast.admin_port, None)]:
            address = f"http://127.0.0.1:{port}/admin/holds/{hold['id']}/restore"
            request = urllib.request.Request(address, method="POST")
            if key:
                request.add_header("authorization", f"Bearer {key}")
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(request, timeout=PATIENCE)
            assert caught.value.code in (401, 403)
        assert hold_of(two) == hold
        for path in ("/admin/holds", "/admin/routes"):
            assert two.holdfast.get(path, two.holdfast.key)[0] == 404, "on the applications' listener"


# No wider than the model


@pytest.mark.parametrize("row", [EXPLICIT, AMBIGUOUS], ids=["explicit", "ambiguous"])
def test_one_retired_model_does_not_close_the_providers_others(upstream, spare, row):
    with pair(upstream, spare, says(row), served("oa")) as two:
        for _ in range(3):
            assert plain(two.holdfast, "openai") == WHOLE
        for _ in range(3):
            other = upstream.plays(served("oa", "another's answer"))
            assert plain(two.holdfast, "openai", f"first/{other}") == "another's answer"
            assert len(upstream.calls(other)) == 1


def test_many_retired_models_do_not_close_the_provider(upstream, spare):
    """A provider that retires a whole family at once."""
    with pair(upstream, spare, says(EXPLICIT), served("oa")) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        for _ in range(8):
            refusal(two.holdfast, "openai", model=f"first/{upstream.plays(says(EXPLICIT))}")
        other = upstream.plays(served("oa"))
        assert plain(two.holdfast, "openai", model=f"first/{other}") == WHOLE


# Words that hide it

MASKED = {
    "code": 429, "status": "RESOURCE_EXHAUSTED",
    "message": "You exceeded your current quota, please check your plan and billing details. "
    "* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, "
    "limit: 0, model: gemini-2.0-flash\n"
    "Please retry in 20.5s.",
}  # fmt: skip


@across
def test_a_429_that_masks_retirement(upstream, spare, library, provider):
    """`limit: 0` is no limit to wait for."""
    body = {"error": MASKED} if provider == "oa" else {"type": "error", "error": {**MASKED, "type": "rate_limit_error"}}
    with pair(upstream, spare, status(429, {"retry-after": "1"}, body), served("oa"), (provider, "oa")) as two:
        assert plain(two.holdfast, library) == WHOLE
        assert hold_of(two)["cause"] == "withdrawn"
        # Past its Retry-After, as another model's mere rate limit shows: that one is asked again.
        limit = failing(provider, 429, "Rate limit reached.", {"retry-after": "1"}, "rate_limit_error")
        other = upstream.plays(in_turn((limit, served(provider))))
        limited = {"candidates": [{"provider": "first", "model": other}]}
        two.holdfast.write_config(routes={**two.holdfast.settings["routes"], "limited": limited})
        two.holdfast.log_has("configuration reloaded")
        assert plain(two.holdfast, library, model="limited") == WHOLE
        told, again = upstream.calls(other)
        assert again.arrived_at - told.arrived_at > 0.95
        assert streamed(two.holdfast, library) == WHOLE
        assert len(two.first_calls) == 1


@pytest.mark.parametrize("events", [0, 1, 2], ids=["nothing", "a comment", "a role"])
@ways
def test_retirement_as_a_clean_end_of_stream(upstream, spare, library, provider, events):
    ends = {0: [], 1: [b": ok\n\n"], 2: opening(provider, 0)}[events]
    not_found = failing(provider, 404, "model: gone", None, "not_found_error")
    dead = by_request(lambda request: sse(ends) if request.json.get("stream") else not_found)
    with pair(upstream, spare, dead, served("oa"), (provider, "oa")) as two:
        for _ in range(3):
            heard = hear(two.holdfast, library)
            assert heard.text == WHOLE and not heard.errors
        assert len(two.first_calls) == 1, "the dead call was paid for again"
        assert hold_of(two)


END_OF_LIFE = "This model version has reached the end of its life."


def end_of_life(provider):
    error = {"type": "not_found_error", "message": END_OF_LIFE}
    if provider == "oa":
        return {"error": {**error, "code": "model_not_found"}}
    return ("error", {"type": "error", "error": error})


@pytest.mark.parametrize("first", ["at once", "after a role"])
@ways
def test_end_of_life_in_the_stream(upstream, spare, library, provider, first):
    before = opening(provider, 0) if first == "after a role" else []
    with pair(upstream, spare, sse([*before, end_of_life(provider)]), served("oa"), (provider, "oa")) as two:
        for _ in range(3):
            heard = hear(two.holdfast, library)
            assert heard.text == WHOLE and not heard.errors
        assert len(two.first_calls) == 1
        hold = hold_of(two)
        assert hold["cause"] == "withdrawn" and END_OF_LIFE in hold["words"]


@ways
def test_end_of_life_after_40_tokens(upstream, spare, library, provider):
    first = sse([*opening(provider, 40), end_of_life(provider)])
    with pair(upstream, spare, first, goes_on("oa"), (provider, "oa")) as two:
        for _ in range(2):
            heard = hear(two.holdfast, library)
            assert heard.text == WHOLE and not heard.errors
        assert len(two.first_calls) == 1 and hold_of(two)["cause"] == "withdrawn"


# Ambiguous evidence


def answers_probes(kind, traffic, probe):
    return by_request(lambda request: probe if request.is_probe else traffic)


@ways
def test_a_probe_that_is_answered_lifts_the_hold(upstream, spare, library, provider):
    row = AMBIGUOUS if provider == "oa" else row_of("anthropic-unknown-model")
    calls = []

    def choose(request):
        if request.is_probe:
            return answer(answer_of(provider, "ok"))
        calls.append(request)
        return says(row) if len(calls) == 1 else served(provider)

    with pair(upstream, spare, by_request(choose), served("oa"), (provider, "oa")) as two:
        assert plain(two.holdfast, library) == WHOLE
        assert two.second_calls, "the standby did not answer the first"
        eventually(lambda: two.holdfast.holds == [])
        assert len(upstream.probes(two.first)) >= 1
        done = raw(two.holdfast, library)
        assert done.headers["x-holdfast-served-by"] == f"first/{two.first}"


@ways
def test_a_probe_that_is_refused_confirms_the_hold(upstream, spare, library, provider):
    row = AMBIGUOUS if provider == "oa" else row_of("anthropic-unknown-model")
    with pair(upstream, spare, says(row), served("oa"), (provider, "oa")) as two:
        assert plain(two.holdfast, library) == WHOLE
        provisional = hold_of(two)["firmness"]
        [probe, *_] = eventually(lambda: upstream.probes(two.first))
        assert "PROMPTMARKER" not in probe.body.decode(), "a caller's prompt is not sent again on its own"
        eventually(lambda: hold_of(two)["firmness"] != "provisional")
        assert provisional in ("provisional", hold_of(two)["firmness"])
        assert plain(two.holdfast, library) == WHOLE and len(two.first_calls) == 1


@libraries
def test_a_probe_that_learns_nothing_leaves_the_hold(upstream, spare, library):
    dead = answers_probes("oa", says(AMBIGUOUS), failing("oa", 503))
    with pair(upstream, spare, dead, served("oa")) as two:
        assert plain(two.holdfast, library) == WHOLE
        eventually(lambda: upstream.probes(two.first))
        assert plain(two.holdfast, library) == WHOLE
        assert len(two.first_calls) == 1 and hold_of(two)


def test_explicit_words_last_once_a_probe_has_met_them(upstream, spare):
    with pair(upstream, spare, says(EXPLICIT), served("oa")) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        eventually(lambda: hold_of(two)["firmness"] == "lasting")
        assert plain(two.holdfast, "openai") == WHOLE and len(two.first_calls) == 1


def test_a_model_that_never_answered_is_called_misconfigured(upstream, spare):
    with pair(upstream, spare, says(AMBIGUOUS), served("oa")) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        assert hold_of(two)["name"] == "misconfigured"
        assert plain(two.holdfast, "openai") == WHOLE and len(two.first_calls) == 1


def test_a_model_that_has_answered_once_is_called_withdrawn(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        two.holdfast.restart()
        upstream.plays(says(AMBIGUOUS), model=two.first)
        assert plain(two.holdfast, "openai") == WHOLE
        assert hold_of(two)["name"] == "withdrawn", "a restart forgot that it had answered"


def test_probes_are_no_traffic(upstream, spare):
    """Neither in the request log nor in a caller's tokens."""
    with pair(upstream, spare, says(AMBIGUOUS), served("oa")) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        eventually(lambda: upstream.probes(two.first))
        assert len(two.holdfast.requests_logged()) == 1
        assert two.holdfast.metric("holdfast_requests_total") == 1


# A dead model inside of a request

DEAD, LIVE = "claude-mythos-5", "claude-opus-4-8"


def has_dead_tool(request):
    return any(tool.get("model") == DEAD for tool in request.json.get("tools", []))


def nested():
    dead = says(row_of("anthropic-nested-2"))
    return by_request(lambda request: dead if has_dead_tool(request) else served("an"))


def ask_with_tool(two, model=DEAD):
    tools = [{"type": "advisor_20260301", "name": "advisor", "model": model}]
    client = two.holdfast.anthropic()
    message = client.messages.create(model="talk", messages=TALK, max_tokens=9, tools=tools)
    return message.content[0].text


def test_a_nested_reference_is_rewritten_by_the_routes_table(upstream, spare):
    with pair(upstream, spare, nested(), served("an"), ("an", "an"), nested={DEAD: LIVE}) as two:
        for _ in range(2):
            assert ask_with_tool(two) == WHOLE
        assert not two.second_calls, "the model that was asked is well"
        assert two.first_calls[-1].json["tools"][0]["model"] == LIVE
        assert two.first_calls[-1].json["messages"] == TALK
        assert two.holdfast.holds == []


def test_a_nested_reference_without_a_table_is_a_clear_error(upstream, spare):
    with pair(upstream, spare, nested(), served("an"), ("an", "an")) as two:
        with pytest.raises(anthropic.BadRequestError) as caught:
            ask_with_tool(two)
        assert "tools.0.model" in str(caught.value)
        assert len(two.first_calls) == 1 and not two.second_calls
        assert two.holdfast.holds == [], "the model that was asked is well"
        assert plain(two.holdfast, "anthropic") == WHOLE and len(two.first_calls) == 2


def test_a_rewrite_that_is_dead_too_ends(upstream, spare):
    """No loop: once rewritten, the provider's word is final."""
    always = says(row_of("anthropic-nested-2"))
    with pair(upstream, spare, always, served("an"), ("an", "an"), nested={DEAD: LIVE, LIVE: DEAD}) as two:
        with pytest.raises(anthropic.BadRequestError) as caught:
            ask_with_tool(two)
        assert "tools.0.model" in str(caught.value) and len(two.first_calls) <= 2


# Nobody is left


@ways
def test_all_withdrawn_is_a_404_that_no_client_repeats(upstream, spare, library, provider):
    row = row_of("anthropic-pulled") if provider == "an" else EXPLICIT
    with pair(upstream, spare, says(row), says(row_of("bedrock-eol")), (provider, "oa")) as two:
        for _ in range(2):
            # A suspect is asked as long as nobody else is free: until its probe.
            eventually(lambda: all(each["firmness"] == "lasting" for each in two.holdfast.holds))
            ask = {"model": "talk", "messages": TALK, "max_tokens": 9}
            with pytest.raises(Exception) as caught:
                if library == "openai":
                    two.holdfast.openai(max_retries=3).chat.completions.create(**ask)
                else:
                    two.holdfast.anthropic(max_retries=3).messages.create(**ask)
            error = caught.value
            assert error.status_code == 404, error
            assert error.response.headers["x-should-retry"] == "false"
            assert error.request_id and len(error.message) > 20
        assert len(two.first_calls) == len(two.second_calls) == 1
        assert len(two.holdfast.requests_logged(2)) == 2


@libraries
@hows
def test_one_withdrawn_and_one_that_is_ill_is_worth_another_try(upstream, spare, library, how):
    with pair(upstream, spare, says(EXPLICIT), failing("oa", 503)) as two:
        for _ in range(2):
            error = refusal(two.holdfast, library, how)
            assert error.status_code in (502, 503, 529), error
            assert error.response.headers.get("x-should-retry") != "false"
            # A suspect is asked as long as nobody else is free: until its probe.
            eventually(lambda: hold_of(two)["firmness"] == "lasting")
        assert len(two.first_calls) == 1

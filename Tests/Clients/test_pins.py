"""Tests that the operator decides which account pays and which host serves: pinned fields, routing members, the query,
members whose names not every server distinguishes, and members that a key or a route forbids."""

import json

import pytest
from conftest import scripted_providers
from holdfast import Holdfast, cli
from plain import post
from shapes import anthropic_answer, anthropic_stream, openai_answer, openai_stream
from upstream import answer, sse

ROUTING = ["models", "provider", "route", "inference_geo"]


@pytest.fixture(scope="module")
def pinned(upstream):
    scripted = scripted_providers(upstream)
    pins = {"OpenAI-Project": "proj-of-the-operator", "Anthropic-Beta": "beta-of-the-operator", "X-Title": "ours"}
    providers = {
        **scripted, "pin": {**scripted["oa"], "headers": pins, "allow": ["openai-organization", "openai-project"]},
        "pan": {**scripted["an"], "headers": pins},
        "open": {**scripted["oa"], "allow": ["models", "provider", "route", "inference_geo", "query", "openai-organization", "openai-project"]},
    }  # fmt: skip
    routes = {
        "strict": {"candidates": [{"provider": "oa", "model": "strict"}], "forbid": ["service_tier", "store"]},
        "second": {"candidates": [{"provider": "oa", "model": "first"}, {"provider": "open", "model": "second"}]},
        "goes-on": {"candidates": [{"provider": "open", "model": "cut"}, {"provider": "oa", "model": "closed"}]},
    }
    with Holdfast(providers, routes) as holdfast:
        yield holdfast


def ask(holdfast, door, model, extra=None, fields=None, query="", key=None, raw=None):
    path = "/v1/chat/completions" if door == "openai" else "/v1/messages"
    body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], **(extra or {})}
    headers = {"authorization": f"Bearer {key or holdfast.key}", "content-type": "application/json", **(fields or {})}
    return post(holdfast.url + path + query, content=raw or json.dumps(body), headers=headers)


CALLERS = {
    "OpenAI-Project": "proj-of-the-caller", "openai-organization": "org-of-the-caller", "anthropic-beta": "beta-of-the-caller",
    "X-Title": "theirs", "Authorization-Other": "x",
}  # fmt: skip


@pytest.mark.parametrize("provider, door", [("pin", "openai"), ("pan", "anthropic")])
def test_what_is_pinned_is_what_is_sent(pinned, upstream, provider, door):
    model = upstream.plays(answer(openai_answer() if door == "openai" else anthropic_answer()))
    answered = ask(pinned, door, f"{provider}/{model}", fields=CALLERS)
    assert answered.status_code == 200
    sent = [(name.lower(), value) for name, value in upstream.request(model).header_list]
    for name, value in [("openai-project", "proj-of-the-operator"), ("anthropic-beta", "beta-of-the-operator"), ("x-title", "ours")]:
        assert [each for each in sent if each[0] == name] == [(name, value)], sent
    dropped = answered.headers["x-holdfast-dropped"].split(", ")
    assert "openai-project" in dropped and "anthropic-beta" in dropped
    # Allowed where the settings say so.
    assert (("openai-organization", "org-of-the-caller") in sent) == (provider == "pin")


def test_a_callers_account_and_query_stay_here(pinned, upstream):
    model = upstream.plays(answer(openai_answer()))
    answered = ask(pinned, "openai", f"oa/{model}", fields=CALLERS, query="?key=mine&api-version=1")
    request = upstream.request(model)
    assert request.target == "/v1/chat/completions"
    assert not {"openai-project", "openai-organization"} & set(request.headers)
    assert set(answered.headers["x-holdfast-dropped"].split(", ")) == {"openai-organization", "openai-project", "query"}
    model = upstream.plays(answer(openai_answer()))
    answered = ask(pinned, "openai", f"open/{model}", fields=CALLERS, query="?a=b")
    request = upstream.request(model)
    assert request.target == "/v1/chat/completions?a=b" and request.headers["openai-project"] == "proj-of-the-caller"
    assert "x-holdfast-dropped" not in answered.headers


def test_the_apis_own_query_goes_along(pinned, upstream):
    model = upstream.plays(answer(anthropic_answer()))
    answered = ask(pinned, "anthropic", f"an/{model}", query="?beta=true&key=mine")
    assert answered.status_code == 200 and upstream.request(model).target == "/v1/messages?beta=true"
    assert answered.headers["x-holdfast-dropped"] == "query"


@pytest.mark.parametrize("name", ROUTING + ["Models", "PROVIDER", "rout\\u0065", "model\u017f"])
@pytest.mark.parametrize("provider, door", [("oa", "openai"), ("an", "anthropic")])
def test_a_member_that_routes_around_the_operator_is_refused_by_name(pinned, upstream, provider, door, name):
    model = upstream.plays(answer(openai_answer() if door == "openai" else anthropic_answer()))
    body = f'{{"model": "{provider}/{model}", "max_tokens": 9, "messages": [{{"role": "user", "content": "hi"}}], "{name}": ["x"]}}'
    answered = ask(pinned, door, "", raw=body.encode())
    assert answered.status_code == 400 and "allow: [" in answered.text
    assert upstream.requests(model) == []


@pytest.mark.parametrize("name", ROUTING)
def test_what_the_settings_allow_passes(pinned, upstream, name):
    model = upstream.plays(answer(openai_answer()))
    assert ask(pinned, "openai", f"open/{model}", {name: ["x"]}).status_code == 200
    assert upstream.request(model).json[name] == ["x"]


def test_the_next_candidate_serves_where_it_may(pinned, upstream):
    upstream.plays(answer(openai_answer()), model="first")
    upstream.plays(answer(openai_answer()), model="second")
    assert ask(pinned, "openai", "second", {"models": ["x"]}).headers["x-holdfast-served-by"] == "open/second"
    assert upstream.requests("first") == []


def test_who_goes_on_with_a_stream_is_told_none_of_it(pinned, upstream):
    upstream.plays(sse(openai_stream()[:4], cut_after_bytes=600), model="cut")
    upstream.plays(sse(openai_stream()), model="closed")
    ask(pinned, "openai", "goes-on", {"models": ["x"], "stream": True})
    assert upstream.requests("closed") == []


@pytest.mark.parametrize("names", [("Model", "model"), ("stream", "STREAM"), ("max_tokens", "max_to\u212aens"), ("store", "\\u0053tore")])
@pytest.mark.parametrize("provider, door", [("oa", "openai"), ("an", "openai"), ("an", "anthropic")])
def test_names_that_differ_by_case_only_are_refused(pinned, upstream, provider, door, names):
    model = upstream.plays(answer(openai_answer()))
    values = {"model": f'"{provider}/{model}"', "max_tokens": "9", "messages": '[{"role": "user", "content": "hi"}]'}
    members = [f'"{name}": {value}' for name, value in values.items() if name not in names]
    members += [f'"{name}": ' + values.get(name, "null") for name in names]
    answered = ask(pinned, door, "", raw=("{" + ", ".join(members) + "}").encode())
    assert answered.status_code == 400 and "differ by case only" in answered.text
    assert upstream.requests(model) == []


def test_a_name_spelt_twice_is_refused(pinned, upstream):
    model = upstream.plays(answer(openai_answer()))
    body = f'{{"model": "oa/{model}", "mod\\u0065l": "oa/other", "messages": []}}'
    assert ask(pinned, "openai", "", raw=body.encode()).status_code == 400
    assert upstream.requests(model) == []


def test_what_costs_more_passes_unless_key_or_route_forbids_it(pinned, upstream):
    upstream.plays(answer(openai_answer()), model="strict")
    assert ask(pinned, "openai", "strict", {"metadata": {"a": "b"}}).status_code == 200
    for name in ("service_tier", "store", "STORE"):
        answered = ask(pinned, "openai", "strict", {name: "x"})
        assert answered.status_code == 400 and "forbids" in answered.text and name.lower() in answered.text
    model = upstream.plays(answer(openai_answer()))
    assert ask(pinned, "openai", f"oa/{model}", {"service_tier": "flex", "store": True}).status_code == 200
    assert upstream.request(model).json["store"] is True
    key = pinned.make_counting_key("careful", "--forbid", "store,metadata")
    assert ask(pinned, "openai", f"oa/{model}", {"service_tier": "flex"}, key=key).status_code == 200
    assert ask(pinned, "openai", f"oa/{model}", {"store": False}, key=key).status_code == 400
    shown = json.loads(cli("keys", "list", "--json", config=pinned.config, check=0).stdout)
    assert next(each["forbid"] for each in shown if each["name"] == "careful") == ["store", "metadata"]
    wrong = cli("keys", "create", "--name", "x", "--forbid", "servce_tier", config=pinned.config)
    assert wrong.returncode != 0 and 'did you mean "service_tier"?' in wrong.stderr

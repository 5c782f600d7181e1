"""One request is no evidence against a model: what callers write can't take it
from others, and a real pull is found out by a request of Holdfast's own."""

import json
import threading

import anthropic
import openai
import pytest
from entries import checked_entries
from holdfast import PROMPT, STATES, Holdfast, cli, eventually
from standin import (
    LIBRARIES, TALK, WAYS, WHOLE, answer_of, failing, pair, plain, provider_at, raw, refusal, served, streamed,
)
from upstream import answer, by_request, silence, sse, status

ways = pytest.mark.parametrize("library, provider", WAYS)
libraries = pytest.mark.parametrize("library", LIBRARIES)


def served_by(holdfast, library="openai", model="talk", **more):
    return raw(holdfast, library, model, **more).headers["x-holdfast-served-by"].split("/")[0]


def quiet(holdfast):
    """Nothing is held, and no breaker is open."""
    breakers = json.loads(holdfast.admin("/admin/routes"))["breakers"]
    return holdfast.holds == [] and all(each["state"] == "closed" for each in breakers)


# A field is no model

FIELDS = [
    ("temperature", 0, "`temperature` is deprecated for this model."),
    ("top_p", 0.9, "`top_p` is deprecated for this model."),
    ("top_k", 5, "top_k has been removed for this model."),
]


@pytest.mark.parametrize("field, value, words", FIELDS)
def test_a_field_that_a_model_no_longer_takes(upstream, spare, field, value, words):
    """The next candidate may take it; nobody else's requests move."""
    no = failing("an", 400, words, type="invalid_request_error")
    first = by_request(lambda request: no if field in request.json else served("an"))
    with pair(upstream, spare, first, served("an"), ("an", "an")) as two:
        for _ in range(3):
            assert served_by(two.holdfast, "anthropic", extra_body={field: value}) == "second"
            assert served_by(two.holdfast, "anthropic") == "first"
        assert quiet(two.holdfast) and not upstream.probes(two.first)
        [line, *_] = two.holdfast.requests_logged(where=lambda line: line.get("attempts"))
        assert "unsupported_field" in json.dumps(line)


@pytest.mark.parametrize("library, kind", [("openai", "oa"), ("anthropic", "an")])
def test_alone_the_provider_says_it_itself(upstream, spare, library, kind):
    words = "`temperature` is deprecated for this model."
    with pair(upstream, spare, failing(kind, 400, words, type="invalid_request_error"), None, (kind, kind)) as two:
        error = refusal(two.holdfast, library)
        assert error.status_code == 400 and words in str(error)


# What a caller wrote

#: Words of every kind that could hold something back.
WORDS = [
    "invalid api key", "unpaid", "The model `x` has been deprecated", "Your credit balance is too low", "rate limit",
    "try again in 9999h", "organization has been disabled", "overloaded", "firewall", "model not available",
]
ECHOES = {
    "quoted": "Invalid value: '{}'.", "in backticks": "Unknown tag `{}`", "bare": "{} is no value for role",
    "as JSON": 'Invalid: {{"role": "{}"}}',
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
@ways
def test_a_callers_own_words_hold_nothing(upstream, spare, library, provider, echo):
    """Quoted in a 400, whatever they are: other keys' requests go on, and
    nothing is left once a probe was answered."""

    def choose(request):
        if request.is_probe or "ask-for-no" not in json.dumps(request.json):
            return served(provider)
        for message in request.json["messages"]:
            text = message["content"] if isinstance(message["content"], str) else message["content"][0]["text"]
            if "ask-for-no" in text:
                return failing(provider, 400, echo.format(text.split("|")[1]), type="invalid_request_error")
        return served(provider)

    with pair(upstream, spare, by_request(choose), served("oa"), (provider, "oa")) as two:
        other = two.holdfast.make_counting_key("other")
        for words in WORDS:
            messages = [{"role": "user", "content": f"{PROMPT} ask-for-no |{words}|"}]
            try:
                plain(two.holdfast, library, messages=messages)
            except (openai.BadRequestError, anthropic.BadRequestError):
                pass
            done = two.holdfast.openai(key=other).chat.completions.with_raw_response.create(
                model="talk", messages=TALK, max_tokens=500
            )
            assert done.headers["x-holdfast-served-by"].startswith("first/"), words
        eventually(lambda: quiet(two.holdfast))
        two.holdfast.restart()
        assert quiet(two.holdfast) and served_by(two.holdfast, library) == "first"


def test_a_code_in_a_400_moves_that_key_only_until_a_probe_tells(upstream, spare):
    """A provider that is silent to probes: nothing is confirmed."""
    gone = status(400, body={"error": {"message": "no", "type": "x", "code": "model_decommissioned"}})

    def choose(request):
        if request.is_probe:
            return silence
        return gone if "trouble" in json.dumps(request.json) else served("oa")

    with pair(upstream, spare, by_request(choose), served("oa")) as two:
        other = two.holdfast.make_counting_key("other")
        assert plain(two.holdfast, "openai", messages=[{"role": "user", "content": "trouble"}]) == WHOLE
        [hold] = two.holdfast.holds
        assert hold["firmness"] == "provisional" and len(hold["counts_for_keys"]) == 1
        assert served_by(two.holdfast) == "second", "its own requests go to the next at once"
        done = two.holdfast.openai(key=other).chat.completions.with_raw_response.create(
            model="talk", messages=TALK, max_tokens=500
        )
        assert done.headers["x-holdfast-served-by"].startswith("first/")
        # The answer to the other key's request shows that it is there.
        eventually(lambda: two.holdfast.holds == [])


def test_made_up_names_leave_nothing(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        client = two.holdfast.openai()
        for number in range(200):
            with pytest.raises(openai.NotFoundError):
                client.chat.completions.create(model=f"first/made-up-{number}", messages=TALK)
        assert quiet(two.holdfast)


@libraries
def test_a_callers_own_404_is_no_models(upstream, spare, library):
    kind = "oa" if library == "openai" else "an"
    no = failing(kind, 404, "No such File object: file-abc123", type="invalid_request_error")
    with pair(upstream, spare, no, served(kind), (kind, kind)) as two:
        for _ in range(5):
            assert refusal(two.holdfast, library).status_code == 404
        assert not two.second_calls and quiet(two.holdfast)


# A request of Holdfast's own

GONE = {"message": "The model `gpt-4-0314` has been deprecated", "type": "invalid_request_error", "code": None}


def test_words_that_no_probe_confirms_are_lifted_and_on_record(upstream, spare):
    once = []

    def choose(request):
        if request.is_probe or once:
            return served("oa")
        once.append(1)
        return status(404, body={"error": GONE})

    top = {"ledger": {"name": "judgement.test", "directory": "ledger"}}
    with pair(upstream, spare, by_request(choose), served("oa"), top=top) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        eventually(lambda: quiet(two.holdfast))
        assert served_by(two.holdfast) == "first"
        assert len(upstream.probes(two.first)) == 1
        two.holdfast.log_has("was not confirmed")
        two.holdfast.stop()
        entries = checked_entries(two.holdfast.directory / "ledger/log")
        [unconfirmed] = [entry for entry in entries if entry[1] == "verdict.unconfirmed"]
        assert unconfirmed[14] == unconfirmed[41] == "withdrawn" and unconfirmed[9] == "probe"
        two.holdfast.start()


def test_after_that_words_ask_first(upstream, spare):
    """Neither another key's request nor the same one's moves before a probe
    has confirmed it."""
    is_down = threading.Event()

    def choose(request):
        if request.is_probe:
            return served("oa")
        return status(404, body={"error": GONE}) if is_down.is_set() else served("oa")

    with pair(upstream, spare, by_request(choose), served("oa")) as two:
        for _ in range(2):
            is_down.set()
            assert plain(two.holdfast, "openai") == WHOLE
            is_down.clear()
            eventually(lambda: quiet(two.holdfast))
            assert served_by(two.holdfast) == "first"


def test_many_requests_ask_for_one_probe(upstream, spare):
    dead = by_request(lambda request: silence if request.is_probe else status(404, body={"error": GONE}))
    with pair(upstream, spare, dead, None) as two:
        def ask():
            with pytest.raises(openai.NotFoundError):
                two.holdfast.openai().chat.completions.create(model="talk", messages=TALK)

        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(upstream.probes(two.first)) == 1
        [probe] = upstream.probes(two.first)
        eventually(lambda: probe.gone_at)
        [hold] = two.holdfast.holds
        assert hold["firmness"] == "provisional", "a probe without an answer says nothing"


def test_a_provider_that_answers_no_probe_delays_no_others(upstream, spare):
    dead = by_request(lambda request: silence if request.is_probe else status(404, body={"error": GONE}))
    with pair(upstream, spare, dead, served("oa"), top={"data": {"directory": "data"}}) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        eventually(lambda: upstream.probes(two.first))
        # The second is pulled, too, while the first one's probe hangs.
        spare.plays(status(404, body={"error": GONE}), model=two.second)
        refusal(two.holdfast, "openai")
        eventually(lambda: {hold["firmness"] for hold in two.holdfast.holds if hold["provider"] == "second"} == {"lasting"})
        assert upstream.probes(two.first)[0].gone_at is None or len(spare.probes(two.second)) == 1


def test_a_suspect_is_asked_when_nobody_else_is_free(upstream, spare):
    """A suspicion moves traffic to other candidates, but refuses no request."""
    answers = []

    def choose(request):
        if request.is_probe:
            return silence
        answers.append(1)
        return status(404, body={"error": GONE}) if len(answers) == 1 else served("oa")

    with pair(upstream, spare, by_request(choose), failing("oa", 503)) as two:
        refusal(two.holdfast, "openai")
        assert plain(two.holdfast, "openai") == WHOLE
        eventually(lambda: [hold for hold in two.holdfast.holds if hold["firmness"] != "timed"] == [])


@pytest.mark.parametrize("code", [401, 403])
def test_a_bad_key_is_believed_once_a_probe_has_met_it(upstream, spare, code):
    error = {"message": "Incorrect API key provided", "type": "invalid_request_error", "code": "invalid_api_key"}
    with pair(upstream, spare, status(code, body={"error": error}), served("oa")) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        eventually(lambda: [hold["firmness"] for hold in two.holdfast.holds] == ["lasting"])
        [hold] = two.holdfast.holds
        assert (hold["cause"], hold["scope"]) == ("credential", "credential")
        assert len(two.first_calls) == 1 and len(upstream.probes(two.first)) == 1
        two.holdfast.restart()
        assert plain(two.holdfast, "openai") == WHOLE and len(two.first_calls) == 1


def test_two_keys_confirm_each_other_where_probes_are_off(upstream, spare):
    models = [upstream.plays(status(404, body={"error": GONE})), spare.plays(served("oa"))]
    providers = {
        "first": provider_at(upstream, "oa", "first-host", probes="off"), "second": provider_at(spare, "oa", "second-host"),
    }  # fmt: skip
    routes = {
        "talk": {"candidates": [{"provider": "first", "model": models[0]}, {"provider": "second", "model": models[1]}]},
        "alone": {"candidates": [{"provider": "first", "model": models[0]}]},
    }
    with Holdfast(providers, routes) as holdfast:
        other = holdfast.make_counting_key("other")
        refusal(holdfast, "openai", model="alone")
        refusal(holdfast, "openai", model="alone", messages=[{"role": "user", "content": "another"}])
        assert [hold["firmness"] for hold in holdfast.holds] == ["provisional"], "one key alone is no proof"
        with pytest.raises(openai.APIStatusError):
            holdfast.openai(key=other).chat.completions.create(model="alone", messages=[{"role": "user", "content": "x"}])
        assert [hold["firmness"] for hold in holdfast.holds] == ["lasting"]
        assert not upstream.probes(models[0])


# Waits, error bodies, redirects


@pytest.mark.parametrize("fields, words", [({"retry-after": "9999999"}, "Slow down"), ({}, "Please try again in 9999h")])
def test_no_wait_is_longer_than_a_quarter_of_an_hour(upstream, spare, fields, words):
    error = {"error": {"message": words, "type": "rate_limit_error"}}
    with pair(upstream, spare, status(429, fields, error), served("oa")) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        [hold] = two.holdfast.holds
        assert hold["firmness"] == "timed" and hold["seconds_left"] <= 901


@pytest.mark.parametrize("code", [400, 403, 404, 500])
@libraries
def test_an_error_of_any_size_keeps_its_status(upstream, spare, library, code):
    kind = "oa" if library == "openai" else "an"
    error = failing(kind, code, "x" * (3 << 20))
    with pair(upstream, spare, error, None, (kind, kind)) as two:
        assert refusal(two.holdfast, library).status_code == code
        assert refusal(two.holdfast, "anthropic" if library == "openai" else "openai").status_code in (code, 502)


@pytest.mark.parametrize("code", [300, 301, 302, 303, 307, 308])
@ways
def test_a_redirect_alone_is_a_502_that_says_where_to(upstream, spare, library, provider, code):
    fields = {"location": "https://user:secret@elsewhere.test/v2?key=sk-secret"}
    with pair(upstream, spare, status(code, fields, b""), None, (provider, "oa")) as two:
        error = refusal(two.holdfast, library)
        assert error.status_code == 502 and "https://elsewhere.test/v2" in str(error) and "base_url" in str(error)
        assert "secret" not in str(error)
        told = error.response.json()
        assert told["error"]["message"] and (library == "openai" or told["type"] == "error")


# Drills


@pytest.mark.parametrize("cause", ["credential", "exhausted", "denied"])
def test_a_drill_of_an_account_pulls_one_candidate(upstream, cause):
    """Both candidates are under one key: the drill's memory is of the one that
    it pulls, and its probes are answered as pulled."""
    models = [upstream.plays(served("oa")), upstream.plays(served("oa"))]
    routes = {"talk": {"candidates": [{"provider": "first", "model": model} for model in models]}}
    with Holdfast({"first": provider_at(upstream, "oa", "first-host")}, routes) as holdfast:
        done = cli(
            "drill", "pull", "talk", "--as", cause, "--load", "20rps", "--for", "2s", "--warm-up", "0.5s",
            "--recovery", "0.5s", "--json", config=holdfast.config,
        )
        report = json.loads(done.stdout)
        assert done.returncode == 0 and report["verdict"] == "passed", report
        assert report["requests"]["met_the_pull"] <= 4, "its memory spares the others"
        assert not upstream.probes(models[0]), "probes of the drill go through the drill"
        assert holdfast.holds == []


# By hand


def by_hand(holdfast, model, *options):
    return cli("hold", model, "--reason", "wrong answers since noon", *options, config=holdfast.config)


def test_a_hold_by_hand_says_what_it_takes_away(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        done = by_hand(two.holdfast, f"first/{two.first}")
        assert done.returncode == 0 and f"second/{two.second} can serve it" in done.stdout
        done = by_hand(two.holdfast, f"second/{two.second}")
        assert done.returncode != 0 and "--yes" in done.stderr and "talk" in done.stderr
        assert len(two.holdfast.holds) == 1
        assert by_hand(two.holdfast, f"second/{two.second}", "--yes").returncode == 0
        done = by_hand(two.holdfast, "first/nobody-routes-to-it")
        assert done.returncode != 0 and "--force" in done.stderr
        assert by_hand(two.holdfast, "first/nobody-routes-to-it", "--force").returncode == 0


@libraries
def test_a_hold_by_hand_is_told_as_one_everywhere(upstream, spare, library):
    top = {"ledger": {"name": "hands.test", "directory": "ledger"}}
    with pair(upstream, spare, served("oa"), None, top=top) as two:
        assert by_hand(two.holdfast, f"first/{two.first}", "--yes").returncode == 0
        error = refusal(two.holdfast, library)
        assert error.status_code == 503
        assert "held by hand" in str(error) and "wrong answers since noon" in str(error)
        assert "withdrawn" not in str(error)
        shown = cli("status", config=two.holdfast.config, check=STATES).stdout
        assert "held_by_hand" in shown and "wrong answers since noon" in shown and "withdrawn" not in shown
        two.holdfast.log_has("an administrator holds a model", "wrong answers since noon")
        board = two.holdfast.get("/status.json")[2].decode()
        assert "held by an administrator" in board and "withdrawn" not in board
        [hold] = two.holdfast.holds
        assert hold["cause"] == "held_by_hand" and hold["reason"] == "wrong answers since noon"
        two.holdfast.restart()
        assert "held by hand" in str(refusal(two.holdfast, library))
        two.holdfast.stop()
        entries = checked_entries(two.holdfast.directory / "ledger/log")
        [placed] = [entry for entry in entries if entry[1] == "hold.placed"]
        assert placed[14] == "held_by_hand" and placed[28] == "wrong answers since noon" and placed[9]
        two.holdfast.start()

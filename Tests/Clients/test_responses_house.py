"""The services that every door has (drills, hedging, limits, the ledger), through that of OpenAI's Responses; and reasoning
that a provider can't read and Holdfast doesn't know."""

import json
import subprocess
import threading
from itertools import count

import openai
import pytest
from entries import checked_entries
from holdfast import BINARY, PROMPT, Holdfast, eventually
from patience import PATIENCE
from public_record import NAME, folder, shown
from responses_shapes import USAGE, message, reasoning, response, stream
from standin import WHOLE, goes_on, provider_at
from test_responses import check_order, events, post
from upstream import answer, by_request, sse, status

WORDS = [WHOLE[at : at + 12] for at in range(0, len(WHOLE), 12)]
FOREIGN = reasoning(encrypted="gAAAAA-of-another-provider-" + "d" * 80, id="rs_of_another")
#: From which request on times are known, how long those before take, and which one is slow then, in seconds.
STEADY, USUAL, SLOW, ENDLESS = 20, 0.25, 41, 300.0


def speaks(**how):
    """Answers whole, streamed or not, as it is asked."""

    def choose(request):
        if request.json.get("stream"):
            return sse(stream([message(WORDS)]), **how)
        return answer(response([message(WHOLE)]))

    return by_request(choose)


def slow_once():
    asked = count(1)

    def choose(request):
        number = next(asked)
        delay = USUAL if number <= STEADY else ENDLESS if number == SLOW else 0
        return answer(response([message(WHOLE)]), delay=delay)

    return by_request(choose)


def refuses_foreign(request):
    """A provider that can't read what another one has encrypted."""
    if "gAAAAA-of-another" not in request.body.decode():
        return answer(response([message(WHOLE)]))
    words = "The encrypted content gAAA... could not be verified. Reason: Encrypted content could not be decrypted or parsed."
    error = {"message": words, "type": "invalid_request_error", "param": None, "code": "invalid_encrypted_content"}
    return status(400, body={"error": error})


class House:
    """A Holdfast over two providers of this API and one of another, and the models behind its routes."""

    def __init__(self, upstream, spare):
        self.upstream, self.spare = upstream, spare
        behaviours = {
            "drilled": (speaks(delay=0.03), "an", goes_on("an")), "hedged": (slow_once(), "rs2", speaks()),
            "plain": (speaks(), "rs2", speaks()), "forgotten": (by_request(refuses_foreign), "rs2", speaks()),
        }  # fmt: skip
        more = {"hedged": {"hedge": {"after": "p95", "share": "50%"}}}
        self.models, routes = {}, {}
        for name, (first, other, second) in behaviours.items():
            models = self.models[name] = (upstream.plays(first), spare.plays(second))
            candidates = [{"provider": "rs", "model": models[0]}, {"provider": other, "model": models[1]}]
            routes[name] = {"candidates": candidates, **more.get(name, {})}
        providers = {
            "rs": {**provider_at(upstream, "oa", "rs-host"), "responses": True},
            "rs2": {**provider_at(spare, "oa", "rs2-host"), "responses": True},
            "an": provider_at(spare, "an", "an-host"),
        }  # fmt: skip
        self.holdfast = Holdfast(providers, routes, log={"format": "json"}, ledger={"name": NAME})

    def asked(self, route):
        """Returns how often each candidate of a route has been asked."""
        first, second = self.models[route]
        return len(self.upstream.calls(first)), len(self.spare.calls(second))

    def line(self, request):
        """Returns the log's line of a request, once it is there."""
        return self.holdfast.requests_logged(where=lambda line: line["request"] == request)[0]


@pytest.fixture(scope="module")
def house(upstream, spare):
    house = House(upstream, spare)
    with house.holdfast:
        yield house


def create(house, route, key=None, **more):
    client = house.holdfast.openai(key, max_retries=0)
    return client.responses.with_raw_response.create(model=route, **{"input": PROMPT, "store": False, **more})


# Drills


def test_a_drill_cuts_a_stream_and_its_caller_notices_nothing(house):
    command = [BINARY, "drill", "pull", "drilled", "--as", "unreachable", "--cut", "--for", "2s", "--warm-up", "1s"]
    command += ["--recovery", "0.5s", "--json", "--config", str(house.holdfast.config)]
    drill = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    eventually(lambda: json.loads(house.holdfast.admin("/admin/drills"))["running"])
    heard = []
    body = {"model": "drilled", "input": PROMPT, "stream": True, "store": False}
    thread = threading.Thread(target=lambda: heard.append(post(house.holdfast, body)))
    thread.start()
    out, err = drill.communicate(timeout=2 * PATIENCE)
    thread.join(PATIENCE)
    assert out, err
    report = json.loads(out)
    assert drill.returncode == 0 and report["streams_in_flight"] == {"continued": 1, "restarted": 0, "lost": 0}
    [(code, fields, data)] = heard
    last = check_order(events(data))
    assert code == 200 and last["status"] == "completed"
    assert "".join(part["text"] for item in last["output"] for part in item["content"]) == WHOLE
    assert last["metadata"]["holdfast_continued_by"] == f"an/{house.models['drilled'][1]}"
    assert house.line(fields["x-request-id"])["drill"] == report["id"]


# Hedging


def test_a_slow_answer_is_overtaken(house):
    for _ in range(SLOW - 1):
        assert create(house, "hedged").parse().output_text == WHOLE
    # On a busy machine one of those may have been overtaken already.
    won, (_, asked) = house.holdfast.metric("holdfast_hedges_total", result="won"), house.asked("hedged")
    raw = create(house, "hedged")
    assert raw.parse().output_text == WHOLE and raw.headers["x-holdfast-served-by"].startswith("rs2/")
    assert raw.parse().id == "resp_" + raw.headers["x-request-id"].removeprefix("req_")
    assert house.asked("hedged")[1] == asked + 1
    assert house.holdfast.metric("holdfast_hedges_total", result="won") == won + 1
    line = house.line(raw.headers["x-request-id"])
    assert [each.get("hedge") for each in line["attempts"]] == [None, True]
    assert line["output_tokens"] == USAGE["output_tokens"], "the loser is not billed"


# Limits


@pytest.mark.parametrize("limit", [("--rpm", "1"), ("--tpm", str(USAGE["total_tokens"]))], ids=["requests", "tokens"])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_limit_is_kept_and_told(house, limit, streamed):
    key = house.holdfast.make_key(f"limited-{limit[0][2:]}-{streamed}", *limit)
    eventually(lambda: house.holdfast.get("/v1/models", key)[0] in (200, 429))
    body = {"model": "plain", "input": PROMPT, "store": False, "stream": streamed, "max_output_tokens": 16}

    def ask():
        return post(house.holdfast, body, key=key)

    code, fields, data = ask()
    if code == 200:
        code, fields, data = ask()
    assert code == 429 and int(fields["retry-after"]) >= 1, data
    error = json.loads(data)["error"]
    assert error["type"] == "too_many_requests" and error["code"] == "rate_limit_exceeded"
    with pytest.raises(openai.RateLimitError):
        create(house, "plain", key)


# The ledger


@pytest.mark.parametrize("streamed", [False, True])
def test_what_was_asked_is_on_record(house, streamed):
    body = {"model": "plain", "input": PROMPT, "store": False, "stream": streamed}
    code, fields, _ = post(house.holdfast, body)
    assert code == 200
    request = fields["x-request-id"]
    entry = eventually(
        lambda: next((each for each in shown(house.holdfast, "--kind", "request.settled") if each["id"] == request), None)
    )
    assert entry["outcome"] == "served" and entry["served_by"] == f"rs/{house.models['plain'][0]}"
    assert entry["route"] == "plain" and len(entry["prompt_sha256"]) == 44
    assert (entry["input_tokens"], entry["output_tokens"]) == (USAGE["input_tokens"], USAGE["output_tokens"])
    # Every entry is as the schema says.
    assert checked_entries(folder(house.holdfast))


# Reasoning whose maker is forgotten, as after a restart


def test_reasoning_that_the_provider_refuses_is_left_out(house):
    turns = [{"role": "user", "content": PROMPT}, FOREIGN, {"role": "user", "content": "Go on."}]
    raw = create(house, "forgotten", input=turns)
    assert raw.parse().output_text == WHOLE and raw.headers["x-holdfast-served-by"].startswith("rs/")
    assert raw.headers["x-holdfast-dropped"] == "input[1] (reasoning)"
    assert house.asked("forgotten") == (2, 0)
    sent = [request.json["input"] for request in house.upstream.requests(house.models["forgotten"][0])]
    assert [len(items) for items in sent] == [3, 2] and FOREIGN in sent[0] and FOREIGN not in sent[1]
    # It is learnt, and counts against nobody.
    raw = create(house, "forgotten", input=turns)
    assert raw.headers["x-holdfast-dropped"] == "input[1] (reasoning)" and house.asked("forgotten") == (3, 0)
    assert not [hold for hold in house.holdfast.holds if hold["model"] == house.models["forgotten"][0]]


def test_nothing_but_such_reasoning_is_refused(house):
    asked = house.asked("forgotten")
    # To the provider it might be its own.
    with pytest.raises(openai.BadRequestError) as error:
        create(house, "forgotten", input=[{**FOREIGN, "encrypted_content": "gAAAAA-of-another-" + "e" * 80}])
    assert "holds nothing but reasoning" in str(error.value)
    assert house.asked("forgotten") == (asked[0] + 1, asked[1])
    # To another API's it is nothing at all.
    with pytest.raises(openai.BadRequestError) as error:
        create(house, f"an/{house.models['drilled'][1]}", input=[FOREIGN])
    assert error.value.param == "input" and "only another provider can read" in str(error.value)

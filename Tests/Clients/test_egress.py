"""Tests of the amount that a hosted model may send in a day, and of the alarm when it has been reached."""

import json
import signal

import anthropic
import openai
import pytest
from holdfast import PROMPT, Holdfast, cli, engine, eventually
from standardwebhooks.webhooks import Webhook
from test_availability import SECRET, lower, receiver

TALK = [{"role": "user", "content": f"{PROMPT} Tell me a long story of the sea."}]
ASK = {"model": "here/smollm2-135m", "messages": TALK, "max_tokens": 60}
BUDGET = 1500


def standing(holdfast):
    [model] = json.loads(holdfast.admin("/admin/disclosures"))["models"]
    return model


def talk_until_it_stops(holdfast):
    client = holdfast.openai()
    for _ in range(40):
        try:
            said = client.chat.completions.create(**ASK).choices[0].message.content or ""
        except openai.InternalServerError as stopped:
            return stopped
        if len(said) >= 12:
            holdfast.heard.append(said)
    raise AssertionError(f"it goes on: {standing(holdfast)}")


def test_at_the_budget_it_stops_tells_and_remembers():
    with receiver([]) as (port, got):
        hooks = {"pager": {"url": f"http://127.0.0.1:{port}/", "secret": SECRET, "on": ["custody"]}}
        with Holdfast(
            {"here": engine(parallel=1, egress={"per_day": f"{BUDGET}B"})},
            alerts={"webhooks": hooks}, ends_badly=True,
        ) as holdfast:  # fmt: skip
            assert standing(holdfast)["egress_today"] == 0 and standing(holdfast)["egress_per_day"] == BUDGET
            stopped = talk_until_it_stops(holdfast)
            assert stopped.status_code == 503 and stopped.body["code"] == "egress_budget"
            assert 0 < int(stopped.response.headers["retry-after"]) <= 86400
            assert "egress" in stopped.body["message"] and "here" in stopped.body["message"]
            assert sum(len(said.encode()) for said in holdfast.heard) <= BUDGET
            assert standing(holdfast)["egress_today"] == BUDGET
            holdfast.log_has("ALARM: a hosted model's answers have used up the day's egress budget")
            # In both dialects, and in streams before they begin.
            with pytest.raises(anthropic.InternalServerError) as refused:
                holdfast.anthropic().messages.create(**ASK)
            assert refused.value.status_code in (503, 529) and "egress" in str(refused.value)
            with pytest.raises(openai.InternalServerError):
                holdfast.openai().chat.completions.create(**ASK, stream=True)
            # A kill just now changes nothing.
            holdfast.signal(signal.SIGKILL)
            holdfast.process.wait()
            holdfast.start()
            assert standing(holdfast)["egress_today"] == BUDGET
            with pytest.raises(openai.InternalServerError):
                holdfast.openai().chat.completions.create(**ASK)
            shown = cli("disclosures", config=holdfast.config, check=0).stdout
            print(shown)
            assert "here" in shown and "1,500" in shown and "100.0 %" in shown
            eventually(lambda: any(b"egress.stopped" in body for _, body, _ in got), every=0.1)
            # More is allowed by an edit, without a restart.
            holdfast.write_config(providers={"here": engine(parallel=1, egress={"per_day": "1MiB"})})
            holdfast.log_has("configuration reloaded")
            said = holdfast.openai().chat.completions.create(**ASK).choices[0].message.content
            holdfast.heard.append(said)
        for headers, body, _ in got:
            told = Webhook(SECRET).verify(body, lower(headers))
            assert told["type"] in ("egress.nearly", "egress.stopped")
            assert told["data"]["model"] == "here" and told["data"]["budget"] == BUDGET


def test_a_stream_is_ended_at_the_budget():
    with Holdfast({"here": engine(parallel=1, egress={"per_day": "150B"})}) as holdfast:
        said, is_whole = "", True
        try:
            for chunk in holdfast.openai().chat.completions.create(**ASK, stream=True):
                for choice in chunk.choices:
                    said += choice.delta.content or ""
        except openai.APIError as ended:
            is_whole = False
            assert "egress" in str(ended)
        assert not is_whole and 0 < len(said.encode()) < 200
        holdfast.heard.append(said)


def test_embeddings_are_counted_likewise():
    vectors = engine(parallel=1, embeddings="mean", egress={"per_day": "5000B"})
    with Holdfast({"vectors": vectors}) as holdfast:
        client = holdfast.openai()
        # 576 numbers of 32 bits, and what every answer has.
        for number in (1, 2):
            for encoding in ({"encoding_format": "float"}, {})[number - 1 : number]:
                done = client.embeddings.create(model="vectors/smollm2-135m", input="hello", **encoding)
                assert len(done.data[0].embedding) == 576
            assert standing(holdfast)["egress_today"] == number * (576 * 4 + 24)
        with pytest.raises(openai.InternalServerError) as stopped:
            client.embeddings.create(model="vectors/smollm2-135m", input="hello")
        assert stopped.value.body["code"] == "egress_budget"

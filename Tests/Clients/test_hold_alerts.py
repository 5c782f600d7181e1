"""Alerts that say enough, in their order."""

import json
import re
import time

from conftest import scripted_providers
from holdfast import Holdfast, cli, eventually
from operating import BROKEN, LEDGER, entries, messages
from standin import WHOLE, pair, plain, refusal, served
from test_availability import GONE, SECRET, receiver
from upstream import by_request, status


LIFE = ["hold.placed", "hold.confirmed", "hold.acknowledged", "hold.lifted"]


def paged(port, **more):
    """A webhook that is told of holds."""
    return {"webhooks": {"pager": {"url": f"http://127.0.0.1:{port}/", "secret": SECRET, "on": ["hold"]}}, **more}


def live_through(two):
    """A withdrawal, from its first sight to the operator who lifts it; its id."""
    assert plain(two.holdfast, "openai") == WHOLE
    [hold] = eventually(lambda: [each for each in two.holdfast.holds if each["firmness"] == "lasting"])
    cli("acknowledge", hold["id"], config=two.holdfast.config, check=0)
    two.holdfast.restore(hold)
    return hold["id"]


def test_a_hold_is_told_from_its_beginning_to_its_end(upstream, spare):
    """To the webhook, in the ledger and in the log."""
    with receiver([]) as (port, got):
        alerts = paged(port, instance="gateway-7", link="https://runbook.example/holds")
        top = {"alerts": alerts, "ledger": LEDGER, "log": {"format": "human"}}
        with pair(upstream, spare, status(404, body=GONE), served("oa"), top=top) as two:
            id = live_through(two)
            told = eventually(lambda: len(messages(got)) >= 4 and messages(got))
            assert sorted(each["type"] for each in told) == sorted(LIFE)
            for each in told:
                data = each["data"]
                assert data["hold"] == id and data["model"] == two.first and data["provider"] == "first"
                assert "deprecated and is no longer available" in data["words"] and data["cause"] == "withdrawn"
                assert data["instance"] == "gateway-7" and data["link"] == "https://runbook.example/holds"
                assert [route["name"] for route in data["routes"]] == ["talk"]
                if each["type"] != "hold.lifted":
                    assert data["routes"][0]["stand_in"] == f"second/{two.second}"
                assert bool(data.get("by")) == (each["type"] in ("hold.acknowledged", "hold.lifted"))

            def recorded():
                found = [each for each in entries(two.holdfast) if each.get("hold") == id]
                return len(found) >= 4 and found

            assert [each["kind"] for each in eventually(recorded)] == LIFE
            lines = lambda: [line for line in two.holdfast.log.rpartition("\n")[0].splitlines() if f"hold={id}" in line]  # noqa: E731
            lines = eventually(lambda: len(found := lines()) >= 4 and found)
            words = ["is suspected", "a suspicion is confirmed", "hold acknowledged", "hold lifted"]
            assert len(lines) == 4 and all(word in line for word, line in zip(words, lines)), lines


def test_messages_of_a_hold_come_in_their_order(upstream, spare):
    """However soon one follows on the other."""
    with receiver([]) as (port, got):
        with pair(upstream, spare, status(404, body=GONE), served("oa"), top={"alerts": paged(port)}) as two:
            for _ in range(3):
                live_through(two)
            told = eventually(lambda: len(messages(got)) >= 12 and messages(got))
            assert [each["type"] for each in told] == LIFE * 3


def test_a_hold_by_hand_is_told_with_its_reason(upstream, spare):
    with receiver([]) as (port, got):
        with pair(upstream, spare, served("oa"), None, top={"alerts": paged(port)}) as two:
            name = f"first/{two.first}"
            cli("hold", name, "--reason", "wrong answers", "--yes", config=two.holdfast.config, check=0)
            [told] = eventually(lambda: messages(got))
            assert told["type"] == "hold.placed" and told["data"]["reason"] == "wrong answers"
            assert told["data"]["origin"] == "administrator" and told["data"]["routes"] == [{"name": "talk"}], "nobody stands in"
            # Where the settings name neither, it names itself.
            assert told["data"]["instance"] == f"127.0.0.1:{two.holdfast.port}"
            assert told["data"]["link"] == f"{two.holdfast.url}/status"
            two.holdfast.restore(two.holdfast.holds[0])


def test_few_requests_burn_no_budget(upstream, spare):
    """Nine that are all lost wake nobody, nor do two of many; the last route
    shows that budgets were looked at."""
    with receiver([]) as (port, got):
        model = upstream.plays(by_request(lambda request: BROKEN if "fail" in json.dumps(request.json) else served("oa")))
        routes = {name: {"candidates": [{"provider": "oa", "model": model}]} for name in ("nine", "two", "last")}
        alerts = {"every": "1s", "webhooks": {"pager": {"url": f"http://127.0.0.1:{port}/", "secret": SECRET, "on": ["burn"]}}}
        with Holdfast(scripted_providers(upstream), routes, alerts=alerts) as holdfast:
            month = time.strftime("%Y-%m", time.gmtime())

            def ask(route, times, word="fail"):
                message = [{"role": "user", "content": word}]
                for _ in range(times):
                    if word == "fail":
                        assert refusal(holdfast, "openai", model=route, messages=message).status_code >= 500
                    else:
                        assert plain(holdfast, "openai", route, messages=message) == WHOLE

            def counted(**wanted):
                told = json.loads(cli("sla", "report", "--month", month, "--json", config=holdfast.config, check=0).stdout)
                found = {each["route"]: each["requests"] for each in told["routes"]}
                return all(found.get(route) == number for route, number in wanted.items())

            def burning():
                lines = [line for line in holdfast.log.splitlines() if "uses up its error budget too fast" in line]
                return {re.search(r"route=(\S+)", line)[1] for line in lines}

            ask("two", 12, "good")
            ask("two", 2)
            ask("nine", 9)
            eventually(lambda: counted(two=14, nine=9), every=0.3)
            ask("last", 10)
            eventually(lambda: "last" in burning(), every=0.3)
            assert burning() == {"last"}
            assert holdfast.metric("holdfast_burn_rate", route="nine", window_minutes="60") > 14.4
            assert holdfast.metric("holdfast_burn_rate", route="two", window_minutes="60") > 14.4
            ask("two", 1)
            ask("nine", 1)
            eventually(lambda: burning() == {"last", "nine", "two"}, every=0.3)
            fired = lambda: {each["data"]["route"] for each in messages(got, "burn.firing")}
            eventually(lambda: fired() == {"last", "nine", "two"}, every=0.3)

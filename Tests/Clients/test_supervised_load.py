"""A supervisor under load: one caller with texts of a megabyte beside others, and a supervisor that is taken away while
callers ask."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import openai
from conftest import scripted_providers
from holdfast import Holdfast, cli
from patience import PATIENCE
from shapes import openai_answer
from upstream import answer


def house(upstream, **supervision):
    providers = scripted_providers(upstream, lab="somebody")
    upstream.plays(answer(openai_answer("Fine weather.")), "weather-model")
    return Holdfast(
        providers,
        {"weather": {"candidates": [{"provider": "oa", "model": "weather-model"}], "supervision": "required"}},
        supervision=supervision, log={"format": "json"},
    )  # fmt: skip


def status(client, text):
    try:
        return client.chat.completions.with_raw_response.create(
            model="weather", messages=[{"role": "user", "content": text}]
        ).status_code
    except openai.APIStatusError as error:
        return error.status_code


def test_a_caller_with_long_texts_keeps_nobody_from_being_served(upstream):
    """Eight at a time of one key have a megabyte each, all of it new; another key's requests come in between."""
    with house(upstream, deadline="20s", waiting=16) as holdfast:
        greedy = holdfast.openai(holdfast.make_counting_key("greedy"))
        modest = holdfast.openai(holdfast.make_counting_key("modest"))
        served, others = [], []
        enough = threading.Event()

        def ask_long(number):
            round = 0
            while not enough.is_set():
                round += 1
                line = f"Day {number}.{round}: wind from the west, rain by noon, and two ships in sight. "
                served.append(status(greedy, line * (1_000_000 // len(line))))

        with ThreadPoolExecutor(8) as pool:
            running = [pool.submit(ask_long, number) for number in range(8)]
            try:
                others = [status(modest, f"How is the weather on day {number}?") for number in range(60)]
            finally:
                enough.set()
            for each in running:
                each.result(4 * PATIENCE)
        # Whoever asks for little is served each time, and the other is served, or told that it is too much.
        assert others == [200] * 60
        assert set(served) <= {200, 429} and served.count(200) > 0


def test_callers_are_answered_while_the_supervisor_is_away(upstream):
    """In a drill, which takes it from the whole route: each gets an answer, or a 503 that says why."""
    with house(upstream, deadline="200ms") as holdfast:
        client = holdfast.openai()
        found = []
        over = threading.Event()

        def ask():
            while not over.is_set():
                found.append(status(client, "How is the weather?"))

        with ThreadPoolExecutor(2) as pool:
            asking = [pool.submit(ask) for _ in range(2)]
            try:
                done = cli(
                    "drill", "pull", "weather", "--as", "unsupervised", "--load", "20rps", "--for", "2s", "--warm-up", "1s",
                    "--recovery", "1s", "--json", config=holdfast.config, check=0,
                )  # fmt: skip
            finally:
                over.set()
            for each in asking:
                each.result(2 * PATIENCE)
        report = json.loads(done.stdout)
        objectives = {objective["name"]: objective["found"] for objective in report["objectives"]}
        assert objectives == {"refused without a verdict": "100 %", "left unanswered": "0"}
        assert set(found) <= {200, 503} and 200 in found
        assert status(client, "How is the weather?") == 200
        assert holdfast.metric("holdfast_supervisor_up") == 1

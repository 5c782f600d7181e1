"""FailoverBench's sixteen scenarios (methodology 0.1), told anew: a route with a
first candidate that misbehaves and a second one that is well, and what both
and the caller may see. A scenario passes when the caller is rescued and no
check fails, the advisory ones among them.

All sixteen run at once, each on a route of its own and at hosts of its own:
some take as long as they take. Nothing here waits for a limit of its own; where a limit is at stake, the
first candidate speaks at that moment, and who is heard tells."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from holdfast import Holdfast, eventually
from standin import WHOLE, Heard, failing, goes_on, hear, opening, provider_at, served, stream_of
from upstream import Behaviour, Upstream, by_request, framed, in_turn, reset, silence, sse

#: How long the first one of scenario 15 is down, and of 9 stalls.
DOWN = 6.0
STALL = 4.0


@dataclass(frozen=True)
class streams(Behaviour):
    """Some events after some seconds each; then the connection's end, proper or not."""

    steps: tuple
    ends: bool = True

    async def play(self, wire):
        await sse([]).begin(wire)
        for seconds, events in self.steps:
            await wire.sleep(seconds)
            for event in events:
                data = framed(event)
                await wire.send(b"%x\r\n%s\r\n" % (len(data), data))
        if self.ends:
            await wire.send(b"0\r\n\r\n")
        else:
            wire.abort()


def throttled(**fields):
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    return failing("oa", 429, "Rate limit reached.", headers, "rate_limit_error", {"code": "rate_limit_exceeded"})


def overloaded():
    words = "The engine is currently overloaded. Please try again later."
    return failing("oa", 503, words, more={"code": "overloaded"})


def too_long():
    words = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9631 tokens."
    return failing("oa", 400, words, None, "invalid_request_error", {"code": "context_length_exceeded"})


def refused():
    words = "Your request was rejected as a result of our safety system."
    return failing("oa", 400, words, None, "invalid_request_error", {"code": "content_policy_violation"})


def flaps():
    """Down for a while from its first request on, then well."""
    first = []

    def choose(request):
        first.append(time.monotonic())
        return overloaded() if first[-1] - first[0] < DOWN else served("oa")

    return by_request(choose)


def cut(tokens=40):
    return streams(((0, opening("oa", tokens)),), ends=False)


@dataclass
class Seen:
    """The observations of the caller and of the two candidates in one scenario."""

    heard: list[Heard]
    first: list
    second: list
    #: Whether the first was relied on again in time.
    returned: bool = True

    @property
    def rescued(self):
        return all(
            each.status == 200 and each.text == WHOLE and not each.errors and each.events[-1] == "[DONE]"
            for each in self.heard
        )

    @property
    def refused(self):
        return [each.status for each in self.heard] == [400] and "safety system" in json.dumps(self.heard[0].events)

    def asked_within(self, seconds):
        times = [request.arrived_at for request in self.first]
        return sum(1 for each in times if each - times[0] < seconds)

    @property
    def gap(self):
        return self.first[1].arrived_at - self.first[0].arrived_at if len(self.first) > 1 else 0

    @property
    def usage(self):
        return any(isinstance(event, dict) and event.get("usage") for event in self.heard[0].events)


def few(seen):
    return len(seen.first) <= 6


@dataclass(frozen=True)
class Scenario:
    number: int
    title: str
    first: Behaviour
    #: What must be true besides that the caller is rescued.
    checks: dict = field(default_factory=dict)
    second: Behaviour = field(default_factory=lambda: goes_on("oa"))
    #: The best that can come of it.
    ideal: str = "rescued"

    def __str__(self):
        return f"{self.number} {self.title}"

    def failed(self, seen):
        checks = {self.ideal: lambda seen: getattr(seen, self.ideal), **self.checks}
        return [name for name, holds in checks.items() if not holds(seen)]


def scenarios():
    late = [*opening("oa", 0)]
    events = stream_of("oa")
    return [
        Scenario(1, "429 with Retry-After", in_turn((throttled(retry_after="2"), served("oa"))), {
            "retried": lambda seen: len(seen.first) >= 2,
            "its wait was kept": lambda seen: seen.gap >= 1.8,
            "not hammered": lambda seen: seen.asked_within(1.5) <= 2,
        }),
        Scenario(2, "429 for ever", throttled(), {
            "not hammered": lambda seen: seen.asked_within(3) <= 4, "few attempts": few,
        }),
        Scenario(3, "500 once", in_turn((failing("oa", 500), served("oa"))), {
            "asked again": lambda seen: len(seen.first) >= 2,
        }),
        Scenario(4, "503 for ever", overloaded(), {"few attempts": few}),
        Scenario(5, "a reset before the head", in_turn((reset, served("oa")))),
        Scenario(6, "no answer at all", silence, {"not asked again": lambda seen: len(seen.first) == 1}),
        # Had nobody been asked by then, the first would be heard.
        Scenario(7, "a slow first token", streams(((0, late), (45, events[len(late):]))), {
            "the other was heard": lambda seen: seen.heard[0].fields["x-holdfast-served-by"] == "second7/second",
            "asked once": lambda seen: len(seen.first) == len(seen.second) == 1,
            "not asked at once": lambda seen: seen.second[0].arrived_at - seen.first[0].arrived_at >= 11.9,
        }),
        Scenario(8, "a cut in the middle", cut()),
        Scenario(9, "a stall in the middle", streams(((0, opening("oa", 20)), (STALL, [])), ends=False)),
        Scenario(10, "a malformed event", sse([*events[:10], b'data: {"choices": [{"delta": {"content": \n\n', *events[10:]])),
        Scenario(11, "no [DONE]", sse(events[:-1]), {"usage": lambda seen: seen.usage}),
        Scenario(12, "too long a prompt", too_long(), {"not asked again": lambda seen: len(seen.first) == 1}),
        Scenario(13, "a content filter", refused(), {"not asked again": lambda seen: len(seen.first) == 1},
                 ideal="refused"),
        Scenario(14, "a stand-in that rejects prefill", cut(), second=goes_on("oa", refuses_prefill=True)),
        Scenario(15, "down, then well", flaps(), {
            "the first is relied on again": lambda seen: seen.returned,
            "it was spared": lambda seen: len(seen.first) < len(seen.heard) + 4,
        }),
        Scenario(16, "who is named and billed", overloaded(), {
            "the one that served": lambda seen: seen.heard[0].fields["x-holdfast-served-by"] == "second16/second",
            "usage": lambda seen: seen.usage,
            "few attempts": few,
        }),
    ]  # fmt: skip


NUMBERS = range(1, 17)


def run(listed, **route):
    """All of the scenarios, each by what it failed."""
    with ExitStack() as hosts:
        providers, routes, hosted = {}, {}, {}
        for each in listed:
            candidates = []
            for name, behaviour in (("first", each.first), ("second", each.second)):
                host = hosts.enter_context(Upstream())
                provider = f"{name}{each.number}"
                providers[provider] = provider_at(host, "oa", provider)
                candidates.append({"provider": provider, "model": host.plays(behaviour, name)})
                hosted[provider] = host
            routes[f"s{each.number}"] = {"candidates": candidates, **route}
        holdfast = hosts.enter_context(Holdfast(providers, routes, log={"format": "json"}))
        holdfast.secrets += [each["api_key"] for each in providers.values()]

        def ask(scenario):
            options = {"stream_options": {"include_usage": True}, "timeout": 120}
            return hear(holdfast, "openai", f"s{scenario.number}", **options)

        def play(scenario):
            first, second = (hosted[f"{name}{scenario.number}"] for name in ("first", "second"))
            heard = [ask(scenario)]
            returned = True
            if scenario.number == 15:
                def back():
                    heard.append(ask(scenario))
                    return heard[-1].fields["x-holdfast-served-by"].endswith("/first")

                try:
                    eventually(back, every=0.4)
                except AssertionError:
                    returned = False
            seen = Seen(heard, first.calls("first"), second.calls("second"), returned)
            return scenario.failed(seen)

        with ThreadPoolExecutor(len(listed)) as pool:
            failed = dict(zip((each.number for each in listed), pool.map(play, listed)))
        logged = lambda: {line["route"]: line for line in holdfast.requests_logged_so_far()}  # noqa: E731
        logged = eventually(lambda: len(lines := logged()) == len(listed) and lines)
        rescues = holdfast.metric("holdfast_rescues_total", result="won")
    return failed, logged, rescues


@pytest.fixture(scope="module")
def by_default():
    return run(scenarios())


@pytest.fixture(scope="module")
def staying():
    return run(scenarios(), stay="3s")


TITLES = [str(each) for each in scenarios()]


@pytest.mark.parametrize("number", NUMBERS, ids=TITLES)
def test_by_default(by_default, number):
    failed = by_default[0][number]
    if number == 1:
        # A stand-in that is free is not kept waiting, unless the route says so.
        assert failed == ["retried", "its wait was kept"]
    else:
        assert failed == []


@pytest.mark.parametrize("number", NUMBERS, ids=TITLES)
def test_with_a_route_that_stays(staying, number):
    assert staying[0][number] == [], staying[1][f"s{number}"]


def test_the_rescues_are_on_record(by_default):
    _, logged, rescues = by_default
    assert rescues == 2
    for route in ("s6", "s7"):
        silent, rescue = logged[route]["attempts"]
        assert silent["failure"] == "overtaken" and "cause" not in silent and not silent.get("rescue")
        assert silent["input_tokens"] > 0, "its cost is forgotten"
        assert rescue["rescue"] is True and "failure" not in rescue
        assert logged[route]["output_tokens"] == rescue["output_tokens"], "the loser is billed"
    for route, line in logged.items():
        assert route in ("s6", "s7") or not any(each.get("rescue") for each in line["attempts"]), line
    repeated = [(each["provider"], each.get("cause")) for each in logged["s3"]["attempts"]]
    assert repeated == [("first3", "broken"), ("first3", None)]

"""The sixteen things that go wrong at a provider, and three ways in which a model is withdrawn.

Each is a value: what the primary does, what the standby does, how is asked, and
what has to be true afterwards. Nothing here knows which gateway it is about.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .scripted import (
    CLOSING, OPENING, TOKENS, USAGE, Behaviour, by_request, close_before_head, failing, framed, goes_on, in_turn,
    opening, reset, said, silence, sse, well, whole,
)  # fmt: skip
from .trial import Ask, Check, Fault, Trial

# Limits are set to one second; beyond them a request may take this long.
SLACK_SECONDS = 1.5
FLAPS_FOR_SECONDS = 10.0
# Between two events of a stream that will break: what comes in one piece with its end has not been sent on yet.
PACE_SECONDS = 0.02


# How is asked


def both_ways(trial: Trial) -> None:
    trial.ask(stream=False)
    trial.ask(stream=True)


def stream_once(trial: Trial) -> None:
    trial.ask(stream=True)


def for_a_while(trial: Trial) -> None:
    """Eight requests in 1.5 s, the time in which a throttled provider must not be hammered."""
    for number in range(8):
        trial.ask(stream=bool(number % 2))
        time.sleep(max(0.0, trial.began + 0.2 * (number + 1) - time.monotonic()))


def twenty_times(trial: Trial) -> None:
    for number in range(20):
        trial.ask(stream=bool(number % 2))
        if number == 9:
            trial.mark()


def while_it_flaps(trial: Trial) -> None:
    def keep_asking(stream: bool) -> None:
        while time.monotonic() < trial.began + FLAPS_FOR_SECONDS:
            trial.ask(stream)
            time.sleep(0.05)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(keep_asking, (False, True)))


# What has to be true; each says what is not, or nothing


def served(limit: float = 0.0) -> Check:
    """Every answer is whole, ends as it should, and came in time."""

    def check(trial: Trial) -> str:
        faults = [heard.fault() for heard in trial.heard if heard.fault()]
        if faults:
            # The last: a stream's fault, where there is one, says the most.
            return faults[-1] if len(trial.heard) == 1 else f"{faults[-1]}; {len(faults)} of {len(trial.heard)} failed"
        slowest = max(heard.seconds for heard in trial.heard)
        return "" if slowest <= limit + SLACK_SECONDS else f"served, but only after {slowest:.1f} s"

    return check


def primary_asked_at_most(times: int) -> Check:
    return lambda trial: "" if len(trial.first_calls) <= times else "served, but went on asking the primary"


def dead_model_asked_once(trial: Trial) -> str:
    return "" if len(trial.first_calls) == 1 else "served, but asked the dead model again"


def soon_left_alone(trial: Trial) -> str:
    """Checks that at most two of the last ten requests tried the primary."""
    late = len(trial.first_calls) - trial.marked
    return "" if late <= 2 else f"served, but {late} calls to the primary for the last 10 requests"


def standby_not_asked(trial: Trial) -> str:
    return "a refused request was sent to the standby" if trial.second_calls else ""


def refusals_passed_on(trial: Trial) -> str:
    plain, stream, answer = trial.heard
    for heard in (plain, stream):
        if heard.status != 400 or "safety system" not in heard.error:
            return f"the refusal came as {heard.status} {heard.error[:60]}".strip()
    return "" if answer.finish == ["content_filter"] else f"the finish reason came as {answer.finish}"


def usage_is_the_standbys(trial: Trial) -> str:
    for heard in trial.heard:
        found = {name: heard.usage.get(name) for name in USAGE}
        if found != USAGE:
            return f"usage told as {found['prompt_tokens']} + {found['completion_tokens']} = {found['total_tokens']}"
    return ""


def standby_was_needed(trial: Trial) -> str:
    enough = trial.second_calls and len(trial.heard) > 4 * FLAPS_FOR_SECONDS
    return "" if enough else "too few requests to show anything"


# What goes wrong


def fault(
    title: str, first: Callable[[], Behaviour], checks: tuple[Check, ...] = (served(),), ask: Ask = both_ways, **more: Any
) -> Fault:
    """One with what most have in common."""
    return Fault(title, first, checks, ask, **more)


def throttled(**headers: str) -> Callable[[], Behaviour]:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: failing(429, "Rate limit reached. Please slow down.", "rate_limit_error", headers=fields)


def slow_first_token() -> Behaviour:
    """Signs of life for five seconds, then the answer: with a limit of one second nobody should wait for it."""
    comments = [b": still here\n\n"] * int(5 / PACE_SECONDS)
    return sse([OPENING, *comments, *map(said, TOKENS), *CLOSING], PACE_SECONDS)


def cut_at(tokens: int) -> Callable[[], Behaviour]:
    """Hangs up in the middle, without the end of the body."""
    events = opening(tokens)
    return lambda: sse(events, PACE_SECONDS, cut_after_bytes=sum(len(framed(event)) for event in events))


def malformed_event() -> Behaviour:
    """The 41st token's event is broken off, and the stream goes on as if nothing were."""
    broken = b'data: {"id":"chatcmpl-scripted","choi\n\n'
    return sse([*opening(40), broken, *map(said, TOKENS[41:]), *CLOSING], PACE_SECONDS)


def flapping() -> Behaviour:
    """Well for half a second, then broken for half a second, each time in another way."""
    began: list[float] = []

    def choose(_: object) -> Behaviour:
        began.append(time.monotonic())
        halves = int(2 * (began[-1] - began[0]))
        if not halves % 2 or halves >= 2 * FLAPS_FOR_SECONDS:
            return well()
        return [failing(503, "Overloaded."), close_before_head, failing(500, "Internal error.")][halves // 2 % 3]

    return by_request(choose)


def too_long() -> Behaviour:
    words = "This model's maximum context length is 128000 tokens. However, your messages resulted in 140000 tokens."
    return failing(400, words, "invalid_request_error", "context_length_exceeded")


def refusing() -> Behaviour:
    words = "Your request was rejected as a result of our safety system."
    refusal = failing(400, words, "invalid_request_error", "content_policy_violation")
    return in_turn((refusal, refusal, whole("", "content_filter")))


def both_ways_and_plain(trial: Trial) -> None:
    both_ways(trial)
    trial.ask(stream=False)


def gone(code: int, words: str, name: str) -> Callable[[], Behaviour]:
    return lambda: failing(code, words, "invalid_request_error", name)


#: A stream that breaks when the caller has a part of it.
in_the_middle = {"ask": stream_once, "second": goes_on, "good": "whole answer"}

FAULTS = [
    fault("429 with Retry-After: 30", throttled(retry_after="30"), (served(), primary_asked_at_most(1)), for_a_while),
    fault("429 without Retry-After", throttled(), (served(), primary_asked_at_most(2)), for_a_while),
    fault("500 once", lambda: in_turn((failing(500, "Internal error."), well()))),
    fault("503 for ever", lambda: failing(503, "Overloaded."), (served(), soon_left_alone), twenty_times),
    fault("reset before the head", lambda: reset),
    fault("silence", lambda: silence, (served(1),)),
    fault("signs of life, but no first token", slow_first_token, (served(1),), stream_once),
    fault("cut after 40 of 60 tokens", cut_at(40), **in_the_middle),
    fault("stall after 40 tokens", lambda: sse(opening(40), PACE_SECONDS, ends=False), (served(1),), **in_the_middle),
    fault("a malformed event after 40 tokens", malformed_event, **in_the_middle),
    fault("an end after 40 tokens, but no finish reason", lambda: sse(opening(40), PACE_SECONDS), **in_the_middle),
    fault("context exceeded", too_long, contexts=(128_000, 1_000_000)),
    fault("content filter: passed on, not moved", refusing, (refusals_passed_on, standby_not_asked),
          both_ways_and_plain, good="passed on"),
    fault("cut, and a standby that rejects prefill", cut_at(41), ask=stream_once,
          second=lambda: goes_on(refuses_prefill=True), prefill=True, good="whole answer"),
    fault("a primary that flaps for 10 s", flapping, (served(), standby_was_needed), while_it_flaps),
    fault("accounting after a failover", throttled(retry_after="30"), (served(), usage_is_the_standbys),
          good="the standby's usage"),
]  # fmt: skip

WITHDRAWALS = [
    fault(f"model withdrawn: {title}", gone(code, words, name), (served(), dead_model_asked_once),
          good="served, asked once")
    for title, code, words, name in [
        ("404 model_not_found", 404, "The model `old-1` does not exist or you do not have access to it.",
         "model_not_found"),
        ("410", 410, "The model `old-1` was retired and is no longer available.", "model_retired"),
        ("400 deprecated", 400, "The model `old-1` has been deprecated and is no longer supported.",
         "model_deprecated"),
    ]
]  # fmt: skip

"""Things that go wrong at a provider before its answer begins, as the caller and the providers see them."""

import time

import pytest
from failing_first import across, first_failure, hows, libraries, throttled, trips, ways
from holdfast import free_ports
from standin import HOWS, OPENING, TALK, WHOLE, failing, hear, pair, plain, refusal, served, stream_of, streamed
from upstream import close_before_head, garbage, in_turn, reset, silence, sse


# 1 and 2: 429


@across
def test_429_with_retry_after_is_waited_for_when_nobody_else_can_serve(upstream, spare, library, provider):
    first = in_turn((throttled(provider, retry_after="1"), served(provider)))
    with pair(upstream, spare, first, None, (provider, "oa")) as two:
        assert plain(two.holdfast, library) == WHOLE
        [told, asked] = two.first_calls
        assert asked.arrived_at - told.arrived_at > 0.95
        [waited] = two.waits(1)
        assert 0 < waited <= 1000, "waited for something else than the second that it was told"


@libraries
def test_429_with_a_retry_after_that_nobody_has_time_for_is_passed_on(upstream, spare, library):
    with pair(upstream, spare, throttled("oa", retry_after="7200"), None) as two:
        error = refusal(two.holdfast, library)
        assert error.status_code == 429 and int(error.response.headers["retry-after"]) > 7000
        assert len(two.first_calls) == 1
        assert two.waits(1) == [0]


@ways
@hows
def test_429_moves_to_the_standby_at_once(upstream, spare, library, provider, how):
    with pair(upstream, spare, throttled(provider, retry_after="30"), served("oa"), (provider, "oa")) as two:
        for _ in range(3):
            assert how(two.holdfast, library) == WHOLE
        assert two.waits(3) == [0, 0, 0], "waited, while somebody was free"
        assert len(two.first_calls) == 1, "asked again before its Retry-After"
        assert len(two.second_calls) == 3


@across
def test_429_without_retry_after_is_not_hammered(upstream, spare, library, provider):
    with pair(upstream, spare, throttled(provider), None, (provider, "oa")) as two:
        client = two.holdfast.openai if library == "openai" else two.holdfast.anthropic

        def ask():
            ask = {"model": "talk", "messages": TALK, "max_tokens": 9}
            try:
                if library == "openai":
                    client(timeout=1.5).chat.completions.create(**ask)
                else:
                    client(timeout=1.5).messages.create(**ask)
            except Exception:
                return

        ask()
        assert 1 <= len(two.first_calls) <= 2


@libraries
def test_429_without_retry_after_moves_to_the_standby_at_once(upstream, spare, library):
    with pair(upstream, spare, throttled("oa"), served("oa")) as two:
        assert plain(two.holdfast, library) == WHOLE
        assert plain(two.holdfast, library) == WHOLE
        assert two.waits(2) == [0, 0]
        assert len(two.first_calls) == 1


def test_one_models_rate_limit_is_not_the_accounts(upstream, spare):
    with pair(upstream, spare, throttled("oa", retry_after="30"), served("oa")) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        other = upstream.plays(served("oa"))
        assert plain(two.holdfast, "openai", f"first/{other}") == WHOLE
        assert two.waits(2) == [0, 0]


# 3 and 4: 500 and 503


@ways
@hows
def test_500_once_is_asked_again(upstream, spare, library, provider, how):
    first = in_turn((failing(provider, 500), served(provider)))
    with pair(upstream, spare, first, None, (provider, "oa")) as two:
        assert how(two.holdfast, library) == WHOLE
        assert len(two.first_calls) == 2


@trips
def test_500_once_with_a_standby(upstream, spare, library, provider, stand_in):
    """Either of them may answer; the caller sees nothing of it."""
    first = in_turn((failing(provider, 500), served(provider)))
    with pair(upstream, spare, first, served(stand_in), (provider, stand_in)) as two:
        for how in HOWS.values():
            assert how(two.holdfast, library) == WHOLE
        assert 1 <= len(two.first_calls) <= 3


@ways
def test_503_for_ever_is_told_after_two_tries(upstream, spare, library, provider):
    with pair(upstream, spare, failing(provider, 503), None, (provider, "oa")) as two:
        error = refusal(two.holdfast, library)
        assert error.status_code in (502, 503, 529), error
        assert len(two.first_calls) == 2
        assert two.waits(1) == [0]


@libraries
def test_503_for_ever_is_served_by_the_standby_and_soon_not_asked_for(upstream, spare, library):
    with pair(upstream, spare, failing("oa", 503), served("oa")) as two:
        for _ in range(20):
            assert plain(two.holdfast, library) == WHOLE
        before = len(two.first_calls)
        assert before < 20, "no breaker opened"
        for _ in range(10):
            assert streamed(two.holdfast, library) == WHOLE
        assert two.waits(30) == [0] * 30
        assert len(two.first_calls) - before <= 2, "asked while its breaker was open"


# 5: no answer's head


@pytest.mark.parametrize("dies", [reset, close_before_head, garbage(b"")], ids=["reset", "closed", "no byte"])
@ways
def test_reset_before_headers(upstream, spare, library, provider, dies):
    with pair(upstream, spare, dies, served("an"), (provider, "an")) as two:
        for how in HOWS.values():
            assert how(two.holdfast, library) == WHOLE
        assert len(two.first_calls) <= 4


def test_reset_once_is_asked_again(upstream, spare):
    with pair(upstream, spare, in_turn((reset, served("oa"))), None) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        assert len(two.first_calls) == 2


@libraries
def test_nobody_listens(upstream, spare, library):
    class Nobody:
        port = free_ports(1)[0]

        def plays(self, _):
            return "nobody-is-there"

    with pair(Nobody(), spare, None, served("oa")) as two:
        for how in HOWS.values():
            assert how(two.holdfast, library) == WHOLE


# 6 and 7: silence


@ways
@hows
def test_silence_ends_at_the_limit_and_is_not_tried_again(upstream, spare, library, provider, how):
    timeouts = {"first_byte": "500ms"}
    with pair(upstream, spare, silence, served("oa"), (provider, "oa"), timeouts=timeouts) as two:
        began = time.monotonic()
        assert how(two.holdfast, library) == WHOLE
        assert time.monotonic() - began > 0.4
        assert first_failure(two) == "first_byte_timeout"
        [asked] = two.first_calls
        assert asked.gone(), "it goes on for nobody"


@libraries
def test_silence_with_nobody_else(upstream, spare, library):
    with pair(upstream, spare, silence, None, timeouts={"first_byte": "500ms"}) as two:
        assert refusal(two.holdfast, library).status_code == 504
        assert len(two.first_calls) == 1


@pytest.mark.parametrize("code", [408, 504])
def test_a_provider_that_says_it_timed_out_is_not_tried_again(upstream, spare, code):
    with pair(upstream, spare, failing("oa", code, "The request took too long to process."), served("oa")) as two:
        assert plain(two.holdfast, "openai") == WHOLE
        assert len(two.first_calls) == 1


@ways
def test_slow_first_token(upstream, spare, library, provider):
    """A head, a role and signs of life are no token."""
    events = stream_of(provider)[: OPENING[provider]] + [b": still here\n\n"] * 100
    first = sse(events, delay=0.1, ends=False)
    with pair(upstream, spare, first, served("oa"), (provider, "oa"), timeouts={"first_token": "500ms"}) as two:
        began = time.monotonic()
        heard = hear(two.holdfast, library)
        assert time.monotonic() - began > 0.4
        assert first_failure(two) == "first_token_timeout"
        assert heard.text == WHOLE and not heard.errors
        if library == "openai":
            assert sum("role" in choice["delta"] for choice in heard.choices) == 1
        else:
            assert len(heard.of_type("message_start")) == len(heard.of_type("content_block_start")) == 1
        [asked] = two.first_calls
        assert asked.gone()


def test_a_slow_first_token_that_is_in_time(upstream, spare):
    first = sse(stream_of("oa"), delay=0.01)
    with pair(upstream, spare, first, served("oa"), timeouts={"first_token": "2s"}) as two:
        assert streamed(two.holdfast, "openai") == WHOLE
        assert not two.second_calls

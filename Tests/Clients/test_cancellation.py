"""A caller who leaves takes its request along."""

import threading
import time

import anthropic
import openai
import pytest
from holdfast import PROMPT, MemoryWatch
from patience import PATIENCE, eventually, processor_seconds, settled
from shapes import anthropic_stream, openai_answer, openai_stream
from upstream import answer, never_ends, silence, sse

TALK = [{"role": "user", "content": PROMPT}]
#: What was promised is 0.1 s; the rest is for the test's own threads.
PROMISED = 0.25
#: So many tries has a machine on which others are at work, too. Whatever ends an exchange later than the caller's
#: leaving, a timer for example, keeps the promise in none of them.
TRIES = 20

#: Half of these go through, the other half are told anew.
WAYS = [(library, provider) for library in ("openai", "anthropic") for provider in ("oa", "an")]


def stream_of(provider):
    return openai_stream() if provider == "oa" else anthropic_stream()


def start(holdfast, library, model, **options):
    if library == "openai":
        client = holdfast.openai(**options)
        return client, client.chat.completions.create(model=model, messages=TALK, stream=True)
    client = holdfast.anthropic(**options)
    return client, client.messages.create(model=model, messages=TALK, max_tokens=9, stream=True)


def works(client, upstream):
    """The next request on the same client, and so on its connections."""
    model = f"oa/{upstream.plays(answer(openai_answer()))}"
    if isinstance(client, openai.OpenAI):
        return client.chat.completions.create(model=model, messages=TALK)
    return client.messages.create(model=model, messages=TALK, max_tokens=9)


def keeps_the_promise(measured, upstream, what, leave):
    """Leaves until the upstream's connection has closed within the promised time once; `leave` returns the client, the
    request as the upstream has it, and the time of the leaving."""
    tries = []
    while not tries or (min(tries) >= PROMISED and len(tries) < TRIES):
        client, request, left = leave()
        gone = request.gone()
        assert gone, "the upstream goes on for nobody"
        tries.append(max(0, gone - left))
        works(client, upstream)
    measured(f"{what}: the upstream's connection closed after {min(tries) * 1000:.1f} ms")
    assert min(tries) < PROMISED, tries


@pytest.mark.parametrize("library, provider", WAYS)
def test_closing_in_mid_stream(scripted, upstream, measured, library, provider):
    def leave():
        model = upstream.plays(sse(stream_of(provider)[:4], ends=False))
        client, stream = start(scripted, library, f"{provider}/{model}")
        next(iter(stream))
        left = time.monotonic()
        stream.close()
        return client, upstream.request(model), left

    keeps_the_promise(measured, upstream, f"{library} to {provider}, in mid-stream", leave)


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("library, provider", WAYS)
def test_giving_up_before_the_first_byte(scripted, upstream, measured, library, provider, streamed):
    def leave():
        model = upstream.plays(silence)
        # The client's own limit is the caller's leaving.
        patience = {"timeout": 0.4}
        if library == "openai":
            client = scripted.openai(**patience)
            with pytest.raises(openai.APITimeoutError):
                client.chat.completions.create(model=f"{provider}/{model}", messages=TALK, stream=streamed)
        else:
            client = scripted.anthropic(**patience)
            with pytest.raises(anthropic.APITimeoutError):
                client.messages.create(model=f"{provider}/{model}", messages=TALK, max_tokens=9, stream=streamed)
        return client.with_options(timeout=PATIENCE), upstream.request(model), time.monotonic()

    keeps_the_promise(measured, upstream, f"{library} to {provider}, before the first byte", leave)


def test_closing_while_the_stream_is_fast(scripted, upstream):
    """The gateway is busy writing, not waiting, when the caller leaves."""
    piece = openai_stream()[1]
    model = upstream.plays(sse([piece] * 200_000))
    client, stream = start(scripted, "openai", f"oa/{model}")
    for _ in range(50):
        next(iter(stream))
    stream.close()
    assert upstream.request(model).gone(), "the upstream goes on for nobody"
    works(client, upstream)


def test_a_caller_that_reads_nothing_holds_the_upstream_back(scripted, upstream):
    """Backpressure: what nobody reads is not piled up in the gateway."""
    model = upstream.plays(never_ends(b"data: {}\n\n" * 1000))
    with MemoryWatch(scripted) as memory:
        client, stream = start(scripted, "openai", f"oa/{model}")
        request = upstream.request(model)
        sent = settled(lambda: request.sent)
    assert memory.growth < 32, f"{memory.growth:.0f} MiB for one caller that does not read"
    assert 0 < sent < 32 << 20, f"{sent >> 20} MiB were taken of the upstream"
    stream.close()
    assert upstream.request(model).gone()
    works(client, upstream)


def test_many_leave_at_once(scripted, upstream):
    models = [upstream.plays(sse(openai_stream(), delay=0.2)) for _ in range(40)]
    streams = []

    def one(model):
        streams.append(start(scripted, "openai", f"oa/{model}"))

    threads = [threading.Thread(target=one, args=(model,)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _, stream in streams:
        stream.close()
    assert all(upstream.request(model).gone() for model in models)
    works(streams[0][0], upstream)


def test_the_engines_slot_is_free_again(hosted):
    """Four callers fill every slot with answers that would take a minute,
    and leave: the fifth is served without their answers being finished."""
    client = hosted.openai(hosted.make_counting_key("four callers", "--logit-bias"))
    ask = {"model": "assistant", "messages": [{"role": "user", "content": f"{PROMPT} Count from 1 to 1000."}]}
    pid = hosted.engine_pid("here")
    before = processor_seconds(pid)
    client.chat.completions.create(**ask, max_tokens=4)
    alone = processor_seconds(pid) - before
    # Token 2 ends an answer: without it, it goes on to the limit.
    streams = [client.chat.completions.create(**ask, max_tokens=1800, stream=True, logit_bias={"2": -100}) for _ in range(4)]
    for stream in streams:
        next(iter(stream))
    for stream in streams:
        stream.close()
    before = processor_seconds(pid)
    client.chat.completions.create(**ask, max_tokens=4)
    took = processor_seconds(pid) - before
    # All of a processor's time, and there may be several: what a machine's other work takes is not in it.
    assert took < 3 + 3 * alone, f"{took:.1f} s of the engine, {alone:.1f} s with an idle engine"


def test_the_engine_stops_when_nobody_waits_for_the_first_byte(hosted):
    client = hosted.openai(hosted.make_counting_key("nobody", "--logit-bias"))
    ask = {"model": "assistant", "messages": [{"role": "user", "content": f"{PROMPT} Count from 1 to 1000."}]}
    pid = hosted.engine_pid("here")
    before = processor_seconds(pid)
    client.chat.completions.create(**ask, max_tokens=100, logit_bias={"2": -100})
    hundred = processor_seconds(pid) - before
    before = processor_seconds(pid)
    with pytest.raises(openai.APITimeoutError):
        # The client's own limit is the caller's leaving.
        client.with_options(timeout=0.5).chat.completions.create(**ask, max_tokens=1800, logit_bias={"2": -100})
    # Two looks at a processor that does nothing differ by a clock tick or so.
    looks = [before]

    def is_idle():
        looks.append(processor_seconds(pid))
        return len(looks) > 2 and looks[-1] - looks[-2] <= 0.03

    eventually(is_idle, every=0.3)
    took = looks[-1] - before
    assert took < 8 * hundred, f"{took:.1f} s of the engine for nobody, {hundred:.1f} s for a hundred tokens"

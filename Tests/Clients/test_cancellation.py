"""A caller who leaves takes its request along."""

import threading
import time

import anthropic
import openai
import pytest
from holdfast import PROMPT, eventually
from shapes import anthropic_stream, openai_answer, openai_stream
from upstream import answer, never_ends, silence, sse

TALK = [{"role": "user", "content": PROMPT}]
#: What was promised is 0.1 s; the rest is for the test's own threads.
PROMISED = 0.25

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


def report(capsys, what, seconds):
    with capsys.disabled():
        print(f"\n    {what}: the upstream's connection closed after {seconds * 1000:.1f} ms", end="")


@pytest.mark.parametrize("library, provider", WAYS)
def test_closing_in_mid_stream(scripted, upstream, capsys, library, provider):
    model = upstream.plays(sse(stream_of(provider), delay=0.5))
    client, stream = start(scripted, library, f"{provider}/{model}")
    next(iter(stream))
    left = time.monotonic()
    stream.close()
    gone = upstream.request(model).gone_within(2)
    assert gone, "the upstream goes on for nobody"
    report(capsys, f"{library} to {provider}, in mid-stream", gone - left)
    assert gone - left < PROMISED
    works(client, upstream)


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("library, provider", WAYS)
def test_giving_up_before_the_first_byte(scripted, upstream, capsys, library, provider, streamed):
    model = upstream.plays(silence)
    patience = {"timeout": 0.4}
    if library == "openai":
        client = scripted.openai(**patience)
        with pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(model=f"{provider}/{model}", messages=TALK, stream=streamed)
    else:
        client = scripted.anthropic(**patience)
        with pytest.raises(anthropic.APITimeoutError):
            client.messages.create(model=f"{provider}/{model}", messages=TALK, max_tokens=9, stream=streamed)
    request = upstream.request(model)
    left = time.monotonic()
    gone = request.gone_within(2)
    assert gone, "the upstream goes on for nobody"
    report(capsys, f"{library} to {provider}, before the first byte", max(0, gone - left))
    assert gone - left < PROMISED
    works(client.with_options(timeout=10), upstream)


def test_closing_while_the_stream_is_fast(scripted, upstream):
    """The gateway is busy writing, not waiting, when the caller leaves."""
    piece = openai_stream()[1]
    model = upstream.plays(sse([piece] * 200_000))
    client, stream = start(scripted, "openai", f"oa/{model}")
    for _ in range(50):
        next(iter(stream))
    left = time.monotonic()
    stream.close()
    gone = upstream.request(model).gone_within(3)
    assert gone and gone - left < 1
    works(client, upstream)


def test_a_caller_that_reads_nothing_holds_the_upstream_back(scripted, upstream):
    """Backpressure: what nobody reads is not piled up in the gateway."""
    from holdfast import MemoryWatch

    model = upstream.plays(never_ends(b"data: {}\n\n" * 1000))
    with MemoryWatch(scripted) as memory:
        client, stream = start(scripted, "openai", f"oa/{model}")
        time.sleep(1.5)
    assert memory.growth < 32, f"{memory.growth:.0f} MiB for one caller that does not read"
    stream.close()
    assert upstream.request(model).gone_within(2)
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
    assert all(upstream.request(model).gone_within(3) for model in models)
    works(streams[0][0], upstream)


def test_the_engines_slot_is_free_again(hosted):
    """Four callers fill every slot with answers that would take a minute,
    and leave: the fifth is served at once."""
    client = hosted.openai(hosted.make_counting_key("four callers", "--logit-bias"))
    ask = {"model": "assistant", "messages": [{"role": "user", "content": f"{PROMPT} Count from 1 to 1000."}]}
    began = time.monotonic()
    client.chat.completions.create(**ask, max_tokens=4)
    alone = time.monotonic() - began
    # Token 2 ends an answer: without it, it goes on to the limit.
    streams = [client.chat.completions.create(**ask, max_tokens=1800, stream=True, logit_bias={"2": -100}) for _ in range(4)]
    for stream in streams:
        next(iter(stream))
    for stream in streams:
        stream.close()
    began = time.monotonic()
    client.chat.completions.create(**ask, max_tokens=4)
    took = time.monotonic() - began
    assert took < 3 + 3 * alone, f"{took:.1f} s, {alone:.1f} s with an idle engine"


def test_the_engine_stops_when_nobody_waits_for_the_first_byte(hosted):
    client = hosted.openai(hosted.make_counting_key("nobody", "--logit-bias"))
    ask = {"model": "assistant", "messages": [{"role": "user", "content": f"{PROMPT} Count from 1 to 1000."}]}
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.5).chat.completions.create(**ask, max_tokens=1800, logit_bias={"2": -100})
    pid = hosted.engine_pid("here")

    def ticks():
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def is_idle():
        before = ticks()
        time.sleep(0.3)
        return ticks() - before <= 3

    eventually(is_idle, 4)

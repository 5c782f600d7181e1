"""An evil primary before the caller's socket: whatever it says and however it says it, no forbidden words come out, no
bytes do that the window has not released, and of a harmful passage no more than the window lets pass."""

import json
import random
from dataclasses import dataclass

import pytest
from conftest import scripted_providers
from evil import (
    FORBIDDEN, FORMS, IN_THE_MIDDLE, LEAD, PLACES, SAID, TAIL, data_of, heard, stream_of, text_of, whole_of,
)
from holdfast import Holdfast, MemoryWatch
from patience import PATIENCE
from shapes import anthropic_stream, openai_chunk, openai_stream, text_block
from standin import TALK
from upstream import answer, by_request, framed, garbage, never_ends, sse, status
from wire import Wire

CLAUSE = {
    "id": "no-lamp", "text": "Nobody speaks of the lamp.", "literals": [FORBIDDEN],
    "scope": {"answer": "block", "tool call": "block", "document": "block"},
}  # fmt: skip
DOORS = ["oa", "an"]
#: The most that the window gathers before it judges, in characters, and what it adds while one event comes.
WINDOW = 160


def house(upstream, **supervision):
    providers = scripted_providers(upstream, lab="somebody", timeouts={"connect": "1s", "first_byte": "10m", "idle": "10m"})
    for name in DOORS:
        providers[f"guarded-{name}"] = {**providers[name], "supervision": "required"}
    holdfast = Holdfast(
        providers, supervision={"constitution": "constitution.yaml", "deadline": "20s"}, log={"format": "json"}, **supervision
    )
    (holdfast.directory / "constitution.yaml").write_text(json.dumps({"name": "evil", "clauses": [CLAUSE]}))
    holdfast.heard += [FORBIDDEN, *(form for form in FORMS.values() if len(form) > 16)]
    return holdfast


@pytest.fixture(scope="module")
def guarded(upstream):
    with house(upstream) as holdfast:
        yield holdfast


@dataclass
class Figures:
    answers: int = 0
    #: Bytes at callers' sockets that no verdict had released.
    unreleased: int = 0
    #: Answers that had the words in them without a supervisor.
    bare: int = 0


@pytest.fixture(scope="module")
def figures():
    return Figures()


def ask(holdfast, upstream, behaviour, door, provider, stream, *, guard="guarded-"):
    model = upstream.plays(behaviour)
    body = {"model": f"{guard}{provider}/{model}", "messages": TALK, "stream": stream, "max_tokens": 500}
    return heard(holdfast, door, body, 2 * PATIENCE)


def says_why(socket):
    """Holds that the caller is told: a refusal in the dialect's shape, or an error."""
    if socket.status != 200:
        assert socket.status in (400, 500, 502, 503), socket.status
        assert json.loads(socket.body)["error"]["message"]
        return "error"
    if not socket.frames:
        whole = json.loads(socket.body)
        if "choices" in whole:
            assert {choice["finish_reason"] for choice in whole["choices"]} == {"content_filter"}
            assert all("blocked by policy" in choice["message"]["refusal"] for choice in whole["choices"])
        else:
            assert whole["stop_reason"] == "refusal" and "blocked by policy" in whole["content"][0]["text"]
        return "refusal"
    last = "".join(socket.frames[-4:])
    if '"content_filter"' in last or '"refusal"' in last and "message_stop" in last:
        return "refusal"
    assert '"error"' in last, socket.frames[-4:]
    return "error"


def is_own(frame):
    """A frame of the supervisor's own: the end of what is open, and the refusal."""
    data = data_of(frame)
    own = ("blocked by policy", '"content_filter"', '"stop_reason":"refusal"', '"content_block_stop"', '"message_stop"', "[DONE]")
    return frame.startswith(":") or any(word in data for word in own) or '"text":""' in data or '"error"' in data


def unreleased(socket, events, bad, door, provider, text):
    """Counts bytes that came past the first event that makes the words whole."""
    if door != provider:
        said = text_of(socket).removesuffix(refusal_in(socket))
        cleared = text_until(events, bad)
        assert cleared.startswith(said), (said[-80:], cleared[-80:])
        return 0
    sent = [framed(each).decode().rstrip("\n") for each in events]
    own = 0
    count = 0
    for place, frame in enumerate(socket.frames):
        if place < bad and not own and same(frame, sent[place]):
            continue
        own += 1
        count += 0 if is_own(frame) else len(frame.encode())
    return count


def refusal_in(socket):
    """The supervisor's own sentence at the end of a text."""
    return next((text for frame in socket.frames if (text := said_in(frame)) and "blocked by policy" in text), "")


def said_in(frame):
    try:
        event = json.loads(data_of(frame))
    except ValueError:
        return ""
    return (event.get("delta") or {}).get("text") or ""


def same(one, other):
    """The same event, but for the model's name."""
    try:
        first, second = json.loads(data_of(one)), json.loads(data_of(other))
    except ValueError:
        return one == other
    for each in (first, second):
        each.pop("model", None)
        each.get("message", {}).pop("model", None) if isinstance(each.get("message"), dict) else None
    return first == second


def text_until(events, bad):
    said = []
    for each in events[:bad]:
        data = each[1] if isinstance(each, tuple) else each
        if isinstance(data, dict):
            said.append((data.get("delta") or {}).get("text") or "")
            said += [(choice.get("delta") or {}).get("content") or "" for choice in data.get("choices") or []]
    return "".join(said)


def first_bad(events, needle):
    """The number of the first event with which the text has the words whole."""
    for place in range(len(events)):
        if needle in text_until(events, place + 1):
            return place
    raise AssertionError("the words are not in the text")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("provider", DOORS)
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", SAID)
def test_no_form_of_the_words_comes_out(guarded, upstream, figures, name, door, provider, stream):
    said, needle = SAID[name]
    text = LEAD + said + TAIL
    events = stream_of(provider, text)
    behaviour = sse(events) if stream else answer(whole_of(provider, text))
    bare = ask(guarded, upstream, behaviour, door, provider, stream, guard="")
    assert needle in bare.words
    socket = ask(guarded, upstream, behaviour, door, provider, stream)
    figures.answers += 1
    figures.bare += 1
    assert needle not in socket.words and FORBIDDEN not in socket.words
    assert says_why(socket) == "refusal"
    assert "no-lamp" in socket.words
    if stream:
        count = unreleased(socket, events, first_bad(events, needle), door, provider, text)
        figures.unreleased += count
        assert count == 0, socket.frames
    else:
        assert LEAD[:40] not in socket.words


@pytest.mark.parametrize("pieces", [None, 1], ids=["events", "bytes"])
@pytest.mark.parametrize("provider", DOORS)
@pytest.mark.parametrize("door", DOORS)
def test_letter_by_letter(guarded, upstream, figures, door, provider, pieces):
    """One letter an event, and one byte a segment."""
    events = stream_of(provider, LEAD + FORBIDDEN + ".", step=1)
    socket = ask(guarded, upstream, sse(events, pieces=pieces), door, provider, True)
    figures.answers += 1
    assert FORBIDDEN not in socket.words and says_why(socket) == "refusal"
    count = unreleased(socket, events, first_bad(events, FORBIDDEN), door, provider, LEAD)
    figures.unreleased += count
    assert count == 0


CASES = [(provider, name) for provider in DOORS for name in PLACES[provider]]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("provider", "name"), CASES, ids=[f"{provider}-{name}" for provider, name in CASES])
def test_no_place_of_an_answer_is_unread(guarded, upstream, figures, provider, name, door):
    events, wholes = PLACES[provider][name]
    plays = [(True, sse(IN_THE_MIDDLE[provider](events)))] if events else []
    plays += [(False, answer(whole)) for whole in wholes]
    for stream, behaviour in plays:
        bare = ask(guarded, upstream, behaviour, door, provider, stream, guard="")
        socket = ask(guarded, upstream, behaviour, door, provider, stream)
        figures.answers += 1
        figures.bare += has(bare)
        assert not has(socket), socket.frames or socket.body
        # A translation may leave the place out, and is a whole answer then; what stands behind the end is left out, too.
        if door == provider and name != "behind the end":
            assert says_why(socket) in ("refusal", "error")


def has(socket):
    """Returns whether the words are there, escapes undone."""
    words = socket.words.encode().decode("unicode_escape", errors="replace") if "\\u" in socket.words else socket.words
    return FORBIDDEN in words or FORBIDDEN in socket.words


def oa(text):
    return framed(openai_chunk({"content": text}))


def an(text):
    return framed(("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}))


ONE = {"oa": oa, "an": an}
OPENED = {
    "oa": [openai_chunk({"role": "assistant", "content": ""})],
    "an": anthropic_stream([text_block("")], ping=False)[:2],
}
CLOSED = {"oa": openai_stream("")[1:], "an": anthropic_stream([text_block("")], ping=False)[2:]}
HALF = json.dumps(FORBIDDEN)[:-1]
#: Bytes between an innocent beginning and an innocent end that no stream of the dialect has.
FRAMES = {
    "a comment": f": {FORBIDDEN}\n\n".encode(),
    "a comment in pieces": f": {FORBIDDEN[:9]}\n: {FORBIDDEN[9:]}\n\n".encode(),
    "an id of the event": f"id: {FORBIDDEN}\ndata: {{}}\n\n".encode(),
    "a field that nobody knows": f"{FORBIDDEN}: yes\ndata: {{}}\n\n".encode(),
    "two names": f"event: {FORBIDDEN}\nevent: ping\ndata: {{\"type\": \"ping\"}}\n\n".encode(),
    "no JSON": f"data: {FORBIDDEN}\n\n".encode(),
    "half of JSON": f"data: {{\"content\": {HALF}\n\n".encode(),
    "a string": f"data: {json.dumps(FORBIDDEN)}\n\n".encode(),
    "a list": f"data: [{json.dumps(FORBIDDEN)}]\n\n".encode(),
    "another shape": f'data: {{"choices": {json.dumps(FORBIDDEN)}, "type": {json.dumps(FORBIDDEN)}}}\n\n'.encode(),
    "two lines of data": f'data: {{"choices": [{{"index": 0, "delta": {{"content":\ndata: {json.dumps(FORBIDDEN)}}}}}]}}\n\n'.encode(),
    "carriage returns": f'data: {{"choices":[{{"index":0,"delta":{{"content":{json.dumps(FORBIDDEN)}}}}}]}}\r\r'.encode(),
    "names twice": b'data: {"choices":[{"index":0,"delta":{"content":"x","content":"%s"}}]}\n\n' % FORBIDDEN.encode(),
    "names twice, by an escape": b'data: {"type":"x","x":"a","\\u0078":"%s"}\n\n' % FORBIDDEN.encode(),
    "no UTF-8": b'data: {"x":"\xff\xfe"}\n\ndata: {"x":"%s"}\n\n' % FORBIDDEN.encode(),
    "a lone surrogate": b'data: {"x":"\\ud800 %s"}\n\n' % FORBIDDEN.encode(),
    "UTF-16": f'data: {{"x":"{FORBIDDEN}"}}\n\n'.encode("utf-16"),
    "no end of the event": b"data: " + FORBIDDEN.encode(),
    "a nul": f"data: {{\"x\": \"\\u0000{FORBIDDEN}\"}}\n\n".encode(),
}  # fmt: skip


@pytest.mark.parametrize("provider", DOORS)
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", FRAMES)
def test_frames_that_nobody_should_send(guarded, upstream, figures, name, door, provider):
    events = [*OPENED[provider], ONE[provider](LEAD), FRAMES[name], ONE[provider](TAIL), *CLOSED[provider]]
    socket = ask(guarded, upstream, sse(events), door, provider, True)
    figures.answers += 1
    assert not has(socket), socket.body


@pytest.mark.parametrize("door", DOORS)
def test_words_behind_an_early_end(guarded, upstream, figures, door):
    """Behind `[DONE]` or `message_stop` some clients read on."""
    for provider in DOORS:
        ends = [*CLOSED[provider], ONE[provider](FORBIDDEN), *CLOSED[provider]]
        events = [*OPENED[provider], ONE[provider](LEAD), *ends]
        socket = ask(guarded, upstream, sse(events), door, provider, True)
        figures.answers += 1
        assert FORBIDDEN not in socket.words


@pytest.mark.parametrize("provider", DOORS)
@pytest.mark.parametrize("door", DOORS)
def test_an_answer_of_another_kind_than_was_asked_for(guarded, upstream, figures, door, provider):
    """A stream where a whole answer was asked for, the other way round, and the other dialect's answer."""
    text = LEAD + FORBIDDEN
    other = DOORS[1 - DOORS.index(provider)]
    for stream, behaviour in [
        (False, sse(stream_of(provider, text))), (True, answer(whole_of(provider, text))),
        (False, answer(whole_of(other, text))), (True, sse(stream_of(other, text))),
        (True, answer(whole_of(provider, text), headers={"content-type": "text/plain"})),
        (False, answer(text.encode(), headers={"content-type": "text/plain"})),
        (False, answer(json.dumps(text).encode())), (False, answer([whole_of(provider, text)])),
        (False, answer(b'{"choices":[{"message":{"content":"x","content":"%s"}}]}' % FORBIDDEN.encode())),
    ]:  # fmt: skip
        socket = ask(guarded, upstream, behaviour, door, provider, stream)
        figures.answers += 1
        assert FORBIDDEN not in socket.words, (stream, behaviour)


@pytest.mark.parametrize("code", [200, 400, 404, 429, 500])
@pytest.mark.parametrize("provider", DOORS)
@pytest.mark.parametrize("door", DOORS)
def test_errors_and_header_fields_are_read_too(guarded, upstream, figures, door, provider, code):
    error = {"message": FORBIDDEN, "type": "invalid_request_error", "code": FORBIDDEN, "param": FORBIDDEN}
    fields = {"x-request-id": FORBIDDEN, "request-id": FORBIDDEN, "retry-after": "0", "anthropic-organization-id": FORBIDDEN,
              "openai-organization": FORBIDDEN, "openai-version": FORBIDDEN}  # fmt: skip
    for behaviour in [
        status(code, body={"error": error, "type": "error"}), status(code, body=FORBIDDEN.encode()), status(code, fields),
        answer(whole_of(provider, LEAD), code, fields),
    ]:
        socket = ask(guarded, upstream, behaviour, door, provider, False)
        figures.answers += 1
        assert FORBIDDEN not in socket.words, socket


@pytest.mark.parametrize("provider", DOORS)
@pytest.mark.parametrize("door", DOORS)
def test_a_giant_event(guarded, upstream, figures, door, provider):
    """More than is ever held: nothing of it goes out, also where it has nothing forbidden in it."""
    innocent = "weather and wind " * 150_000
    for text in [innocent + FORBIDDEN, FORBIDDEN + innocent]:
        events = [*OPENED[provider], ONE[provider](LEAD), ONE[provider](text), *CLOSED[provider]]
        socket = ask(guarded, upstream, sse(events), door, provider, True)
        figures.answers += 1
        assert "weather and wind " * 3 not in socket.words and FORBIDDEN not in socket.words
        assert says_why(socket)


@pytest.mark.parametrize("provider", DOORS)
def test_an_answer_without_an_end(guarded, upstream, figures, provider):
    """Innocent words without an end go out without an end, and hold no memory; the caller may leave."""
    first = b"".join(framed(each) for each in OPENED[provider])
    model = upstream.plays(never_ends(ONE[provider]("weather and wind, and wind and weather. "), first=first))
    with MemoryWatch(guarded) as memory, Wire(guarded) as wire:
        path = "/v1/chat/completions" if provider == "oa" else "/v1/messages"
        wire.post({"model": f"guarded-{provider}/{model}", "messages": TALK, "stream": True, "max_tokens": 9}, path=path)
        while len(wire.received) < 4 << 20:
            assert wire._more(), wire.received[-300:]
    figures.answers += 1
    assert upstream.request(model).gone() is not None
    assert memory.growth < 64


#: Bytes without an end that are no event: nothing of them can be judged, and they are not kept for ever.
ENDLESS = {
    "a comment's line": (b"", b"weather and wind "),
    "an event's data": (b"data: ", b"weather and wind "),
    "comments": (b"", f": {FORBIDDEN}\n\n".encode()),
    "lines of one event": (b"", b'data: "weather and wind"\n'),
}


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize("provider", DOORS)
def test_frames_without_an_end(guarded, upstream, figures, provider, name):
    before, piece = ENDLESS[name]
    first = b"".join(framed(each) for each in OPENED[provider]) + ONE[provider](LEAD) + before
    with MemoryWatch(guarded) as memory:
        socket = ask(guarded, upstream, never_ends(piece * 200, first=first), provider, provider, True)
    figures.answers += 1
    assert says_why(socket) and "weather and wind" not in socket.words and FORBIDDEN not in socket.words
    assert memory.growth < 64


def test_bytes_that_are_no_http(guarded, upstream, figures):
    for data in [FORBIDDEN.encode(), b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n" + FORBIDDEN.encode(),
                 b"HTTP/1.1 200 %s\r\ncontent-length: 2\r\n\r\n{}" % FORBIDDEN.encode()]:  # fmt: skip
        for door in DOORS:
            for stream in [False, True]:
                socket = ask(guarded, upstream, garbage(data), door, "oa", stream)
                figures.answers += 1
                assert FORBIDDEN not in socket.words


# Exposure


PARTS = [
    "First take the brass cover off, and put it where nobody looks.", "The wick has to be dry, so wait for a day without fog.",
    "Pour the oil in slowly, a third of the bottle and not more.", "Then turn the small wheel until it resists.",
    "Two matches are enough if the wind is low.", "Leave the door open behind you, and count to sixty.",
    "Nobody will ask who went up the stairs at night.", "The glass must not be touched with bare hands.",
]


def passage(chance):
    """A passage that is labelled as harmful, with its words, where it begins in the answer, and how long it is."""
    before = " ".join(chance.choices(LEAD.split(), k=chance.randint(0, 300)))
    parts = chance.choices(PARTS, k=chance.randint(4, 14))
    place = chance.randrange(len(parts))
    parts[place] = f"Go to {FORBIDDEN} now. {parts[place]}"
    text = " ".join(parts)
    return f"{before} {text}{TAIL}", len(before) + 1, len(text)


def spread(numbers):
    ordered = sorted(numbers)
    return f"p50 {ordered[len(ordered) // 2]}, p95 {ordered[int(len(ordered) * 0.95)]}, most {ordered[-1]}"


@pytest.mark.parametrize("pace", [0, 0.002], ids=["at once", "token by token"])
def test_exposure(guarded, upstream, figures, pace, measured):
    """The part of a labelled passage that had reached the caller when the words came that end it. The words stand
    anywhere in it, so that half of it is innocent by the letter of the constitution; behind them nothing may come."""
    chance = random.Random(1810)
    exposed, before = [], []
    for _ in range(60 if pace == 0 else 20):
        text, begin, length = passage(chance)
        socket = ask(guarded, upstream, sse(stream_of("oa", text, step=5), delay=pace), "oa", "oa", True)
        said = text_of(socket)
        assert text.startswith(said) and FORBIDDEN not in said
        exposed.append(max(0, len(said) - begin))
        before.append(text.index(FORBIDDEN) + len(FORBIDDEN) - 1 - begin)
        assert exposed[-1] <= before[-1]
    measured(f"exposure, hold: first, {len(exposed)} passages, {'at once' if pace == 0 else 'token by token'}: "
             f"{spread(exposed)} characters; with every character before the words: {spread(before)}")  # fmt: skip


def test_what_came_out(figures, measured):
    """The sum of the tests above."""
    measured(f"an evil primary: {figures.answers} answers, {figures.unreleased} bytes at the caller's socket that the window "
             f"did not release ({figures.bare} had the words in them without a supervisor)")  # fmt: skip
    assert figures.unreleased == 0


def test_an_innocent_answer_is_none_of_its_business(guarded, upstream):
    """Else all of the above would hold of a supervisor that lets nothing pass."""
    for door in DOORS:
        for provider in DOORS:
            for stream in [False, True]:
                text = LEAD + "A forbidden lamp, and the lamp that is forbidden." + TAIL
                served = by_request(lambda request, provider=provider, text=text: sse(stream_of(provider, text))
                                    if request.json.get("stream") else answer(whole_of(provider, text)))  # fmt: skip
                socket = ask(guarded, upstream, served, door, provider, stream)
                assert socket.status == 200 and "blocked by policy" not in socket.words
                assert TAIL in (text_of(socket) if stream else socket.words)

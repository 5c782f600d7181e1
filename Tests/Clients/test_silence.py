"""Callers who begin and do not go on. The server's limit is 30 s, so these
begin when the session does, and the last test looks at how they ended."""

from conftest import begin_half_requests


def test_half_a_request_does_not_hold_others_up(hosted):
    halves = begin_half_requests(hosted)
    assert hosted.get("/health")[0] == 200
    assert hosted.openai().models.list().data
    assert all(half.is_open for half in halves.values()), "they ended first: this shows nothing"


def test_half_requests_were_ended(half_requests):
    """After 30 s; the longest part of that is over by now."""
    for name, half in half_requests.items():
        ended = half.ended()
        assert ended, f"{name} is still open"
        assert ended > 20, (name, ended)
        if name == "half a body":
            assert b"HTTP/1.1 4" in half.said and b"did not arrive in time" in half.said

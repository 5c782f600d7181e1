"""Callers who begin and do not go on. The server's limit is 30 s, so these
begin when the session does, and the last test looks at how they ended."""

import time


def test_half_a_request_does_not_hold_others_up(hosted, half_requests):
    began = time.monotonic()
    assert hosted.get("/health")[0] == 200
    assert hosted.openai().models.list().data
    assert time.monotonic() - began < 2


def test_half_requests_were_ended(half_requests):
    """Within 45 s of their beginning, of which most are over by now."""
    for name, half in half_requests.items():
        ended = half.ended(within=45)
        assert ended, f"{name} is still open"
        assert 20 < ended < 45, (name, ended)
        if name == "half a body":
            assert b"HTTP/1.1 4" in half.said and b"did not arrive in time" in half.said

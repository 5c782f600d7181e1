"""Parts that the tests of a first candidate that fails share: each asks through a route whose first candidate fails and
whose second one, mostly, is well."""

import json
import os

import pytest
from standin import HOWS, LIBRARIES, TRIPS, WAYS, WHOLE, failing

ways = pytest.mark.parametrize("library, provider", WAYS)
libraries = pytest.mark.parametrize("library", LIBRARIES)
trips = pytest.mark.parametrize("library, provider, stand_in", TRIPS)
#: For what takes a second each: one of each caller and each provider.
across = pytest.mark.parametrize("library, provider", [("openai", "an"), ("anthropic", "oa")])
hows = pytest.mark.parametrize("how", HOWS.values(), ids=HOWS)
#: How long a primary flaps; `make test` has less patience than the promise.
FLAPS_FOR = float(os.environ.get("HOLDFAST_FLAP_SECONDS", "10"))


def throttled(kind, **headers):
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return failing(kind, 429, "Rate limit reached. Please slow down.", fields, "rate_limit_error")


def first_failure(two):
    """Returns the name of the limit that ended the first attempt of the only request: all other limits are minutes
    away."""
    [line] = two.lines(1)
    return line["attempts"][0]["failure"]


def is_one_stream(heard, library, first, then):
    """Nothing in it but its own fields tells that two have spoken."""
    assert heard.status == 200 and not heard.errors, heard.events[-1]
    assert heard.text == WHOLE
    if library == "openai":
        chunks = [event for event in heard.events if isinstance(event, dict)]
        deltas = [choice["delta"] for choice in heard.choices]
        assert heard.events[-1] == "[DONE]" and heard.events.count("[DONE]") == 1
        assert sum("role" in delta for delta in deltas) == 1, "a second role header"
        assert len({chunk["id"] for chunk in chunks}) == 1
        assert heard.finish_reasons == ["stop"]
        [last] = [chunk for chunk in chunks if any(choice.get("finish_reason") for choice in chunk["choices"])]
        carries = last["holdfast"] if "holdfast" in last else last["choices"][0]["holdfast"]
    else:
        for kind in ("message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop"):
            assert len(heard.of_type(kind)) == 1, kind
        assert heard.events[-1]["type"] == "message_stop"
        [last] = heard.of_type("message_delta")
        assert last["delta"]["stop_reason"] == "end_turn"
        carries = last["holdfast"] if "holdfast" in last else last["delta"]["holdfast"]
    assert "second" in json.dumps(carries["continued"])
    assert heard.fields["x-holdfast-served-by"] == f"first/{first}", "who began"

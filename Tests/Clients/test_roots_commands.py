"""Commands that root runs, while the server is another user's: what they write is for that user to read."""

import os
from contextlib import contextmanager

import pytest
from holdfast import cli, eventually
from nobody import NOBODY, AsNobody
from standin import WHOLE, plain, provider_at, refusal, served
from veto import SETTINGS, House

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")


@contextmanager
def another_users(upstream, tmp_path, init=True):
    model = upstream.plays(served("oa"))
    providers = {"only": provider_at(upstream, "oa", "only-host")}
    routes = {"talk": {"candidates": [{"provider": "only", "model": model}]}}
    with AsNobody(providers, routes, **SETTINGS) as holdfast:
        holdfast.secrets.append(providers["only"]["api_key"])
        yield holdfast, House(holdfast.config, tmp_path / "people", init=init), f"model:only/{model}"


def strangers(folder):
    """The files and folders below it that are not the server's user's."""
    return [str(each) for each in folder.rglob("*") if each.lstat().st_uid != NOBODY]


def test_a_pull_and_an_approval_take_effect(upstream, tmp_path):
    with another_users(upstream, tmp_path) as (holdfast, house, scope):
        assert plain(holdfast, "openai") == WHOLE
        done = house.pull(scope)
        assert done["ids"] == ["S1"] and done["recorded"]
        error = refusal(holdfast, "openai", plain)
        assert error.status_code == 503 and error.response.headers["x-holdfast-suspension"] == "S1"
        house.approve("S1", house.alice)
        house.approve("S1", house.bob)
        assert house.comes_back("S1")
        assert plain(holdfast, "openai") == WHOLE
        assert not strangers(holdfast.directory)


def test_what_is_written_while_the_server_is_down_counts_from_its_start(upstream, tmp_path):
    with another_users(upstream, tmp_path, init=False) as (holdfast, house, scope):
        holdfast.stop()
        house.init()
        house.pull(scope)
        key = holdfast.make_key("made-by-root")
        assert not strangers(holdfast.directory)
        holdfast.start()
        assert holdfast.get("/v1/models", key)[0] == 200
        error = refusal(holdfast, "openai", plain)
        assert error.status_code == 503 and error.response.headers["x-holdfast-suspension"] == "S1"


def test_keys_that_root_makes_and_revokes_take_effect(upstream, tmp_path):
    with another_users(upstream, tmp_path) as (holdfast, _, _):
        key = holdfast.make_counting_key("made-by-root")
        cli("keys", "revoke", "made-by-root", config=holdfast.config, check=0)
        eventually(lambda: holdfast.get("/v1/models", key)[0] == 401)
        # The others are still known: the file was read, and not only lost.
        assert holdfast.get("/v1/models", holdfast.key)[0] == 200
        assert not strangers(holdfast.directory)

"""States of routes that are so, in an outage and out of it."""

import json
import re

from conftest import scripted_providers
from holdfast import STATES, Holdfast, cli, eventually
from operating import BROKEN, board, drill, served_by
from standin import WHOLE, failing, pair, plain, refusal, served
from test_availability import GONE
from upstream import by_request, status


def component(holdfast, name):
    [found] = [each for each in board(holdfast)["components"] if each["name"] == name and not each["group"]]
    return found


def state(holdfast, route="talk"):
    """As `status` tells it, with its exit code."""
    done = cli("status", "--json", config=holdfast.config, check=STATES)
    [found] = [each for each in json.loads(done.stdout)["routes"]["routes"] if each["name"] == route]
    assert cli("status", config=holdfast.config).returncode == done.returncode
    return found["state"], done.returncode


def fail(holdfast, times, route="talk"):
    for _ in range(times):
        assert refusal(holdfast, "openai", model=route).status_code >= 500


def test_status_tells_the_worst_state_of_a_route_by_its_exit_code(upstream, spare):
    good, broken, gone = upstream.plays(served("oa")), upstream.plays(BROKEN), upstream.plays(status(404, body=GONE))
    backup = spare.plays(served("oa"))
    routes = {
        "good": {"candidates": [{"provider": "first", "model": good}]},
        "moved": {"candidates": [{"provider": "first", "model": gone}, {"provider": "second", "model": backup}]},
        "dead": {"candidates": [{"provider": "first", "model": broken}]},
    }
    providers = {"first": scripted_providers(upstream)["oa"], "second": scripted_providers(spare)["oa"]}
    with Holdfast(providers, routes) as holdfast:
        assert state(holdfast, "good") == ("serving", 0)
        assert plain(holdfast, "openai", "good") == WHOLE
        assert state(holdfast, "good") == ("serving", 0)
        assert plain(holdfast, "openai", "moved") == WHOLE
        eventually(lambda: [each["firmness"] for each in holdfast.holds] == ["lasting"])
        assert state(holdfast, "moved") == ("degraded", 1) and state(holdfast, "good") == ("serving", 1)
        fail(holdfast, 3, "dead")
        assert state(holdfast, "dead") == ("down", 2) and state(holdfast, "moved") == ("degraded", 2)


def test_three_requests_without_an_answer_are_an_outage_though_nothing_is_held(upstream, spare):
    with pair(upstream, spare, BROKEN, None) as two:
        holdfast = two.holdfast
        fail(holdfast, 2)
        assert state(holdfast) == ("serving", 0), "two may be chance"
        fail(holdfast, 1)
        assert state(holdfast) == ("down", 2) and holdfast.holds == []
        shown = cli("status", config=holdfast.config, check=2).stdout
        assert re.search(r"talk +down +none of 3 requests in 5 min", shown), shown
        assert eventually(lambda: component(holdfast, "talk")["status"] == "major_outage")
        assert "none of 3 requests" in component(holdfast, "talk")["description"]
        assert board(holdfast)["status"]["indicator"] == "critical"
        page = holdfast.get("/status")[2].decode()
        assert re.search(r"<td>talk .*none of 3 requests.*major_outage", page), page


def test_one_answer_ends_the_outage(upstream, spare):
    broken = {"is": True}
    with pair(upstream, spare, by_request(lambda request: BROKEN if broken["is"] else served("oa")), None) as two:
        fail(two.holdfast, 3)
        assert state(two.holdfast) == ("down", 2)
        broken["is"] = False
        # Its breaker is open for a moment.
        eventually(lambda: served_by(two.holdfast) == "first", every=0.3)
        eventually(lambda: component(two.holdfast, "talk")["status"] != "major_outage")
        assert state(two.holdfast)[0] != "down"


def test_a_sudden_outage_is_told_at_once_and_for_as_long_as_nothing_is_answered(upstream, spare):
    broken = {"is": False}
    with pair(upstream, spare, by_request(lambda request: BROKEN if broken["is"] else served("oa")), None) as two:
        holdfast = two.holdfast
        for _ in range(20):
            assert plain(holdfast, "openai") == WHOLE
        broken["is"] = True
        fail(holdfast, 3)

        def standing():
            done = json.loads(cli("status", "--json", config=holdfast.config, check=2).stdout)
            return done["routes"]["routes"][0]["candidates"][0]["standing"]

        assert state(holdfast) == ("down", 2)
        # After its wait the breaker would let one request through: nobody has been answered, all the same.
        eventually(lambda: standing() == "breaker half-open", every=0.3)
        assert state(holdfast) == ("down", 2)
        assert "none of the last 3 requests was answered" in cli("status", config=holdfast.config, check=2).stdout
        eventually(lambda: component(holdfast, "talk")["status"] == "major_outage")
        model = component(holdfast, f"first/{two.first}")
        assert (model["status"], model["description"]) == ("partial_outage", "broken, to be tried again")
        assert board(holdfast)["status"]["indicator"] == "critical"


def test_a_stand_in_serves_while_the_first_candidates_breaker_is_open(upstream, spare):
    with pair(upstream, spare, BROKEN, served("oa")) as two:
        assert state(two.holdfast) == ("serving", 0)
        for _ in range(4):
            assert plain(two.holdfast, "openai") == WHOLE
        assert state(two.holdfast) == ("degraded", 1)
        assert "served by a stand-in, second/" in cli("status", config=two.holdfast.config, check=1).stdout


def test_status_tells_that_the_settings_on_disk_are_broken(upstream, spare):
    with pair(upstream, spare, served("oa"), None) as two:
        config = two.holdfast.config
        assert "SETTINGS" not in cli("status", config=config, check=0).stdout
        good = config.read_text()
        config.write_text("lisen: x\n")
        shown = eventually(lambda: (text := cli("status", config=config, check=0).stdout) and "SETTINGS" in text and text)
        assert re.search(r"SETTINGS: .*the next start would fail\n +\S*holdfast.yaml:1:1: unknown key \"lisen\"", shown), shown
        config.write_text(good)
        eventually(lambda: "SETTINGS" not in cli("status", config=config, check=0).stdout)


def test_a_hold_is_lifted_by_the_name_of_what_it_holds(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        name, config = f"first/{two.first}", two.holdfast.config
        done = cli("restore", name, config=config, check=64)
        assert f"there is no hold on {name}" in done.stderr
        held = json.loads(cli("hold", name, "--reason", "wrong answers", "--json", config=config, check=0).stdout)["id"]
        # A hold by hand counts as seen by the one that placed it.
        assert held in cli("acknowledge", name, config=config, check=0).stdout
        assert re.search(r"ACKNOWLEDGED BY.*local", cli("status", config=config, check=1).stdout, re.DOTALL)
        assert held in cli("restore", name, config=config, check=0).stdout
        assert two.holdfast.holds == []


def test_what_callers_do_wrong_is_no_outage(upstream, spare):
    wrong = failing("oa", 400, "temperature is out of range", type="invalid_request_error")
    with pair(upstream, spare, wrong, None) as two:
        for _ in range(5):
            assert refusal(two.holdfast, "openai").status_code == 400
        assert state(two.holdfast) == ("serving", 0)


def test_an_idle_route_is_no_outage_and_is_said_to_be_idle(upstream, spare):
    with pair(upstream, spare, BROKEN, None) as two:
        shown = cli("status", config=two.holdfast.config, check=0).stdout
        assert re.search(r"talk +serving +no request since the start", shown), shown
        assert state(two.holdfast) == ("serving", 0)
        found = component(two.holdfast, "talk")
        assert found["status"] == "operational" and "idle" in found["description"]
        assert "idle" in two.holdfast.get("/status")[2].decode()
        # A drill's requests are nobody's.
        drill(two.holdfast, load="10rps")
        assert state(two.holdfast) == ("serving", 0)
        assert "no request since the start" in cli("status", config=two.holdfast.config, check=0).stdout

"""A drill, ordered on the command line against a running Holdfast, as the
operator, the callers and the providers see it."""

import json
import os
import signal
import subprocess
import threading

import pytest
from holdfast import BINARY, STATES, cli, eventually
from patience import PATIENCE
from standin import WHOLE, answer_of, goes_on, hear, pair, plain, raw, served, stream_of
from upstream import answer, by_request, sse

CAUSES = [
    "withdrawn", "denied", "exhausted", "throttled", "overloaded", "broken", "unreachable", "silent", "credential",
    "refused", "too_long", "caller_fault", "nested_reference", "truncated",
]  # fmt: skip
#: What a route passes on, whoever else could answer.
PASSED_ON = {"refused", "caller_fault", "nested_reference"}
PRICED = ({"price": {"input": 5, "output": 25}}, {"price": {"input": 1, "output": 5}})
QUICK = ["--for", "1s", "--warm-up", "0.5s", "--recovery", "0.5s"]


def begin(two, *options, **more):
    command = [BINARY, "drill", "pull", "talk", *options, "--json", "--config", str(two.holdfast.config)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def pull(two, *options):
    process = begin(two, *options)
    out, err = process.communicate(timeout=2 * PATIENCE)
    assert out, err
    return process.returncode, json.loads(out)


def drills(two):
    return json.loads(two.holdfast.admin("/admin/drills"))


def served_by(two):
    return raw(two.holdfast, "openai").headers["x-holdfast-served-by"].split("/")[0]


@pytest.mark.parametrize("cause", CAUSES)
def test_every_row_of_the_table(upstream, spare, cause):
    with pair(upstream, spare, served("oa"), served("an"), ("oa", "an"), PRICED, timeouts={"first_byte": "300ms"}) as two:
        code, report = pull(two, "--as", cause, "--load", "20rps", *QUICK)
        assert report["requests"]["met_the_pull"] > 0 and report["end"] == "done"
        assert "detection_ms" in report
        requests = report["requests"]
        assert requests["warm_up"]["whole"] == requests["warm_up"]["total"] > 0
        assert requests["recovery"]["whole"] == requests["recovery"]["total"] > 0
        if cause in PASSED_ON:
            assert code == 1 and report["verdict"] == "failed" and requests["pulled"]["whole"] == 0
        else:
            assert code == 0 and report["verdict"] == "passed", report
            assert requests["pulled"]["whole"] == requests["pulled"]["total"] > 0
            [stood_in] = report["stood_in"]
            assert stood_in["what"] == f"second/{two.second}"
            assert report["cost"]["per_request_pulled"] < report["cost"]["per_request_before"]
            assert "recovery_ms" in report, "it was not given back, or doesn't serve again"
        # Nothing of it stays.
        assert two.holdfast.holds == [] and served_by(two) == "first"
        routes = json.loads(two.holdfast.admin("/admin/routes"))
        assert all(each["state"] == "closed" for each in routes["breakers"])
        two.holdfast.restart()
        assert two.holdfast.holds == [] and served_by(two) == "first"


@pytest.mark.parametrize("cause", ["withdrawn", "broken", "overloaded", "truncated", "silent", "unreachable"])
@pytest.mark.parametrize("cut", [[], ["--cut"]], ids=["said", "cut"])
def test_in_the_middle_of_streams(upstream, spare, cause, cut):
    with pair(upstream, spare, served("oa"), goes_on("an"), ("oa", "an"), PRICED) as two:
        code, report = pull(two, "--as", cause, "--at-token", "20", "--load", "20rps", *cut, *QUICK)
        flight = report["streams_in_flight"]
        assert flight["continued"] > 0 and flight["lost"] == 0 and code == 0, report
        assert report["switch"]["count"] >= flight["continued"] and report["switch"]["p50_ms"] > 0


def test_live_callers_notice_nothing(upstream, spare):
    """A caller's own stream, cut by the drill while it runs."""
    slow = by_request(
        lambda request: sse(stream_of("oa"), delay=0.03) if request.json.get("stream") else answer(answer_of("oa"))
    )
    with pair(upstream, spare, slow, goes_on("oa")) as two:
        process = begin(two, "--as", "unreachable", "--cut", "--for", "2s", "--warm-up", "1s", "--recovery", "0.5s")
        eventually(lambda: drills(two)["running"])
        heard = []
        thread = threading.Thread(target=lambda: heard.append(hear(two.holdfast, "openai")))
        thread.start()
        thread.join(PATIENCE)
        out, _ = process.communicate(timeout=PATIENCE)
        report = json.loads(out)
        assert heard[0].text == WHOLE and not heard[0].errors
        assert report["streams_in_flight"] == {"continued": 1, "restarted": 0, "lost": 0}
        assert process.returncode == 0 and report["load_rps"] is None if "load_rps" in report else True
        [line] = two.holdfast.requests_logged()
        assert line["drill"] == report["id"]


def test_another_route_is_not_touched(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        process = begin(two, "--as", "withdrawn", "--load", "20rps", "--for", "3s", "--warm-up", "0s")
        eventually(lambda: served_by(two) == "second")
        direct = raw(two.holdfast, "openai", model=f"first/{two.first}")
        assert direct.headers["x-holdfast-served-by"].startswith("first/")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_it_back_at_once(upstream, spare, number):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        # By itself it would end long after the test.
        process = begin(two, "--as", "withdrawn", "--for", "600s", "--warm-up", "0s", "--load", "10rps")
        eventually(lambda: served_by(two) == "second")
        assert two.holdfast.metric("holdfast_drill_active", route="talk") == 1
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
        assert "given back" in err and json.loads(out)["end"] == "stopped"
        assert served_by(two) == "first"
        assert two.holdfast.metric("holdfast_drill_active", route="talk") == 0


def test_who_is_killed_gives_it_back_by_its_lease(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        process = begin(two, "--as", "withdrawn", "--for", "300s", "--warm-up", "0s")
        eventually(lambda: served_by(two) == "second")
        process.kill()
        process.communicate()
        eventually(lambda: served_by(two) == "first", every=0.2)
        [past] = eventually(lambda: drills(two)["past"])
        assert past["end"] == "lapsed"


def test_a_holdfast_that_is_killed_forgets_the_drill(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        process = begin(two, "--as", "withdrawn", "--for", "300s", "--warm-up", "0s")
        eventually(lambda: served_by(two) == "second")
        two.holdfast.process.kill()
        two.holdfast.process.wait()
        two.holdfast.start()
        assert served_by(two) == "first" and two.holdfast.holds == []
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode != 0 and err


def test_reports_are_kept(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        _, report = pull(two, "--as", "broken", "--load", "20rps", *QUICK)
        two.holdfast.restart()
        listed = cli("drill", "list", config=two.holdfast.config, check=0).stdout
        assert report["id"] in listed and "passed" in listed and "broken" in listed
        shown = cli("drill", "show", report["id"], config=two.holdfast.config, check=0).stdout
        assert "Verdict: PASSED" in shown and "answered whole" in shown
        assert json.loads(cli("drill", "show", report["id"], "--json", config=two.holdfast.config).stdout) == report


WRONG = {
    "no such route": (["nowhere"], "no route"),
    "no such candidate": (["talk", "--model", "first/nobody"], "no candidate"),
    "no such cause": (["talk", "--as", "angry"], "--as is one of"),
    "token 0": (["talk", "--at-token", "0"], "at-token"),
    "no rate": (["talk", "--load", "many"], "load"),
    "for ever": (["talk", "--for", "9h"], "seconds"),
}


@pytest.mark.parametrize("arguments, words", WRONG.values(), ids=WRONG)
def test_what_cannot_be_rehearsed_is_said(upstream, spare, arguments, words):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        done = cli("drill", "pull", *arguments, config=two.holdfast.config)
        assert done.returncode == 64 and words in done.stderr, done.stderr
        assert drills(two) == {"running": [], "past": []}


def test_one_drill_at_a_time_on_a_route(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        first = begin(two, "--for", "60s", "--warm-up", "0s")
        eventually(lambda: drills(two)["running"])
        done = cli("drill", "pull", "talk", config=two.holdfast.config)
        assert done.returncode == 64 and "already" in done.stderr
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=PATIENCE)


def test_an_applications_key_orders_no_drill(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        import urllib.error
        import urllib.request

        request = urllib.request.Request(f"http://127.0.0.1:{two.holdfast.admin_port}/admin/drills", b"{}", method="POST")
        request.add_header("authorization", f"Bearer {two.holdfast.key}")
        with pytest.raises(urllib.error.HTTPError) as told:
            urllib.request.urlopen(request, timeout=PATIENCE)
        assert told.value.code in (401, 403)


def test_after_drill_the_first_serves_again_once_one_has_passed(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa"), substitution={"return": "after-drill"}) as two:
        assert served_by(two) == "first"
        cli("hold", f"first/{two.first}", "--reason", "wrong answers", config=two.holdfast.config, check=0)
        assert served_by(two) == "second"
        [hold] = two.holdfast.holds
        cli("restore", hold["id"], config=two.holdfast.config, check=0)
        assert served_by(two) == "second", "restored, and no drill has passed since"
        two.holdfast.restart()
        assert served_by(two) == "second"
        assert "after-drill" in cli("status", config=two.holdfast.config, check=STATES).stdout
        # The stand-in is rehearsed: the one that is back takes over meanwhile.
        code, report = pull(two, "--model", f"second/{two.second}", "--as", "withdrawn", "--load", "20rps", *QUICK)
        assert code == 0, report
        assert served_by(two) == "first"


def test_status_and_holds_by_hand(upstream, spare):
    with pair(upstream, spare, served("oa"), served("oa")) as two:
        config = two.holdfast.config
        said = cli("hold", f"first/{two.first}", "--reason", "wrong answers", config=config, check=0).stdout
        assert plain(two.holdfast, "openai") == WHOLE and not two.first_calls
        [hold] = two.holdfast.holds
        assert hold["id"] in said
        shown = cli("status", config=config, check=STATES).stdout
        assert hold["id"] in shown and "wrong answers" in shown and f"first/{two.first}" in shown
        cli("acknowledge", hold["id"], config=config, check=0)
        assert two.holdfast.holds[0]["acknowledged_by"]
        assert json.loads(cli("status", "--json", config=config, check=STATES).stdout)["holds"]["holds"]
        cli("restore", hold["id"], config=config, check=0)
        assert two.holdfast.holds == [] and served_by(two) == "first"
        for wrong in ["nonsense", "../../x", ""]:
            assert cli("restore", wrong, config=config).returncode == 64
        assert cli("hold", "first", "--reason", "x", config=config).returncode == 64
        assert cli("hold", "nobody/x", "--reason", "x", config=config).returncode == 64


def test_classify(tmp_path):
    good = tmp_path / "good.jsonl"
    lines = [
        {"id": "a", "dialect": "openai", "position": "head", "status": 401, "headers": {}, "body": {}, "cause": "credential"},
        {"id": "b", "dialect": "any", "position": "connect", "status": 0, "headers": {}, "body": "", "transport": "silent"},
    ]
    good.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert "credential" in cli("classify", str(good), check=0).stdout
    told = [json.loads(line) for line in cli("classify", str(good), "--json", check=0).stdout.splitlines()]
    assert [each["cause"] for each in told] == ["credential", "silent"]
    good.write_text(json.dumps({**lines[0], "cause": "throttled"}))
    assert "should be throttled" in cli("classify", str(good), check=1).stdout
    good.write_text("{nonsense")
    assert "good.jsonl:1" in cli("classify", str(good), check=65).stderr
    assert cli("classify", str(tmp_path / "none")).returncode == 66
    assert os.path.exists(good)

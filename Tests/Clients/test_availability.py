"""Tests of the availability that contracts state and that applications experience: reports, claims, the status page,
alerts and exposure, through the commands that people type."""

import base64
import hashlib
import http.server
import json
import re
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest
from conftest import scripted_providers
from entries import checked_entries
from holdfast import ANSWER, BINARY, PROMPT, Holdfast, cli, eventually
from shapes import openai_answer, openai_stream
from standardwebhooks.webhooks import Webhook
from upstream import answer, sse, status

GONE = {"error": {"message": "The model has been deprecated and is no longer available", "code": "model_not_found"}}
NAME = "ledger.example.com/availability"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def month():
    return time.strftime("%Y-%m", time.gmtime())


def report(holdfast, *options):
    return json.loads(cli("sla", "report", "--month", month(), "--json", *options, config=holdfast.config, check=0).stdout)


def ask(holdfast, model="talk", stream=False):
    try:
        reply = holdfast.openai().chat.completions.create(
            model=model, messages=[{"role": "user", "content": PROMPT}], stream=stream
        )
        return [chunk for chunk in reply] if stream else reply
    except Exception as error:
        return error


def route_of(report, name):
    [found] = [route for route in report["routes"] if route["route"] == name] or [None]
    return found


def service_of(report, name):
    [found] = [service for service in report["services"] if service["service"] == name] or [None]
    return found


def two(upstream, spare):
    return {
        "first": {**scripted_providers(upstream)["oa"], "host": "one", "lab": "lab-a", "region": "eu-1", "key_custodian": "us"},
        "second": {**scripted_providers(spare)["oa"], "host": "two", "lab": "lab-a", "region": "eu-1", "key_custodian": "us"},
    }


def route(*candidates, **more):
    return {"candidates": [dict(zip(("provider", "model"), each.split("/"))) for each in candidates], **more}


def test_every_end_of_a_request_counts_as_what_it_is(upstream, spare):
    """Whole, by a stand-in, refused, cut, failed, turned away, wrong: each in
    its own place, in the counts and in the ledger alike."""
    upstream.plays(answer(openai_answer(ANSWER)), model="av-good")
    upstream.plays(status(404, body=GONE), model="av-gone")
    spare.plays(answer(openai_answer(ANSWER)), model="av-spare")
    refusal = openai_answer("I can't.", finish="content_filter")
    upstream.plays(answer(refusal), model="av-refuses")
    upstream.plays(sse(openai_stream("I can't.", finish="content_filter")), model="av-refuses-stream")
    whole = openai_stream(ANSWER)
    upstream.plays(sse(whole[:4]), model="av-cut")
    upstream.plays(status(500, body={"error": {"message": "boom"}}), model="av-broken")
    upstream.plays(status(400, body={"error": {"message": "temperature is out of range", "type": "invalid_request_error"}}), model="av-wrong")
    routes = {
        "good": route("first/av-good"),
        "stand": route("first/av-gone", "second/av-spare"),
        "refuses": route("first/av-refuses"),
        "streams": route("first/av-refuses-stream"),
        # With somebody who could go on, streams are read in another way.
        "guarded": route("first/av-refuses-stream", "second/av-spare"),
        "cut": route("first/av-cut"),
        "broken": route("first/av-broken"),
        "wrong": route("first/av-wrong"),
    }
    with Holdfast(two(upstream, spare), routes, ledger={"name": NAME}) as holdfast:
        for name in ["good", "good", "good", "stand", "stand", "refuses", "broken", "wrong"]:
            ask(holdfast, name)
        for name in ["cut", "streams", "guarded"]:
            ask(holdfast, name, stream=True)
        limited = holdfast.make_key("limited", "--rpm", "1")
        holdfast.signal()
        eventually(lambda: holdfast.openai(limited).models.list())
        for _ in range(3):
            holdfast.get("/v1/models", key=limited)
            try:
                holdfast.openai(limited).chat.completions.create(model="good", messages=[{"role": "user", "content": PROMPT}])
            except Exception:
                pass
        eventually(lambda: (route_of(report(holdfast), "good") or {}).get("requests") == 4, every=0.5)
        eventually(lambda: sum(r["requests"] for r in report(holdfast, "--verified")["routes"]) >= 11, every=0.5)
        for options in [(), ("--verified",)]:
            found = report(holdfast, *options)
            assert found["source"]["kind"] == ("ledger" if options else "counts")
            good = route_of(found, "good")
            assert good["whole"] == good["requests"] == 4 and good["continuity_percent"] == 100
            stand = route_of(found, "stand")
            assert stand["whole"] == stand["by_stand_in"] == 2 and stand["minutes_by_stand_in"] in (1, 2)
            assert stand["served_by"] == {"second/av-spare": 2}
            refuses = route_of(found, "refuses")
            assert refuses["requests"] == 1 and refuses["whole"] == 0 and refuses["lost"] == {"refused": 1}
            for name in ["streams", "guarded"]:
                assert route_of(found, name)["lost"] == {"refused": 1}, name
            cut = route_of(found, "cut")
            assert cut["requests"] == 1 and cut["whole"] == 0 and sum(cut["lost"].values()) == 1
            broken = route_of(found, "broken")
            assert broken["lost"] == {"broken": 1} and broken["continuity_percent"] == 0
            wrong = route_of(found, "wrong")
            assert wrong["requests"] == 0 and wrong["own_faults"] == 1
            turned = route_of(found, "")
            assert turned["lost"] == {"turned_away": 2}
            # The provider's own words: the refusal said 200.
            assert service_of(found, "first/av-refuses")["statuses"] == {"200": 1}
            assert service_of(found, "first/av-gone")["causes"] == {"withdrawn": 1}
        text = cli("sla", "report", "--month", month(), config=holdfast.config, check=0).stdout
        print(text)
        assert "CONTINUITY" in text and "first/av-gone" in text
        page = holdfast.directory / "report.html"
        cli("sla", "report", "--month", month(), "--html", str(page), config=holdfast.config, check=0)
        html = page.read_text()
        assert html.count("<svg") >= 6 and "http" not in re.sub(r"https?://www\.w3\.org", "", html)


def test_counts_survive_a_restart_and_add_up(upstream, spare):
    upstream.plays(answer(openai_answer(ANSWER)), model="av-restart")
    with Holdfast(two(upstream, spare), {"talk": route("first/av-restart")}) as holdfast:
        for _ in range(3):
            ask(holdfast)
            ask(holdfast)
            holdfast.restart()
        assert route_of(report(holdfast), "talk")["requests"] == 6
        assert service_of(report(holdfast, "--provider", "first"), "first/av-restart")["attempts"] == 6
        assert report(holdfast, "--provider", "second")["services"] == []
        today = time.strftime("%Y-%m-%d", time.gmtime())
        day = json.loads(cli("sla", "report", "--day", today, "--json", config=holdfast.config, check=0).stdout)
        assert day["minutes"] == 1440 and route_of(day, "talk")["requests"] == 6


@pytest.mark.parametrize(
    "options, code",
    [
        (["--month", "2026-13"], 64), (["--month", "June"], 64), ([], 64), (["--month", "2026-06", "--day", "2026-06-01"], 64),
        (["--day", "2026-02-30"], 64), (["--month", "2026-06", "--provider", "nobody"], 64),
        (["--month", "2026-06", "--html", "/nowhere/at/all.html"], 73), (["--month", "0000-01"], 64), (["--month", "9999-12"], 64),
    ],
)
def test_wrong_questions_are_told(upstream, spare, options, code):
    with Holdfast(two(upstream, spare), {"talk": route("first/av-any")}) as holdfast:
        done = cli("sla", "report", *options, config=holdfast.config)
        assert done.returncode == code, done
        assert done.stderr.strip()


CONTRACT = """
name: ours
title: What we signed
formula: attempts-ratio
failing: ["500-599"]
credits: [{below: 99.9, credit: 10}, {below: 99, credit: 25}]
notice: {months_after: 2}
claim: [dates and times, request logs]
submit: their portal
text: {file: signed.txt, sha256: "%s"}
"""


def test_a_claim_is_complete_and_can_be_checked(upstream, spare, tmp_path):
    """The bundle, the deadline, and proofs that the auditor's own program
    accepts with the server off."""
    upstream.plays(status(500, body={"error": {"message": "boom"}}), model="av-owes")
    spare.plays(answer(openai_answer(ANSWER)), model="av-helps")
    providers = two(upstream, spare)
    providers["first"]["contract"] = "ours.yaml"
    with Holdfast(two(upstream, spare), {"talk": route("first/av-owes", "second/av-helps")}, ledger={"name": NAME}) as holdfast:
        signed = holdfast.directory / "signed.txt"
        signed.write_text("We promise.\n")
        (holdfast.directory / "ours.yaml").write_text(CONTRACT % hashlib.sha256(signed.read_bytes()).hexdigest())
        out = tmp_path / "claim"
        done = cli("sla", "claim", "--month", month(), "--provider", "first", "-o", str(out), config=holdfast.config)
        assert done.returncode == 78 and "contract" in done.stderr
        holdfast.write_config(providers=providers)
        holdfast.log_has("configuration reloaded")
        for _ in range(6):
            ask(holdfast)
        eventually(lambda: (service_of(report(holdfast, "--verified"), "first/av-owes") or {}).get("attempts", 0) >= 1, every=0.5)
        key = cli("ledger", "key", config=holdfast.config, check=0).stdout.strip()
        said = cli("sla", "claim", "--month", month(), "--provider", "first", "-o", str(out), config=holdfast.config, check=0).stdout
        print(said)
        assert "credit 25 %" in said and "window closes on" in said
        again = cli("sla", "claim", "--month", month(), "--provider", "first", "-o", str(out), config=holdfast.config)
        assert again.returncode == 73
        signed.write_text("We promise less.\n")
        changed = cli("sla", "claim", "--month", month(), "--provider", "first", "-o", str(tmp_path / "x"), config=holdfast.config)
        assert changed.returncode == 65 and "not the text" in changed.stderr
    letter = (out / "claim.md").read_text()
    print(letter)
    assert "eu-1" in letter and "- [ ] request logs" in letter and "their portal" in letter
    lines = [json.loads(line) for line in (out / "requests.jsonl").read_text().splitlines()]
    assert lines and all(line["status"] == 500 and line["model"] == "av-owes" for line in lines)
    assert all("key" not in line and "route" not in line for line in lines)
    proofs = sorted((out / "proofs").iterdir())
    assert len(proofs) == len({line["ledger_index"] for line in lines})
    for proof in proofs:
        checked = subprocess.run([BINARY.with_name("holdfast-verify"), proof, "--log", key], capture_output=True, text=True)
        assert checked.returncode == 0 and '"status":500' in checked.stdout, checked
    assert (out / "incidents.csv").read_text().count("\n") >= 2
    for text in [letter, *(path.read_text(errors="replace") for path in out.rglob("*") if path.is_file())]:
        assert PROMPT not in text and ANSWER not in text


@pytest.mark.parametrize(
    "alerts, words",
    [
        ({"webhooks": {"pager": {"url": "https://x.example/"}}}, "needs secret"),
        ({"webhooks": {"pager": {"url": "https://x.example/", "secret": "short"}}}, "too short"),
        ({"webhooks": {"pager": {"url": "https://x.example/", "secret": "whsec_" + "no base64!" * 4}}}, "base64"),
        ({"webhooks": {"pager": {"url": "ftp://x.example/", "secret": SECRET}}}, "https://"),
        ({"webhooks": {"pager": {"url": "https://x.example/", "secret": SECRET, "on": ["fire"]}}}, "burn, hold, drill, custody, veto, standards"),
        ({"webhooks": {"a b": {"url": "https://x.example/", "secret": SECRET}}}, "can't name"),
        ({"every": "0s"}, "more than nothing"), ({"hooks": {}}, "unknown key"),
    ],
)
def test_broken_alerts_are_told_without_their_secrets(upstream, tmp_path, alerts, words):
    file = tmp_path / "holdfast.yaml"
    file.write_text(json.dumps({"providers": scripted_providers(upstream), "alerts": alerts}))
    done = cli("check", str(file))
    assert done.returncode == 78 and words in done.stderr, done
    assert SECRET not in done.stderr and "no base64!" not in done.stderr


def test_contracts_are_data(upstream, spare, tmp_path):
    with Holdfast(two(upstream, spare), {"talk": route("first/av-any")}) as holdfast:
        listed = cli("sla", "contracts", config=holdfast.config, check=0).stdout
        print(listed)
        for name in ["amazon-bedrock", "google-gemini", "azure-openai"]:
            template = cli("sla", "contracts", name, config=holdfast.config, check=0).stdout
            assert "source:" in template and name in listed
            mine = tmp_path / f"{name}.yaml"
            mine.write_text(template)
            assert "formula" in cli("sla", "contracts", str(mine), config=holdfast.config, check=0).stdout
        for broken, word in [
            ("name: x\n", "formula"), ("name: x\nformula: guess\nfailing: []\ncredits: []\n", "formula"),
            ("name: x\nformula: attempts-ratio\nfailing: [\"5xx\"]\ncredits: []\n", "5xx"),
            ("name: x\nformula: attempts-ratio\ninterval: 5m\nfailing: [\"500\"]\ncredits: []\n", "interval"),
            ("name: x\nformula: interval-mean\ninterval: 90s\nfailing: [\"500\"]\ncredits: []\n", "minutes"),
            ("name: x\nformula: attempts-ratio\nfailing: [\"500\"]\ncredits: [{below: 200, credit: 1}]\n", "percent"),
            ("", "empty"), ("[1, 2]\n", "mapping"),
        ]:
            file = tmp_path / "broken.yaml"
            file.write_text(broken)
            done = cli("sla", "contracts", str(file), config=holdfast.config)
            assert done.returncode == 78 and word in done.stderr, (broken, done)
        providers = two(upstream, spare)
        providers["first"]["contract"] = "amazon-bedrok"
        holdfast.write_config(providers=providers)
        done = cli("check", str(holdfast.config))
        assert done.returncode == 78 and 'did you mean "amazon-bedrock"' in done.stderr, done


def test_the_status_page_says_what_serves(upstream, spare):
    upstream.plays(status(404, body=GONE), model="av-status")
    spare.plays(answer(openai_answer(ANSWER)), model="av-status-spare")
    routes = {"talk": route("first/av-status", "second/av-status-spare")}
    with Holdfast(two(upstream, spare), routes, status_page={"title": "Models & <us>"}) as holdfast:
        code, fields, body = holdfast.get("/status.json")
        assert code == 200 and fields["content-type"] == "application/json"
        board = json.loads(body)
        assert board["page"]["name"] == "Models & <us>" and board["status"] == {
            "indicator": "none", "description": "All systems operational",
        }
        ask(holdfast)

        def changed():
            board = json.loads(holdfast.get("/status.json")[2])
            return board if board["status"]["indicator"] == "minor" else None

        board = eventually(changed)
        components = {each["name"]: each for each in board["components"] if not each["group"]}
        assert components["first/av-status"]["status"] == "major_outage"
        assert components["second/av-status-spare"]["status"] == "operational"
        assert components["talk"]["status"] == "degraded_performance" and "second/" in components["talk"]["description"]
        assert components["one"]["status"] == "major_outage" and components["two"]["status"] == "operational"
        [incident] = board["incidents"]
        assert "first/av-status" in incident["name"] and "deprecated" not in incident["name"]
        code, fields, page = holdfast.get("/status")
        assert code == 200 and "default-src 'none'" in fields["content-security-policy"]
        assert b"Models &amp; &lt;us&gt;" in page and b"av-status-spare" in page and b"<script" not in page
        holdfast.write_config(status_page="off")
        holdfast.log_has("configuration reloaded")
        assert holdfast.get("/status")[0] == 401 and holdfast.get("/status.json", key=holdfast.key)[0] == 404


# Alerts


@contextmanager
def receiver(answers):
    """A webhook that answers with these codes in turn, then 204."""
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            code = answers.pop(0) if answers else 204
            got.append((dict(self.headers), body, code))
            self.send_response(code)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], got
    finally:
        server.shutdown()
        server.server_close()


def lower(headers):
    return {name.lower(): value for name, value in headers.items()}


def test_alerts_are_signed_and_sent_until_taken(upstream, spare):
    """Standard Webhooks' own library checks the signatures; a receiver that
    is down hears of it after a restart."""
    upstream.plays(status(404, body=GONE), model="av-alert")
    upstream.plays(status(500, body={"error": {"message": "boom"}}), model="av-burns")
    spare.plays(answer(openai_answer(ANSWER)), model="av-alert-spare")
    routes = {"talk": route("first/av-alert", "second/av-alert-spare"), "burns": route("first/av-burns")}
    with receiver([500]) as (port, got):
        hooks = {
            "pager": {"url": f"http://127.0.0.1:{port}/t0ken-in-the-path", "secret": SECRET},
            "quiet": {"url": f"http://127.0.0.1:{port}/quiet", "secret": SECRET, "on": ["drill"]},
        }
        with Holdfast(two(upstream, spare), routes, alerts={"every": "1s", "webhooks": hooks}) as holdfast:
            holdfast.secrets += ["t0ken-in-the-path", SECRET]
            ask(holdfast)
            eventually(lambda: len(got) >= 1)
            for _ in range(12):
                ask(holdfast, "burns")
            # The one that wasn't taken comes again, also from a new process.
            holdfast.restart()

            def types():
                return [json.loads(body)["type"] for _, body, code in got if code == 204]

            eventually(lambda: "hold.placed" in types() and "burn.firing" in types(), every=0.2)
        first, again = [lower(headers)["webhook-id"] for headers, body, _ in got if b"hold.placed" in body][:2]
        assert first == again
        for headers, body, _ in got:
            said = Webhook(SECRET).verify(body, lower(headers))
            assert said["timestamp"].endswith("Z")
            with pytest.raises(Exception):
                Webhook(SECRET).verify(body.replace(b"first", b"fjrst").replace(b"burns", b"bvrns"), lower(headers))
        burns = [json.loads(body)["data"] for _, body, _ in got if b"burn.firing" in body]
        assert {each["long_minutes"] for each in burns} <= {60, 360, 4320} and burns[0]["route"] == "burns"


def test_a_drill_that_fails_is_told(upstream, spare):
    upstream.plays(answer(openai_answer(ANSWER)), model="av-drilled")
    with receiver([]) as (port, got):
        hooks = {"pager": {"url": f"http://127.0.0.1:{port}/", "secret": "no base64, and long enough", "on": ["drill"]}}
        with Holdfast(two(upstream, spare), {"talk": route("first/av-drilled")}, alerts={"webhooks": hooks}) as holdfast:
            options = ["--as", "broken", "--for", "1s", "--warm-up", "0.5s", "--recovery", "0.5s", "--load", "10rps"]
            assert cli("drill", "pull", "talk", *options, config=holdfast.config).returncode == 1
            eventually(lambda: got)
            [(headers, body, _)] = got
            said = json.loads(body)
            assert said["type"] == "drill.failed" and said["data"]["route"] == "talk" and said["data"]["verdict"] == "failed"
            # Any other text is a key as it stands.
            base64_key = base64.b64encode(b"no base64, and long enough").decode()
            Webhook(f"whsec_{base64_key}").verify(body, lower(headers))


def test_exposure_names_single_points(upstream, spare):
    upstream.plays(answer(openai_answer(ANSWER)), model="av-exposed")
    spare.plays(answer(openai_answer(ANSWER)), model="av-exposed-too")
    routes = {
        "assistant": route("first/av-exposed", "second/av-exposed-too"),
        "support": route("second/av-exposed-too"),
    }
    with Holdfast(two(upstream, spare), routes) as holdfast:
        for _ in range(3):
            ask(holdfast, "assistant")
        ask(holdfast, "support")

        def exposed():
            return json.loads(cli("exposure", "--json", config=holdfast.config, check=0).stdout)

        eventually(lambda: exposed()["concentration"][0]["requests"] == 4, every=0.5)
        found = exposed()
        by = {each["by"]: each for each in found["concentration"]}
        assert by["host"]["hhi"] == 0.625 and by["host"]["effective_number"] == 1.6
        assert by["lab"]["effective_number"] == 1
        points = {(each["by"], each["name"]): each["routes"] for each in found["single_points"]}
        assert points[("lab", "lab-a")] == ["assistant", "support"] and points[("host", "two")] == ["support"]
        # Who is skipped for want of a key, and who may not stand in, serve nobody.
        skipped = {**two(upstream, spare), "third": {**scripted_providers(spare)["oa"], "api_key": "${NOT_SET_ANYWHERE}", "lab": "lab-b"}}
        routes["assistant"]["candidates"].append({"provider": "third", "model": "m"})
        routes["alone"] = route("first/av-exposed", "second/av-exposed-too", substitution={"by": "none"})
        holdfast.write_config(providers=skipped, routes=routes)
        points = {(each["by"], each["name"]): each["routes"] for each in exposed()["single_points"]}
        assert points[("lab", "lab-a")] == ["assistant", "support", "alone"] and points[("host", "one")] == ["alone"]
        text = cli("exposure", config=holdfast.config, check=0).stdout
        print(text)
        assert "assistant, support and alone end on one lab: lab-a" in text and "never" in text


def test_a_pulled_model_end_to_end(upstream, spare, tmp_path):
    """The shutdown, rehearsed under an application's load: the day's report
    shows continuity near 100 % and the provider's contract beside it, and
    with the server off an auditor checks it all on a copy of the files."""
    upstream.plays(answer(openai_answer(ANSWER)), model="av-pulled")
    spare.plays(answer(openai_answer(ANSWER)), model="av-takes-over")
    providers = two(upstream, spare)
    providers["first"]["contract"] = "amazon-bedrock"
    providers["second"]["contract"] = "azure-openai"
    routes = {"talk": route("first/av-pulled", "second/av-takes-over")}
    today = time.strftime("%Y-%m-%d", time.gmtime())
    with Holdfast(providers, routes, ledger={"name": NAME}) as holdfast:
        for _ in range(30):
            ask(holdfast)
        command = [BINARY, "drill", "pull", "talk", "--as", "withdrawn", "--for", "3s", "--json", "--config", holdfast.config]
        drill = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        eventually(lambda: json.loads(holdfast.admin("/admin/drills"))["running"])
        outcomes = []
        while drill.poll() is None:
            outcomes.append(ask(holdfast))
        assert not [each for each in outcomes if isinstance(each, Exception)]
        verdict = json.loads(drill.communicate()[0].splitlines()[-1])
        asked = 30 + len(outcomes)

        def settled():
            found = json.loads(cli("sla", "report", "--verified", "--day", today, "--json", config=holdfast.config, check=0).stdout)
            return found if (route_of(found, "talk") or {}).get("requests") == asked else None

        found = eventually(settled, every=0.5)
        felt = route_of(found, "talk")
        assert felt["continuity_percent"] == 100 and felt["by_stand_in"] > 0 and felt["minutes_by_stand_in"] >= 1
        # What the drill injected is no provider's answer.
        first = service_of(found, "first/av-pulled")
        assert first["statuses"] == {"200": first["attempts"]} and first["attempts"] >= 30
        assert [each["contract"] for each in first["contracts"]] == ["amazon-bedrock"]
        assert first["contracts"][0]["uptime_percent"] == 100
        eventually(lambda: route_of(report(holdfast), "talk")["requests"] == asked, every=0.5)
        counted = json.loads(cli("sla", "report", "--day", today, "--json", config=holdfast.config, check=0).stdout)
        assert counted["routes"] == found["routes"] and counted["services"] == found["services"]
        key = cli("ledger", "key", config=holdfast.config, check=0).stdout.strip()
        entries = [
            json.loads(line)
            for line in cli("ledger", "show", "--json", config=holdfast.config, check=0).stdout.splitlines()
        ]
        began = next(each for each in entries if each["kind"] == "drill.began")
        ended = next(each for each in entries if each["kind"] == "drill.ended")
        assert ended["drill"] == verdict["id"] and ended["verdict"] == verdict["verdict"]
        met = next(each for each in entries if each["kind"] == "request.settled" and each.get("drill") and each.get("stand_in"))
        for entry in [began, met, ended]:
            cli("ledger", "prove", str(entry["index"]), "-o", str(tmp_path / f"{entry['index']}.tlog-proof"), config=holdfast.config, check=0)
        text = cli("sla", "report", "--day", today, config=holdfast.config, check=0).stdout
        print(text)
        assert "100.0000 %" in text and "amazon-bedrock" in text
        holdfast.stop()
        copy = tmp_path / "copy"
        shutil.copytree(holdfast.directory / ".holdfast/data/ledger/log", copy)
    assert len(checked_entries(copy)) >= len(entries)
    verify = BINARY.with_name("holdfast-verify")
    checked = subprocess.run([verify, copy, "--log", key], capture_output=True, text=True)
    assert checked.returncode == 0 and "up to the signed root" in checked.stdout, checked
    for entry in [began, met, ended]:
        proof = tmp_path / f"{entry['index']}.tlog-proof"
        checked = subprocess.run([verify, proof, "--log", key], capture_output=True, text=True)
        assert checked.returncode == 0 and f'"kind":"{entry["kind"]}"' in checked.stdout, checked

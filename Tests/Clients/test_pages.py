"""The pages that people look at, in a real browser."""

import json

from browser import browser  # noqa: F401
from holdfast import ANSWER, Holdfast, cli, eventually
from shapes import openai_answer
from test_availability import GONE, ask, month, report, route, route_of, two
from upstream import answer, status

GOOD, STAND, BAD = (0x2F, 0x7D, 0x5B), (0xC9, 0x8A, 0x1B), (0xB3, 0x36, 0x3B)


def test_status_and_report_as_people_see_them(browser, upstream, spare):  # noqa: F811
    upstream.plays(answer(openai_answer(ANSWER)), model="page-good")
    upstream.plays(status(404, body=GONE), model="page-gone")
    upstream.plays(status(500, body={"error": {"message": "boom"}}), model="page-broken")
    spare.plays(answer(openai_answer(ANSWER)), model="page-spare")
    routes = {
        "well": route("first/page-good"), "saved": route("first/page-gone", "second/page-spare"),
        "lost": route("first/page-broken"),
    }  # fmt: skip
    with Holdfast(two(upstream, spare), routes, status_page={"title": "<i>Our</i> models"}) as holdfast:
        before = browser.picture(f"{holdfast.url}/status")
        assert before.get(BAD, 0) == 0 and before.get(GOOD, 0) > 100, "all is well, and looks so"
        for name in ["well", "saved", "saved", "lost"]:
            ask(holdfast, name)
        eventually(lambda: json.loads(holdfast.get("/status.json")[2])["incidents"])
        dom = browser.dom(f"{holdfast.url}/status")
        assert "&lt;i&gt;Our&lt;/i&gt; models" in dom and "served by a stand-in" in dom
        after = browser.picture(f"{holdfast.url}/status")
        assert after.get(BAD, 0) > 50 and after.get(STAND, 0) > 50
        eventually(lambda: len(report(holdfast)["routes"]) == 3, every=0.5)
        page = holdfast.directory / "report.html"
        cli("sla", "report", "--month", month(), "--html", str(page), config=holdfast.config, check=0)
        dom = browser.dom(page.as_uri())
        assert "100.0000 %" in dom and "first/page-gone" in dom and dom.count("<rect") > 90
        seen = browser.picture(page.as_uri(), height=2200)
        for colour in [GOOD, STAND, BAD]:
            assert seen.get(colour, 0) > 300, (colour, {each: count for each, count in seen.items() if count > 300})
        assert route_of(report(holdfast), "lost")["continuity_percent"] == 0

"""A Holdfast as its operator sees it: its folder, its ledger, its candidates."""

import json

from holdfast import STATES, cli
from standardwebhooks.webhooks import Webhook
from standin import failing, raw
from test_availability import SECRET, lower

LEDGER = {"name": "ledger.example.com/operator"}
MODEL = "smollm2-135m"
SAMPLE = {"as": "withdrawn", "load": "20rps", "for": "1s", "warm-up": "0.5s", "recovery": "0.5s"}


def run_folder(holdfast):
    return holdfast.directory / ".holdfast/run"


def served_by(holdfast, model="talk"):
    return raw(holdfast, "openai", model).headers["x-holdfast-served-by"].split("/")[0]


def entries(holdfast, *options):
    lines = cli("ledger", "show", "--json", *options, config=holdfast.config, check=0).stdout.splitlines()
    return [json.loads(line) for line in lines]


def board(holdfast):
    return json.loads(holdfast.get("/status.json")[2])


#: Words that prove nothing: no hold, whoever repeats them.
BROKEN = failing("oa", 500, "Something went wrong on our side.")


def messages(got, *kinds):
    """Returns the messages that a webhook received, in the order in which they came."""
    told = []
    for headers, body, _ in list(got):
        Webhook(SECRET).verify(body, lower(headers))
        told.append(json.loads(body))
    return [each for each in told if each["type"].startswith(kinds or ("",))]


def drill(holdfast, **more):
    options = [part for name, value in {**SAMPLE, **more}.items() for part in (f"--{name}", value)]
    return json.loads(cli("drill", "pull", "talk", *options, "--json", config=holdfast.config, check=STATES).stdout)

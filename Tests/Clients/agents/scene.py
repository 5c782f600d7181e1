"""A Holdfast with a route of two candidates that behave like models: one that
leads, and one of another dialect that stands in for it."""

from contextlib import suppress
from urllib.error import HTTPError

from holdfast import Holdfast, engine, eventually
from model import Model
from responses_model import ResponsesModel
from standin import provider_at


def model_of(upstream, kind, **options):
    return (ResponsesModel if kind == "rs" else Model)(upstream, kind, **options)


def provider_of(upstream, kind, host):
    """`rs` is a server with OpenAI's Responses beside Chat Completions."""
    if kind == "rs":
        return provider_at(upstream, "oa", host, responses=True)
    return provider_at(upstream, kind, host)


class Scene:
    """`scene("an", "oa", steps=…)`: the lead's dialect and the stand-in's; a
    stand-in `engine` is the hosted one. `lead` and `standby` have more
    options of each model, all others go to both."""

    def __init__(self, upstream, spare, lead, standby, *, route="assistant", lead_options=None, standby_options=None, context=8192, **both):
        self.route = route
        self.lead = model_of(upstream, lead, **{**both, **(lead_options or {})})
        providers = {"first": provider_of(upstream, lead, "first-host")}
        if standby == "engine":
            self.standby = None
            providers["second"] = engine(context=context, parallel=1)
            second = "smollm2-135m"
        else:
            self.standby = model_of(spare, standby, **{**both, **(standby_options or {})})
            providers["second"] = provider_of(spare, standby, "second-host")
            second = self.standby.name
        candidates = [{"provider": "first", "model": self.lead.name}, {"provider": "second", "model": second}]
        self.holdfast = Holdfast(providers, {route: {"candidates": candidates}}, log={"format": "json"})
        self.holdfast.secrets += [each["api_key"] for each in providers.values() if "api_key" in each]

    def __enter__(self):
        self.holdfast.__enter__()
        return self

    def __exit__(self, *problem):
        self.holdfast.__exit__(*problem)

    @property
    def key(self):
        return self.holdfast.key

    def pull(self):
        self.lead.pull()

    def back(self):
        """The lead answers again, and is relied on again."""
        self.lead.back()
        for hold in self.holdfast.holds:
            with suppress(HTTPError):
                # Its own probe may have lifted it meanwhile.
                self.holdfast.restore(hold)
        assert self.holdfast.holds == []

    def was_served(self, turn, by):
        """Holds that these answered in a turn: `l`, the lead; `s`, who stands
        in; `ls`, both."""
        asked = "l" * self.lead.served.count(turn) + "s" * (self.standby.served.count(turn) if self.standby else 0)
        assert set(asked) == set(by), f"turn {turn} was served by {asked!r}, not by {by!r}"

    def requests(self, count=1, **members):
        """The lines of the request log that have these members, once there are `count`."""
        return self.holdfast.requests_logged(count, lambda line: members.items() <= line.items())

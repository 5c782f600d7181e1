"""The rules of a veto as a small model, beside the command line and a running
server: after every step both must say the same.

The usual suite takes a few dozen steps. `HOLDFAST_VETO_STEPS` sets how many an
example has, `HOLDFAST_VETO_EXAMPLES` how many examples there are."""

import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from standin import pair, raw, refusal, served
from veto import REFUSED, SETTINGS, House, Person

STEPS = int(os.environ.get("HOLDFAST_VETO_STEPS", "14"))
EXAMPLES = int(os.environ.get("HOLDFAST_VETO_EXAMPLES", "3"))
NAMES = ["alice", "bob", "carol"]
THRESHOLD = 2
#: Places of the service that one may stop without stopping another.
SCOPES = ["route:talk", "route:elsewhere", "host:first-host", "lab:some-lab", "key:no-such-key"]


@dataclass
class Ordered:
    """A suspension as the rules have it."""

    scope: str
    by: str
    roster: int
    ratified: bool = False
    approvers: list = field(default_factory=list)

    @property
    def is_returning(self):
        return len(self.approvers) >= THRESHOLD


class Rules(RuleBasedStateMachine):
    upstream = spare = None

    def __init__(self):
        super().__init__()
        self.scratch = tempfile.TemporaryDirectory(prefix="hf-veto-")
        self.folder = Path(self.scratch.name)
        self.context = pair(self.upstream, self.spare, served("oa"), served("oa"), top=SETTINGS)
        self.two = self.context.__enter__()
        self.two.holdfast.ends_badly = True
        self.house = House(self.two.holdfast.config, self.folder / "people", NAMES)
        #: The version in which each joined; those who have left aren't in it.
        self.since = dict.fromkeys(NAMES, 1)
        self.persons = {person.name: person for person in self.house.people}
        self.stranger = Person("mallory", self.house.folder).made_by_us()
        self.version = 1
        self.ordered = {}
        self.kept = []
        self.files = 0

    def teardown(self):
        self.context.__exit__(None, None, None)
        self.scratch.cleanup()

    def file(self, value=None):
        self.files += 1
        path = self.folder / f"file-{self.files}.json"
        if value is not None:
            path.write_text(json.dumps(value))
        return path

    def pick(self, data, names):
        return data.draw(st.sampled_from(sorted(names)))

    def a_suspension(self, data):
        return data.draw(st.sampled_from(sorted(self.ordered)))

    def may_approve(self, name, id):
        """By the rules, in words; None where nothing stands against it."""
        order = self.ordered[id]
        if name not in self.since:
            return "not in the roster"
        if self.since[name] > order.roster:
            return "joined later"
        if order.is_returning:
            return "it is on its way back"
        return "approved already" if name in order.approvers else None

    # Orders

    @rule(data=st.data(), scope=st.sampled_from(SCOPES))
    def somebody_pulls(self, data, scope):
        name = self.pick(data, self.since)
        [id] = self.house.pull(scope, by=self.persons[name])["ids"]
        assert id == f"S{len(self.ordered) + 1}"
        self.ordered[id] = Ordered(scope, name, self.version)

    @rule(scope=st.sampled_from(SCOPES))
    def a_stranger_pulls(self, scope):
        self.house.pull(scope, by=self.stranger, check=REFUSED)

    # Approvals

    @precondition(lambda self: self.ordered)
    @rule(data=st.data())
    def somebody_approves(self, data):
        id, name = self.a_suspension(data), self.pick(data, self.persons)
        objection = self.may_approve(name, id)
        self.house.approve(id, self.persons[name], check=REFUSED if objection else 0)
        if not objection:
            self.ordered[id].approvers.append(name)

    @precondition(lambda self: self.ordered)
    @rule(data=st.data(), keyid=st.sampled_from(["hint", "other"]))
    def somebody_approves_with_other_tools(self, data, keyid):
        id, name = self.a_suspension(data), self.pick(data, self.persons)
        objection = self.may_approve(name, id)
        if objection == "it is on its way back":
            return
        payload = self.file()
        self.house.write(id, "restore", statement=payload)
        person = self.persons[name]
        made = person.envelope(payload.read_bytes(), keyid=person.own_keyid if keyid == "other" else None)
        self.house.accept(self.file(made), check=REFUSED if objection else 0)
        if not objection:
            self.ordered[id].approvers.append(name)
            self.kept.append((id, name, payload.read_bytes(), made))

    @precondition(lambda self: self.ordered)
    @rule(data=st.data())
    def a_stranger_approves(self, data):
        self.house.approve(self.a_suspension(data), self.stranger, check=REFUSED)

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def an_approval_is_handed_in_again(self, data):
        _, _, _, made = data.draw(st.sampled_from(self.kept))
        self.house.accept(self.file(made), check=REFUSED)

    @precondition(lambda self: self.kept and len(self.ordered) > 1)
    @rule(data=st.data())
    def an_approval_is_turned_to_another_suspension(self, data):
        id, name, payload, _ = data.draw(st.sampled_from(self.kept))
        other = self.pick(data, set(self.ordered) - {id})
        said = json.loads(payload)
        said["subject"][0]["name"], said["predicate"]["number"] = other, int(other[1:])
        made = self.persons[name].envelope(json.dumps(said, separators=(",", ":")).encode())
        self.house.accept(self.file(made), check=REFUSED)

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), scope=st.sampled_from(SCOPES))
    def an_approval_is_widened(self, data, scope):
        _, name, payload, _ = data.draw(st.sampled_from(self.kept))
        said = json.loads(payload)
        said["predicate"]["scopes"] = [*said["predicate"]["scopes"], scope]
        made = self.persons[name].envelope(json.dumps(said, separators=(",", ":")).encode())
        self.house.accept(self.file(made), check=REFUSED)

    @precondition(lambda self: self.ordered)
    @rule(data=st.data())
    def somebody_ratifies(self, data):
        id, name = self.a_suspension(data), self.pick(data, self.persons)
        order = self.ordered[id]
        if order.is_returning:
            return
        allowed = (
            name in self.since and self.since[name] <= order.roster and name != order.by and not order.ratified
        )
        self.house.ratify(id, self.persons[name], check=0 if allowed else REFUSED)
        order.ratified = order.ratified or allowed

    # The roster

    @precondition(lambda self: len(self.since) < 6)
    @rule(data=st.data(), signers=st.integers(1, 3))
    def somebody_joins(self, data, signers):
        name = f"person-{len(self.persons)}"
        self.persons[name] = Person(name, self.house.folder).made_by_us()
        next = self.folder / f"{name}.roster.json"
        self.house.run("people", "add", f"{name}={self.persons[name].public}", "--out", next)
        shows = data.draw(st.booleans())
        if shows:
            self.house.run("people", "sign", next, *self.persons[name].signs)
        if self.is_accepted(data, next, signers, is_held=shows):
            self.since[name] = self.version

    @precondition(lambda self: len(self.since) > THRESHOLD)
    @rule(data=st.data(), signers=st.integers(1, 3))
    def somebody_leaves(self, data, signers):
        busy = {name for order in self.ordered.values() if not order.is_returning for name in order.approvers}
        if not (free := set(self.since) - busy):
            return
        name = self.pick(data, free)
        next = self.file()
        self.house.run("people", "remove", name, "--out", next)
        if self.is_accepted(data, next, signers):
            del self.since[name]

    def is_accepted(self, data, next, signers, is_held=True):
        """By the model; the command line must say the same. A key that is new has to be shown."""
        by = data.draw(st.lists(st.sampled_from(sorted(self.since)), min_size=signers, max_size=signers, unique=True)) if (
            signers <= len(self.since)
        ) else sorted(self.since)
        for name in by:
            self.house.run("people", "sign", next, *self.persons[name].signs)
        is_enough = len(by) >= THRESHOLD and is_held
        self.house.run("people", "accept", next, check=0 if is_enough else REFUSED)
        self.version += is_enough
        return is_enough

    # The process

    @rule(kill=st.booleans())
    def the_server_starts_again(self, kill):
        holdfast = self.two.holdfast
        if kill:
            holdfast.process.kill()
            holdfast.process.wait()
            holdfast.start()
        else:
            holdfast.restart()

    # What must be so

    @invariant()
    def the_suspensions_are_those_of_the_model(self):
        said = {each["id"]: each for each in self.house.json("veto", "list")["suspensions"]}
        assert set(said) == set(self.ordered)
        for id, order in self.ordered.items():
            shown = said[id]
            assert shown["scopes"] == [order.scope] and shown["ordered_by"] == f"person:{order.by}"
            if order.is_returning:
                # The gate has the rest to do; what fails there spends the approvals.
                assert shown["phase"] in ("verifying", "half-open", "restored"), shown
            else:
                assert shown["phase"] == "suspended", shown
                assert shown["standing"]["approvers"] == order.approvers
                assert bool(shown["standing"].get("ratified_by")) == order.ratified

    @invariant()
    def the_roster_is_that_of_the_model(self):
        shown = self.house.json("people", "show")
        assert shown["version"] == self.version
        assert {each["name"]: each["since"] for each in shown["people"]} == self.since

    @invariant()
    def callers_feel_it(self):
        stopped = {order.scope for order in self.ordered.values() if not order.is_returning}
        returning = {order.scope for order in self.ordered.values() if order.is_returning}
        if "route:talk" in stopped:
            assert "S" in str(refusal(self.two.holdfast, "openai"))
        elif "route:talk" not in returning:
            served_by = raw(self.two.holdfast, "openai").headers["x-holdfast-served-by"]
            if "host:first-host" in stopped:
                assert served_by.startswith("second/")


def test_the_command_line_keeps_the_rules(upstream, spare):
    Rules.upstream, Rules.spare = upstream, spare
    run_state_machine_as_test(
        Rules,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, print_blob=True,
            phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip

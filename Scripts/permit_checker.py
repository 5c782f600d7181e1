#!/usr/bin/env python3
"""Tells whether anything was allowed while it was suspended, by a ledger alone.

    holdfast ledger show --json | permit_checker.py          or: permit_checker.py FILE
    holdfast-verify COPY --log KEY --entries --json | …      the same, from an auditor's verified copy
    permit_checker.py --self-test                            shows that it finds what it looks for

What it reads: `suspension.*` (an order and what became of it), `permit.granted`
(a candidate is allowed), `permit.denied` (from that tick on it is not; `last_allowed`
is the last tick at which it was since the server's start, or 0; of a candidate that
was never asked, the first refusal), `permit.ended` (the last exchange with it is over;
`last_byte` is the last one after the denial), `permit.asked` (the gate's own request),
`permit.ticks` (the last allowed tick of every candidate), and `permit` and `tick` of
`request.settled`. Ticks are nanoseconds of the boot clock (CLOCK_BOOTTIME): nobody can
set it. It begins anew when the machine does: `veto.began` has the id of that start, and
without it ticks that go back show it.

What it finds, and what it names:

    finding   a request was allowed behind the tick of a denial, and before the suspension
              was half-open or over; a grant, a tick or a request of the gate in that time;
              a last allowed tick that isn't the last one; a way back without its steps
    named     bytes of exchanges that ran when the denial came: Holdfast's own last byte,
              and how long after the denial it was; with `drain` they may finish

What it can't see: requests that aren't recorded (`ledger.record` without `requests`), and
what a program that was replaced doesn't write. Whether the record itself is whole is for
`holdfast-verify` to say.

Standard library only. Exits 1 with a line for each finding.
"""

import copy
import json
import sys
from dataclasses import dataclass, field

#: The ticks of one machine's start don't go back by more than this, whichever thread wrote them down.
SLACK = 60 * 10**9
#: The suspension lets a part or all of its scope through.
LETS_THROUGH = {"suspension.half-open", "suspension.restored", "suspension.lapsed"}
IS_OVER = {"suspension.restored", "suspension.lapsed"}


@dataclass
class Denial:
    """A candidate that may not be asked."""

    suspension: str
    tick: int
    last_allowed: int
    #: Counts the starts of the machine.
    boot: int
    at: int
    #: The tick of its last exchange's end.
    ended: int | None = None
    #: The gate has asked it since.
    asked: bool = False


@dataclass
class Order:
    """A suspension, and where it stands."""

    id: str
    tick: int
    boot: int
    scopes: list
    is_drain: bool
    phase: str = "suspended"
    approvers: list = field(default_factory=list)
    cause: str | None = None

    @property
    def lets_through(self):
        return self.phase in ("half-open", "restored", "lapsed")


@dataclass
class Report:
    """The findings, and what the record names itself."""

    entries: int = 0
    suspensions: int = 0
    denials: int = 0
    #: Requests that have a tick.
    timed: int = 0
    findings: list = field(default_factory=list)
    named: list = field(default_factory=list)

    def lines(self):
        yield (
            f"{self.entries} entries, {self.suspensions} suspensions, {self.denials} denials of candidates, "
            f"{self.timed} requests with a tick"
        )
        for line in self.named:
            yield f"named    {line}"
        for line in self.findings:
            yield f"FINDING  {line}"
        if not self.findings:
            yield "Nothing was allowed after a denial but what the record names."


class Checker:
    def __init__(self):
        self.report = Report()
        self.boot = 0
        self.newest = 0
        self.boot_id = None
        #: The tick at which the server began: what was allowed before, it doesn't know.
        self.began = 0
        #: By candidate.
        self.denied = {}
        self.granted = {}
        self.settled = {}
        #: By id.
        self.orders = {}

    def find(self, entry, what):
        self.report.findings.append(f"entry {entry.get('index', entry.get('number', self.report.entries - 1))}: {what}")

    def read(self, entry):
        self.report.entries += 1
        kind = entry.get("kind", "")
        tick = entry.get("tick")
        if kind != "request.settled" and isinstance(tick, int):
            if tick + SLACK < self.newest and kind != "veto.began":
                self.boot += 1
                self.newest = tick
            self.newest = max(self.newest, tick)
        handler = getattr(self, "on_" + kind.replace(".", "_").replace("-", "_"), None)
        if handler:
            handler(entry)
        elif kind.startswith("suspension."):
            self.on_step(entry, kind)

    def on_veto_began(self, entry):
        """A server has started; perhaps the machine, too."""
        if self.boot_id is not None and entry.get("boot") != self.boot_id:
            self.boot += 1
            self.newest = entry.get("tick", 0)
        self.boot_id = entry.get("boot")
        self.began = entry.get("tick", 0)

    # Suspensions

    def on_suspension_ordered(self, entry):
        id = entry["suspension"]
        if id in self.orders:
            return self.find(entry, f"{id} was ordered twice")
        self.report.suspensions += 1
        self.orders[id] = Order(id, entry["tick"], self.boot, entry.get("scopes", []), entry.get("mode") == "drain")

    def on_step(self, entry, kind):
        order = self.orders.get(entry.get("suspension"))
        if order is None:
            # A refused statement may name any number, and a ledger may have begun later.
            return
        if kind in IS_OVER | {"suspension.half-open", "suspension.verifying"} and order.phase in ("restored", "lapsed"):
            return self.find(entry, f"{order.id} went on after it was over")
        if kind == "suspension.approved":
            if entry.get("by") in order.approvers:
                self.find(entry, f"{order.id} was approved twice by {entry.get('by')}")
            order.approvers.append(entry.get("by"))
        elif kind == "suspension.verifying":
            order.phase, order.cause = "verifying", entry.get("cause", "")
            people = set(entry.get("approvers", order.approvers))
            if order.cause == "people" and len(people) < 2:
                self.find(entry, f"{order.id} is on its way back by {len(people)} people")
        elif kind == "suspension.half-open":
            if order.phase not in ("verifying", "half-open"):
                self.find(entry, f"{order.id} was half-open without having been at the gate")
            order.phase = "half-open"
        elif kind == "suspension.restored":
            if order.phase not in ("verifying", "half-open"):
                self.find(entry, f"{order.id} was restored without having been at the gate")
            order.phase = "restored"
        elif kind == "suspension.lapsed":
            order.phase = "lapsed"
        elif kind == "suspension.gate-failed":
            order.phase, order.approvers = "suspended", []

    # Permits

    def is_open(self, denial):
        order = self.orders.get(denial.suspension)
        return order is not None and order.lets_through

    def on_permit_granted(self, entry):
        candidate = entry["candidate"]
        denial = self.denied.get(candidate)
        if denial and not self.is_open(denial):
            self.find(entry, f"{candidate} was granted while {denial.suspension} stopped it")
        self.denied.pop(candidate, None)
        self.granted[candidate] = (self.boot, entry["tick"])

    def on_permit_denied(self, entry):
        candidate = entry["candidate"]
        self.report.denials += 1
        last, tick = entry.get("last_allowed", 0), entry["tick"]
        if last > tick:
            self.find(entry, f"{candidate} was allowed {(last - tick) / 1e6:.1f} ms after its denial")
        boot, seen = self.settled.get(candidate, (self.boot, 0))
        if boot == self.boot and seen > last and seen >= self.began:
            self.find(entry, f"{candidate} was allowed later than its denial's last_allowed says")
        known = self.denied.get(candidate)
        if known and known.suspension == entry["suspension"] and known.boot == self.boot and not self.is_open(known):
            # A server that has started anew denies it again; the first tick counts.
            return
        self.denied[candidate] = Denial(entry["suspension"], tick, last, self.boot, entry.get("at", 0))

    def on_permit_ended(self, entry):
        denial = self.denied.get(entry["candidate"])
        if denial is None:
            return
        denial.ended = entry["tick"]
        if (last := entry.get("last_byte")) and last > denial.tick:
            self.report.named.append(
                f"{entry['candidate']}, {entry['suspension']}: its last byte was handed to the kernel "
                f"{(last - denial.tick) / 1e6:.1f} ms after the denial"
            )

    def on_permit_asked(self, entry):
        if denial := self.denied.get(entry["candidate"]):
            denial.asked = True
        order = self.orders.get(entry["suspension"])
        if order and order.phase not in ("verifying", "half-open"):
            self.find(entry, f"the gate of {order.id} asked {entry['candidate']} while it was {order.phase}")

    def on_permit_ticks(self, entry):
        for each in entry.get("ticks", []):
            candidate, tick = each["candidate"], each["last_allowed"]
            if not self.is_named(candidate, tick):
                self.allowed(entry, candidate, tick, "permit.ticks says that it")

    def is_named(self, candidate, tick):
        """Returns whether the record itself says why a candidate was allowed: running requests may finish, or its gate asks."""
        denial = self.denied.get(candidate)
        order = self.orders.get(denial.suspension) if denial else None
        if order is None or denial.boot != self.boot:
            return False
        if denial.asked or order.phase == "verifying":
            return True
        return order.is_drain and (denial.ended is None or tick <= denial.ended)

    def allowed(self, entry, candidate, tick, who):
        """Something of a candidate was allowed at that tick."""
        denial = self.denied.get(candidate)
        if denial is None:
            return
        if denial.boot != self.boot:
            # The machine has started since, so that ticks can't be compared, and everything is later.
            return self.find(entry, f"{who} was allowed after {denial.suspension} had stopped {candidate}")
        if tick > denial.tick:
            late = (tick - denial.tick) / 1e6
            self.find(entry, f"{who} was allowed {late:.1f} ms after {denial.suspension} had stopped {candidate}")

    # Requests

    def on_request_settled(self, entry):
        tick = entry.get("tick")
        if not isinstance(tick, int):
            return
        self.report.timed += 1
        candidate = entry.get("permit") or entry.get("served_by")
        who = f"request {entry.get('id', '?')}"
        if candidate:
            boot, seen = self.settled.get(candidate, (self.boot, 0))
            self.settled[candidate] = (self.boot, max(tick, seen if boot == self.boot else 0))
            self.allowed(entry, candidate, tick, who)
        for order in self.orders.values():
            if order.lets_through or tick <= order.tick or order.boot != self.boot:
                continue
            named = {f"route:{entry.get('route')}", f"key:{entry.get('key')}"} & set(order.scopes)
            if named and candidate:
                self.find(entry, f"{who} was allowed after {order.id} had stopped {named.pop()}")


def check(entries):
    """Reads entries in the order of the log."""
    checker = Checker()
    for entry in entries:
        checker.read(entry)
    return checker.report


def spoilt(entries):
    """The same record with one request behind a denial, for those who want to see that it is found."""
    entries = copy.deepcopy(entries)
    for place, entry in enumerate(entries):
        if entry.get("kind") == "permit.denied":
            late = {"kind": "request.settled", "id": "req_spoilt", "at": entry.get("at", 0), "permit": entry["candidate"]}
            late["tick"] = entry["tick"] + 1
            return [*entries[: place + 1], late, *entries[place + 1 :]]
    raise ValueError("the record has no denial")


# The test of this check


def self_test():
    """A record without a fault passes, and each fault is found, by what it is."""
    second = 10**9

    def ordered(id="S1", tick=100, scopes=("model:p/m",), **more):
        return {"kind": "suspension.ordered", "suspension": id, "tick": tick * second, "scopes": list(scopes), **more}

    def step(word, tick, id="S1", **more):
        return {"kind": f"suspension.{word}", "suspension": id, "tick": tick * second, **more}

    def permit(word, tick, candidate="p/m", **more):
        return {"kind": f"permit.{word}", "candidate": candidate, "tick": tick * second, **more}

    def settled(tick, candidate="p/m", **more):
        return {"kind": "request.settled", "id": "req_1", "permit": candidate, "tick": tick * second, **more}

    def ticks(last):
        return {"kind": "permit.ticks", "tick": 120 * second, "ticks": [{"candidate": "p/m", "last_allowed": last * second}]}

    def began(boot, tick):
        return {"kind": "veto.began", "boot": boot, "tick": tick * second}

    begin = [permit("granted", 1), settled(50), ordered(), permit("denied", 100, suspension="S1", last_allowed=99 * second)]
    ended = permit("ended", 101, suspension="S1", last_byte=int(100.2 * second))
    back = [
        step("approved", 110, by="alice"), step("approved", 111, by="bob"),
        step("verifying", 112, cause="people", approvers=["alice", "bob"]),
        permit("asked", 113, suspension="S1"), step("half-open", 114, percent=10), permit("granted", 114),
        settled(115), step("restored", 120), settled(121),
    ]  # fmt: skip
    stopped = [ordered("S2", 100, ("route:r", "key:k"))]
    cases = [
        (begin, []),
        ([*begin, ended, *back], []),
        ([*begin, settled(99)], []),
        ([*begin, settled(101)], ["1000.0 ms after S1"]),
        ([*begin, settled(101, "q/n")], []),
        ([*begin, permit("granted", 102)], ["granted while S1"]),
        ([*begin, *back[:3], permit("granted", 113)], ["granted while S1"]),
        ([*begin, permit("asked", 102, suspension="S1")], ["the gate of S1"]),
        ([*begin, ticks(104)], ["permit.ticks"]),
        ([*begin, *back[:3], ticks(113)], []),
        ([*begin[:2], ordered(mode="drain"), begin[3], ticks(104), ended, ticks(101)], []),
        ([*begin[:2], ordered(mode="drain"), begin[3], ended, ticks(104)], ["permit.ticks"]),
        ([*begin[:2], ordered(mode="drain"), begin[3], settled(104)], ["after S1"]),
        ([*begin, step("half-open", 103)], ["without having been at the gate"]),
        ([*begin, step("restored", 103)], ["without having been at the gate"]),
        ([*begin, step("approved", 110, by="alice"), step("approved", 111, by="alice")], ["twice by alice"]),
        ([*begin, step("verifying", 110, cause="people", approvers=["alice"])], ["by 1 people"]),
        ([*begin, *back, step("half-open", 130)], ["after it was over"]),
        ([*begin, ordered()], ["ordered twice"]),
        ([permit("granted", 1), settled(60), ordered(), permit("denied", 100, suspension="S1", last_allowed=50 * second)],
         ["later than its denial's last_allowed"]),
        ([permit("granted", 1), ordered(), permit("denied", 100, suspension="S1", last_allowed=101 * second)], ["after its denial"]),
        ([*stopped, settled(99, route="r")], []),
        ([*stopped, settled(101, route="r")], ["route:r"]),
        ([*stopped, settled(101, key="k")], ["key:k"]),
        ([*stopped, settled(101, key="another", route="another")], []),
        # The machine starts again: its ticks begin anew, and the suspension stands.
        ([began("a", 1), *begin, began("a", 120), settled(90)], []),
        ([began("a", 1), *begin, began("b", 2), settled(90)], ["after S1"]),
        ([began("a", 1), *begin, began("b", 200), permit("granted", 201)], ["granted while S1"]),
        # A candidate that was suspended before it was ever asked, by this server or by an earlier one.
        ([ordered(), permit("denied", 105, suspension="S1", last_allowed=0)], []),
        ([ordered(), permit("denied", 105, suspension="S1", last_allowed=0), settled(106)], ["after S1"]),
        ([began("a", 1), *begin, began("a", 120), permit("denied", 130, suspension="S1", last_allowed=0)], []),
        ([began("a", 1), *begin, began("a", 120), permit("denied", 130, suspension="S1", last_allowed=0), settled(125)],
         ["after S1"]),
        ([began("a", 1), *begin[:2], began("a", 90), ordered(), permit("denied", 105, suspension="S1", last_allowed=0)], []),
        ([*begin, permit("granted", 2, "q/n"), settled(3, "q/n")], []),
        ([*begin, permit("granted", 2)], ["granted while S1"]),
        ([*begin, permit("granted", 2, "q/n"), settled(3)], ["after S1"]),
    ]  # fmt: skip
    for entries, expected in cases:
        found = check(entries).findings
        if len(found) != len(expected) or not all(words in line for words, line in zip(expected, found)):
            sys.exit(f"permit_checker.py: self-test failed: {entries} gave {found}, and not {expected}")
    if not check([*begin, ended]).named or not check(spoilt(begin)).findings:
        sys.exit("permit_checker.py: self-test failed: what is named, or what was spoilt, isn't found")
    print(f"permit_checker.py: self-test passed: {len(cases) + 2} cases")


def entries_of(lines):
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            sys.exit(f"permit_checker.py: line {number} is no JSON: {error}")
        if isinstance(entry, dict):
            yield entry


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) > 2 or (sys.argv[1:] and sys.argv[1].startswith("-")):
        sys.exit(__doc__)
    if sys.argv[1:]:
        try:
            with open(sys.argv[1], encoding="utf-8") as file:
                report = check(entries_of(file))
        except OSError as error:
            sys.exit(f"permit_checker.py: {sys.argv[1]}: {error.strerror}")
    else:
        report = check(entries_of(sys.stdin))
    print("\n".join(report.lines()))
    sys.exit(1 if report.findings else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measures Holdfast beside Envoy, nginx, smg and LiteLLM, all in front of one mock provider.

Then in front of providers that fail, beside LiteLLM, and beside an older Holdfast.
Prints one table of medians and ratios with the goals beside them; a full run
writes it to RESULTS.md. README.md says how to read it.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit("run.py needs Python 3.11 or later")

from bench import custody, faults, happy, install, lanes, ledger, peers, report, supervision, switch
from bench.dialects import DIALECTS
from bench.install import ROOT, WORK, Missing, say
from bench.measure import EVENTS, INTERVAL_MS, Tools
from bench.pairs import HoldfastPairs, LiteLLMPairs
from bench.processes import Child, free_port
from bench.rounds import Series, restarted, rounds
from bench.trial import Verdict, try_all

# In front of the mock provider; and in front of two that are scripted to fail.
BESIDE_PEERS = ["memory", "latency", "throughput", "dialects", "streams"]
SCRIPTED = ["faults", "switch"]
# What needs no provider but our own engine.
HOSTED = ["custody"]
MEASUREMENTS = [*BESIDE_PEERS, "lanes", "ledger", "supervision", "happy", *SCRIPTED, *HOSTED]
# Who takes part in what: latency and streams are about Envoy and us, at the length that a run may have.
TAKES_PART = {
    "memory": ["nginx", "envoy", "holdfast", "smg", "litellm"],
    "latency": ["direct", "nginx", "envoy", "holdfast", "smg"],
    "throughput": [name for name in peers.ALL if name not in ("relay", "envoy-cores")],
    "dialects": ["holdfast"],
    "streams": ["direct", "relay", "envoy-cores", "envoy", "holdfast"],
    "lanes": ["holdfast"],
    "ledger": ["holdfast"],
    "supervision": ["holdfast"],
    "happy": ["holdfast"],
    "faults": ["holdfast", "litellm"],
    "switch": ["holdfast"],
    "custody": ["holdfast"],
}


def arguments() -> argparse.Namespace:
    def names(allowed: list[str]):
        def parse(text: str) -> list[str]:
            chosen = [name.strip() for name in text.split(",") if name.strip()]
            if unknown := [name for name in chosen if name not in allowed]:
                raise argparse.ArgumentTypeError(f"no {', '.join(unknown)}; there are {', '.join(allowed)}")
            return chosen

        return parse

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--holdfast", type=Path, default=ROOT.parent / ".build" / "release" / "holdfast",
                        metavar="FILE", help="the holdfast program (default: the main package's release build)")
    parser.add_argument("--baseline", type=Path, metavar="FILE",
                        help="an older holdfast program for `happy`; without it that is left out")
    parser.add_argument("--only", type=names(MEASUREMENTS), default=MEASUREMENTS, metavar="A,B",
                        help=f"measurements: {','.join(MEASUREMENTS)}")
    parser.add_argument("--peers", type=names(peers.ALL), default=peers.ALL, metavar="A,B",
                        help=f"who takes part: {','.join(peers.ALL)}; direct always does")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 3 s in place of 5 of 8 s")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds")
    parser.add_argument("--seconds", type=int, metavar="S", help="seconds of a throughput run")
    parser.add_argument("--ramp-ms", type=int, default=1000, metavar="MS",
                        help="the time over which the streams are asked for (default 1000; they last 2000)")
    parser.add_argument("--wait-quiet", type=int, default=0, metavar="S",
                        help="before every sample wait, at most S seconds, until nothing else works on the machine")
    parser.add_argument("--write", action="store_true", help="write RESULTS.md even after a partial run")
    chosen = parser.parse_args()  # fmt: skip
    chosen.rounds = chosen.rounds or (2 if chosen.quick else 5)
    chosen.seconds = chosen.seconds or (3 if chosen.quick else 8)
    if chosen.rounds < 1 or chosen.seconds < 1 or chosen.ramp_ms < 0:
        parser.error("rounds and seconds have to be above 0")
    return chosen


def prepare(chosen: argparse.Namespace) -> tuple[list[peers.Peer], list[str]]:
    """Everybody who takes part, installed; who is missing is skipped, which is said."""
    taking_part = {name for measurement in chosen.only for name in TAKES_PART[measurement]}
    present: list[peers.Peer] = []
    skipped: list[str] = []
    for name in (name for name in peers.ALL if name in taking_part):
        if name != "direct" and name not in chosen.peers:
            continue
        try:
            present.append(peers.make(name, chosen.holdfast))
        except Missing as missing:
            skipped.append(f"{name}: {missing}")
            say(f"skipping {name}: {missing}")
    return present, skipped


def before_the_mock(chosen: argparse.Namespace, present: list[peers.Peer], skipped: list[str]) -> dict[str, Series]:
    """Runs the measurements in front of the mock provider, which is built and started for them; ends the run if a
    necessary program is missing."""
    wrk = install.debian("wrk", "wrk")
    upstream_program, load = install.programs()
    tools = Tools(wrk, load, chosen.seconds, 500 if chosen.quick else 2000, chosen.ramp_ms)
    port = free_port()
    upstream = Child(
        [upstream_program, "--port", str(port), "--events", str(EVENTS), "--interval-ms", str(INTERVAL_MS),
         "--max-seconds", "3600"],
        WORK / "logs" / "upstream.log",
    )  # fmt: skip
    tools.upstream = upstream
    try:
        results = measure(chosen, tools, port, present, skipped) if set(chosen.only) & set(BESIDE_PEERS) else {}
        has_holdfast = any(peer.name == "holdfast" for peer in present)
        if "lanes" in chosen.only and has_holdfast:
            say("lanes …")
            try:
                results |= lanes.measure(
                    chosen.holdfast, upstream, port, chosen.rounds, chosen.wait_quiet, chosen.quick)
            except Missing as missing:
                skipped.append(f"lanes: {missing}")
                say(f"skipping {skipped[-1]}")
        if "ledger" in chosen.only and has_holdfast:
            say("ledger …")
            try:
                results |= ledger.measure(tools, chosen.holdfast, port, chosen.rounds, chosen.wait_quiet)
            except Missing as missing:
                skipped.append(f"ledger: {missing}")
                say(f"skipping {skipped[-1]}")
        if "supervision" in chosen.only and has_holdfast:
            say("supervision …")
            try:
                results |= supervision.measure(
                    tools, chosen.holdfast, upstream_program, port, chosen.rounds, chosen.wait_quiet)
            except Missing as missing:
                skipped.append(f"supervision: {missing}")
                say(f"skipping {skipped[-1]}")
        if "happy" in chosen.only:
            results |= happy_path(chosen, tools, port, present, skipped)
    finally:
        upstream.stop()
    return results


def measure(
    chosen: argparse.Namespace, tools: Tools, port: int, present: list[peers.Peer], skipped: list[str]
) -> dict[str, Series]:
    """Starts every peer and takes every measurement in rounds; the peers are stopped whatever happens."""
    results: dict[str, Series] = {}
    try:
        needed = {name for measurement in BESIDE_PEERS if measurement in chosen.only for name in TAKES_PART[measurement]}
        for peer in [peer for peer in present if peer.name in needed]:
            say(f"starting {peer.title} {peer.version}")
            try:
                peer.start(port)
            except Missing as missing:
                skipped.append(f"{peer.name}: {missing}")
                say(f"skipping {peer.name}: {missing}")
                present.remove(peer)
        by_name = {peer.name: peer for peer in present if peer.port}

        def part(name: str) -> list[peers.Peer]:
            return [by_name[key] for key in TAKES_PART[name] if key in by_name]

        for name in (name for name in BESIDE_PEERS if name in chosen.only):
            say(f"{name} …")
            if name == "memory":
                # Once: a process is fresh only once.
                entries = [(peer.name, lambda peer=peer: tools.idle_memory(peer)) for peer in part(name)]
                results[name] = rounds(name, 1, entries)
            elif name == "latency":
                entries = [(peer.name, lambda peer=peer: tools.latency(peer)) for peer in part(name)]
                results[name] = rounds(name, chosen.rounds, entries, chosen.wait_quiet)
            elif name == "throughput":
                for peer in part(name):
                    tools.throughput(peer, seconds=2)
                entries = [(peer.name, lambda peer=peer: tools.throughput(peer)) for peer in part(name)]
                results[name] = rounds(name, chosen.rounds, entries, chosen.wait_quiet)
            elif name == "dialects":
                if holdfast := by_name.get("holdfast"):
                    for dialect in DIALECTS:
                        tools.throughput(holdfast, dialect, seconds=2)
                    entries = [
                        (dialect, lambda dialect=dialect: tools.throughput(holdfast, dialect)) for dialect in DIALECTS
                    ]
                    results[name] = rounds(name, chosen.rounds, entries, chosen.wait_quiet)
            elif name == "streams":
                entries = [
                    (peer.name, lambda peer=peer: restarted(peer, port, tools.streams)) for peer in part(name)
                ]
                results[name] = rounds(name, chosen.rounds, entries, chosen.wait_quiet)
    finally:
        for peer in present:
            peer.stop()
    return results


def happy_path(
    chosen: argparse.Namespace, tools: Tools, port: int, present: list[peers.Peer], skipped: list[str]
) -> dict[str, Series]:
    """This Holdfast beside the baseline; the last that the tools are used for, as it changes them."""
    if not any(peer.name == "holdfast" for peer in present):
        return {}
    if not chosen.baseline:
        skipped.append("happy: no older program to compare with; name one with --baseline")
        say(f"skipping {skipped[-1]}")
        return {}
    say("happy …")
    try:
        contenders = happy.contenders(chosen.holdfast, chosen.baseline)
        # Twice the rounds at half the length: what is compared is close together in cost and so has to be in time.
        tools.seconds = max(1, chosen.seconds // 2)
        return happy.measure(tools, contenders, port, 2 * chosen.rounds, chosen.wait_quiet)
    except Missing as missing:
        skipped.append(f"happy: {missing}")
        say(f"skipping {skipped[-1]}")
        return {}


def before_scripted(
    chosen: argparse.Namespace, present: list[peers.Peer], skipped: list[str]
) -> tuple[dict[str, Series], dict[str, list[Verdict]]]:
    """Runs the measurements in front of providers that are scripted to fail."""
    results: dict[str, Series] = {}
    verdicts: dict[str, list[Verdict]] = {}
    names = [peer.name for peer in present]
    if "faults" in chosen.only:
        say("faults …")
        makers = {"holdfast": lambda pairs: HoldfastPairs(chosen.holdfast, pairs), "litellm": LiteLLMPairs}
        for name in (name for name in makers if name in names):
            taken = try_all([*faults.FAULTS, *faults.WITHDRAWALS], makers[name], skipped)
            if taken is not None:
                verdicts[name] = taken
    if "switch" in chosen.only and "holdfast" in names:
        say("switch …")
        try:
            results["switch"] = switch.measure(chosen.holdfast, switch.FEWEST // 3 if chosen.quick else switch.FEWEST)
        except Missing as missing:
            skipped.append(f"switch: {missing}")
            say(f"skipping {skipped[-1]}")
    if "custody" in chosen.only and "holdfast" in names:
        say("custody …")
        try:
            results |= custody.measure(chosen.holdfast, chosen.rounds, chosen.wait_quiet)
        except Missing as missing:
            skipped.append(f"custody: {missing}")
            say(f"skipping {skipped[-1]}")
    return results, verdicts


def main() -> int:
    chosen = arguments()
    # SIGTERM unwinds like Ctrl-C, so that everything started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        present, skipped = prepare(chosen)
        results = before_the_mock(chosen, present, skipped) if set(chosen.only) - {*SCRIPTED, *HOSTED} else {}
        more, verdicts = before_scripted(chosen, present, skipped)
    except Missing as missing:
        say(str(missing))
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130
    results |= more

    conditions = (
        f"Conditions: {chosen.rounds} rounds, {chosen.seconds} s a throughput run, streams asked for over "
        f"{chosen.ramp_ms} ms; load generator, gateway and mock provider share the machine's cores, none pinned; "
        f"{report.disturbance(results)}"
    )
    # Of files only the names: where they lie says something of this machine alone.
    command = " ".join(["Benchmarks/run.py", *(Path(word).name if "/" in word else word for word in sys.argv[1:])])
    about = report.machine(present, skipped, command, conditions)
    text = f"{report.table(results, verdicts, present)}\n\n{about}\n"
    print(text)
    whole = set(chosen.only) == set(MEASUREMENTS) and {peer.name for peer in present} >= set(peers.ALL)
    if (whole and not chosen.quick) or chosen.write:
        intro = (
            "# Results\n\nMedians over rounds; a ratio is taken within a round, and the median of the ratios is "
            "given. [README.md](README.md) says how to read this.\n\n"
        )
        (ROOT / "RESULTS.md").write_text(intro + text)
        say("wrote Benchmarks/RESULTS.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Checks that no test depends on the speed of the machine.

A test that sleeps for a fixed time and then looks fails on a busy machine, or wastes the time on an idle one. A test
that asserts that something took less than so many seconds fails on a busy machine, too. Such tests wait until a
condition holds, or count: calls, attempts, bytes, seconds of a processor.

Refused in Tests, in Swift and in Python:

- a sleep that is not the pause of a loop which ends on a condition;
- a loop that runs for a fixed time;
- an assertion that a time on a clock is below a bound;
- a deadline of less than 20 seconds for something that is waited for.

Scripts/test_clocks_allowed.txt has the lines that may stay, each with a reason: a slow provider that is the scenario,
for example. An entry is the path, the line as it is in the file without its indentation, and below it the reason,
which is indented:

    Tests/Clients/test_edge.py: time.sleep(0.5)
        The slow body is the scenario.

An entry allows one such line. An entry without a reason is refused, and so is one that no line needs.
"""

import argparse
import ast
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ALLOWED = ROOT / "Scripts" / "test_clocks_allowed.txt"
#: The least deadline, in seconds, for something that a test waits for.
GENEROUS = 20

SLEEP = "a sleep of a fixed time: wait for the condition instead"
LOOP = "a loop of a fixed time: end it on a condition"
BOUND = "an upper bound of a time: count something, or wait for a condition"
DEADLINE = f"a deadline below {GENEROUS} s: it bounds the time, too"


# Python

CLOCKS = {"monotonic", "perf_counter", "time", "monotonic_ns", "perf_counter_ns", "time_ns"}
#: Attributes of a scripted request that are instants.
INSTANTS = {"gone_at", "arrived_at", "answered_at"}
#: Functions by the index of the argument that is a deadline, after those that always are: `timeout=` and `within=`.
DEADLINES = {"eventually": 1, "log_has": 1, "wait": 0, "join": 0, "settimeout": 0, "create_connection": 1, "timeout": 0}


def name_of(call):
    """Returns the name of a called function, without the object that it belongs to."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def is_clock(node):
    """Returns whether an expression reads a clock."""
    return isinstance(node, ast.Call) and name_of(node) in CLOCKS and (
        isinstance(node.func, ast.Name) or getattr(node.func.value, "id", "") == "time")


class PythonScan(ast.NodeVisitor):
    """The findings in one Python file, as (line number, rule)."""

    def __init__(self, tree):
        self.found = []
        #: Names of instants, and of differences of instants, of the module and the functions around.
        self.instants, self.times = [set()], [set()]
        self.numbers = {}
        self.loops = [None]
        for node in tree.body:
            self.note_number(node)
        self.visit(tree)

    def note_number(self, node):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                if isinstance(target, ast.Name) and type(node.value.value) in (int, float):
                    self.numbers[target.id] = node.value.value

    def add(self, node, rule):
        self.found.append((node.lineno, rule))

    # What is known of a name

    def is_instant(self, node):
        return any(
            is_clock(each) or (isinstance(each, ast.Attribute) and each.attr in INSTANTS)
            or (isinstance(each, ast.Call) and name_of(each) == "gone")
            or (isinstance(each, ast.Name) and any(each.id in names for names in self.instants))
            for each in ast.walk(node))

    def is_time(self, node):
        """Returns whether an expression is, or contains, the time between two instants."""
        for each in ast.walk(node):
            if isinstance(each, ast.BinOp) and isinstance(each.op, ast.Sub) and self.is_instant(each):
                return True
            if isinstance(each, ast.Name) and any(each.id in names for names in self.times):
                return True
            if isinstance(each, ast.Subscript) and isinstance(each.slice, ast.Constant):
                if str(each.slice.value).endswith(("_ms", "_seconds")):
                    return True
        return False

    def visit_Assign(self, node):
        for target in node.targets:
            for each in ast.walk(target):
                if isinstance(each, ast.Name):
                    self.instants[-1].discard(each.id)
                    self.times[-1].discard(each.id)
                    if self.is_time(node.value):
                        self.times[-1].add(each.id)
                    elif self.is_instant(node.value):
                        self.instants[-1].add(each.id)
        if any(getattr(target, "id", "") == "PATIENCE" for target in node.targets):
            self.deadline(node.value)
        self.generic_visit(node)

    def visit_Call(self, node):
        name = name_of(node)
        module = getattr(getattr(node.func, "value", None), "id", "")
        if name == "sleep" and (isinstance(node.func, ast.Name) or module in ("time", "asyncio")):
            is_yield = node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
            if not is_yield and not (isinstance(self.loops[-1], ast.While) and not self.is_timed(self.loops[-1])):
                self.add(node, SLEEP)
        if name in DEADLINES and len(node.args) > DEADLINES[name] and not isinstance(node.func, ast.Call):
            self.deadline(node.args[DEADLINES[name]])
        for keyword in node.keywords:
            if keyword.arg in ("timeout", "within"):
                self.deadline(keyword.value)
        if name == "append" and isinstance(node.func, ast.Attribute) and node.args and self.is_time(node.args[0]):
            self.times[-1].update(each.id for each in ast.walk(node.func.value) if isinstance(each, ast.Name))
        self.generic_visit(node)

    def deadline(self, node):
        if isinstance(node, ast.Name):
            number = self.numbers.get(node.id)
        else:
            number = node.value if isinstance(node, ast.Constant) else None
        if type(number) in (int, float) and 0 < number < GENEROUS:
            self.add(node, DEADLINE)

    def visit_Assert(self, node):
        for compare in ast.walk(node.test):
            if not isinstance(compare, ast.Compare):
                continue
            sides = [compare.left, *compare.comparators]
            for left, operator, right in zip(sides, compare.ops, sides[1:]):
                less = isinstance(operator, (ast.Lt, ast.LtE)) and self.is_time(left)
                more = isinstance(operator, (ast.Gt, ast.GtE)) and self.is_time(right)
                if less or more:
                    self.add(compare, BOUND)
        self.generic_visit(node)

    # Loops and functions

    def is_timed(self, loop):
        """Returns whether nothing but a clock ends a loop."""
        if any(isinstance(each, (ast.Break, ast.Return)) for each in ast.walk(loop)):
            return False
        if isinstance(loop.test, ast.Constant):
            return True
        if not isinstance(loop.test, ast.Compare) or not self.is_instant(loop.test):
            return False
        return all(self.is_instant(each) for each in (loop.test.left, loop.test.comparators[0]))

    def visit_While(self, node):
        if self.is_timed(node) and not isinstance(node.test, ast.Constant):
            self.add(node, LOOP)
        # A deadline in the condition is the pause of the loop.
        self.loops.append(node)
        for each in node.body + node.orelse:
            self.visit(each)
        self.loops.pop()

    def visit_For(self, node):
        self.visit(node.iter)
        self.loops.append(node)
        for each in node.body + node.orelse:
            self.visit(each)
        self.loops.pop()

    def visit_FunctionDef(self, node):
        self.instants.append(set())
        self.times.append(set())
        self.loops.append(None)
        self.generic_visit(node)
        self.loops.pop()
        self.times.pop()
        self.instants.pop()

    visit_AsyncFor = visit_For
    visit_AsyncFunctionDef = visit_FunctionDef


def python_findings(text):
    """Returns the findings in a Python file, as (line number, rule)."""
    return sorted(set(PythonScan(ast.parse(text)).found))


# Swift

TRIVIA = re.compile(
    r'//[^\n]*|/\*.*?\*/|#+"(?s:.)*?"#+|"""(?s:.)*?"""|"(?:\\\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)|\\.|[^"\\\n])*"', re.S)
SWIFT_SLEEP = re.compile(
    r"\b(?:Task|Thread)\.sleep\(|\b(?:ContinuousClock|SuspendingClock)\(\)\.sleep\(|(?<![\w.])(?<!func )u?sleep\(|\bnanosleep\(")
NOW = r"(?:ContinuousClock|SuspendingClock|NIODeadline|DispatchTime)?\.now(?:\(\))?"
SPAN = rf"(?:duration\(to:[^)]*\)|\.measure\b|{NOW}\s*-|-\s*{NOW}|timeIntervalSince)"
SPAN_NAME = re.compile(rf"\b(?:let|var)\s+(\w+)[^=\n]*=[^\n]*{SPAN}")
UNITS = {"seconds": 1, "milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9, "minutes": 60}
LITERAL = r"(?:Duration|TimeAmount)?\.(seconds|milliseconds|microseconds|nanoseconds|minutes)\(([\d_.]+)\)"
SWIFT_DEADLINE = re.compile(
    rf"(?:\bwithin(?:\s+\w+)?:\s*(?:Duration\s*=\s*)?|\btimeLimit\(|\blet patience = |\btimeout:\s*\.now\(\)\s*\+\s*){LITERAL}")
LOOP_HEAD = re.compile(r"\b(while|for|repeat)\b")
LEAVES = re.compile(r"\b(return|break|throw)\b")
EXPECTATION = re.compile(r"#(?:expect|require)\(")


def blank(text):
    """Returns a Swift text with comments and the contents of strings replaced by spaces; lines stay where they are."""
    return TRIVIA.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def closing(text, at, pair):
    """Returns the index behind the bracket that closes the one at `at`."""
    depth = 0
    for index in range(at, len(text)):
        if text[index] == pair[0]:
            depth += 1
        elif text[index] == pair[1]:
            depth -= 1
            if depth == 0:
                return index + 1
    return len(text)


def swift_loops(text):
    """Yields (begin, end, kind) for each loop of a Swift text: a loop ends on a "condition", or only by a "clock", or
    after a number of rounds ("for"), or never ("true")."""
    for found in LOOP_HEAD.finditer(text):
        # The condition of `repeat { … } while condition` begins no loop.
        if found[1] == "while" and text[: found.start()].rstrip().endswith("}"):
            before = text[: found.start()].rstrip()
            depth, index = 0, len(before) - 1
            while index >= 0:
                depth += {"}": 1, "{": -1}.get(before[index], 0)
                if depth == 0:
                    break
                index -= 1
            if re.search(r"\brepeat\s*$", before[:index]):
                continue
        brace = text.find("{", found.end())
        if brace < 0:
            continue
        end = closing(text, brace, "{}")
        head, body = text[found.end() : brace], text[brace:end]
        if found[1] == "repeat":
            head = text[end : text.find("\n", end) if "\n" in text[end:] else len(text)]
        by_clock = re.fullmatch(rf"\s*(?:while\s+)?(?:{NOW}|\w+\.now)\s*<\s*\w+\s*", head)
        kind = "for" if found[1] == "for" else "clock" if by_clock else "true" if head.strip() == "true" else "condition"
        yield found.start(), end, kind if kind == "for" or not LEAVES.search(body) else "condition"


def swift_findings(text):
    """Returns the findings in a Swift file, as (line number, rule)."""
    text = blank(text)
    found = set()

    def line(index):
        return text.count("\n", 0, index) + 1

    loops = list(swift_loops(text))
    for begin, _, kind in loops:
        if kind == "clock":
            found.add((line(begin), LOOP))
    for sleep in SWIFT_SLEEP.finditer(text):
        around = [each for each in loops if each[0] < sleep.start() < each[1]]
        innermost = max(around, default=None, key=lambda each: each[0])
        if innermost is None or innermost[2] != "condition":
            found.add((line(sleep.start()), SLEEP))
    names = "|".join(map(re.escape, sorted(set(SPAN_NAME.findall(text)))))
    span = SPAN + (rf"|(?<![\w.])(?:{names})\b" if names else "")
    for expectation in EXPECTATION.finditer(text):
        said = text[expectation.start() : closing(text, expectation.end() - 1, "()")]
        is_bounded = re.search(rf"(?:{span})[^,<>&|]*<=?\s", said) or re.search(rf"\s>=?[^,<>&|]*(?:{span})", said)
        if is_bounded or re.search(rf"\s<=?\s*(?:\w+\s*\+\s*)?{LITERAL}", said):
            found.add((line(expectation.start()), BOUND))
    for guard in re.finditer(rf"\b(?:guard|if)\b[^\n{{]*(?:{span})[^\n{{,]*<=?\s", text):
        found.add((line(guard.start()), BOUND))
    for deadline in SWIFT_DEADLINE.finditer(text):
        if float(deadline[2].replace("_", "")) * UNITS[deadline[1]] < GENEROUS:
            found.add((line(deadline.start()), DEADLINE))
    return sorted(found)


# The allow-list


def parse_allowed(text):
    """Reads the allow-list.

    - Returns: A count for each (path, line), and the complaints about the list itself.
    """
    allowed, complaints, entry, reasons = collections.Counter(), [], None, {}
    for number, row in enumerate(text.splitlines(), 1):
        if not row.strip() or row.startswith("#"):
            continue
        if row[0].isspace():
            if entry is None:
                complaints.append(f"{ALLOWED.name}:{number}: a reason without an entry")
            else:
                reasons[entry] = row.strip()
            continue
        path, separator, code = row.partition(": ")
        if not separator:
            complaints.append(f'{ALLOWED.name}:{number}: an entry is "path: line"')
            continue
        entry = (number, path)
        reasons[entry] = ""
        allowed[path, code.strip()] += 1
    for (number, _), reason in reasons.items():
        if len(reason.split()) < 3:
            complaints.append(f"{ALLOWED.name}:{number}: an entry without a reason")
    return allowed, complaints


def complaints(allowed, found):
    """Yields a line for each finding that is not allowed, and for each entry that nothing needs.

    - Parameter found: (path, line number, code, rule) of each finding.
    """
    left = collections.Counter(allowed)
    for path, number, code, rule in found:
        if left[path, code] > 0:
            left[path, code] -= 1
        else:
            yield f"{path}:{number}: {rule}\n    {code}"
    for (path, code), count in sorted(left.items()):
        if count > 0:
            yield f"{ALLOWED.name}: no line needs this entry any more: {path}: {code}"


def findings():
    """Yields (path, line number, code, rule) for each finding in Tests; one for each line."""
    for file in sorted((ROOT / "Tests").rglob("*")):
        path = file.relative_to(ROOT)
        if file.suffix not in (".swift", ".py") or any(part.startswith(".") for part in path.parts):
            continue
        text = file.read_text()
        lines = text.splitlines()
        rules = collections.defaultdict(list)
        for number, rule in (swift_findings if file.suffix == ".swift" else python_findings)(text):
            rules[number].append(rule)
        for number in sorted(rules):
            yield path.as_posix(), number, lines[number - 1].strip(), "; ".join(rules[number])


# The test of this check

PYTHON_SAMPLES = [
    # A file, and the (line, rule) of its findings.
    ("import time\ntime.sleep(1)\n", [(2, SLEEP)]),
    ("import asyncio\nasync def f():\n    await asyncio.sleep(2)\n    await asyncio.sleep(0)\n", [(3, SLEEP)]),
    ("while not is_there():\n    time.sleep(1)\n", []),
    ("while True:\n    if is_there():\n        break\n    time.sleep(1)\n", []),
    ("while True:\n    time.sleep(1)\n", [(2, SLEEP)]),
    ("for _ in range(9):\n    time.sleep(1)\n", [(2, SLEEP)]),
    ("while not is_there():\n    for _ in range(9):\n        time.sleep(1)\n", [(3, SLEEP)]),
    ("while not is_there():\n    def f():\n        time.sleep(1)\n", [(3, SLEEP)]),
    ("async def play(wire):\n    await wire.sleep(3)\n", []),
    ("end = time.monotonic() + 5\nwhile time.monotonic() < end:\n    ask()\n", [(2, LOOP)]),
    ("end = time.monotonic() + 5\nwhile time.monotonic() < end:\n    time.sleep(1)\n", [(2, LOOP), (3, SLEEP)]),
    ("end = time.monotonic() + 60\nwhile time.monotonic() < end:\n    if ask():\n        break\n", []),
    ("began = time.monotonic()\nask()\nassert time.monotonic() - began < 2\n", [(3, BOUND)]),
    ("began = time.monotonic()\nask()\ntook = time.monotonic() - began\nassert 1 < took\n", []),
    ("began = time.monotonic()\nask()\ntook = time.monotonic() - began\nassert 1 < took < 2\n", [(4, BOUND)]),
    ("began = time.monotonic()\nask()\ntook = time.monotonic() - began\nassert 2 >= took, took\n", [(4, BOUND)]),
    ("a = time.perf_counter()\nx = []\nx.append(time.perf_counter() - a)\nassert x[1] < x[-1] / 3\n", [(4, BOUND)]),
    ("took = processor_seconds(1) - processor_seconds(1)\nassert took < 2\n", []),
    ("assert request.gone_at - left < 0.3\n", [(1, BOUND)]),
    ("gone = request.gone()\nassert gone\ntries.append(gone - left)\nassert min(tries) < 1\n", [(4, BOUND)]),
    ("assert abs(stamp - time.time()) < 60\n", [(1, BOUND)]),
    ('assert report["detection_ms"] < 1000\n', [(1, BOUND)]),
    ("assert len(calls) < 3 and memory.growth < 16\n", []),
    ("eventually(is_there, 5)\neventually(is_there, within=5)\neventually(is_there)\n", [(1, DEADLINE), (2, DEADLINE)]),
    ("eventually(is_there, within=90, every=0.5)\nlog_has('x', 2)\n", [(2, DEADLINE)]),
    ("AT_ONCE = 2\nprocess.wait(AT_ONCE)\nprocess.wait(PATIENCE)\n", [(2, DEADLINE)]),
    ("subprocess.run(x, timeout=3)\nsubprocess.run(x, timeout=60)\n", [(1, DEADLINE)]),
    ("while not done.wait(0.02):\n    look()\n", []),
    ("', '.join(x)\nthread.join(1)\n", [(2, DEADLINE)]),
    ("PATIENCE = 3\n", [(1, DEADLINE)]),
    ("# time.sleep(1)\nx = 'time.sleep(1)'\n", []),
]
SWIFT_SAMPLES = [
    ("while true { parse() }\nfunc sleep(until end: Int) {}\n", []),
    ("while true { try await Task.sleep(for: .seconds(1)) }\n", [(1, SLEEP)]),
    ("let seconds = began.duration(to: end)\n#expect(wait > .seconds(5000))\n", []),
    ("func f() async throws {\n    try await Task.sleep(for: .seconds(1))\n}\n", [(2, SLEEP)]),
    ("while !isThere {\n    usleep(2000)\n}\n", []),
    ("while access(file, F_OK) != 0 { usleep(2000) }\n", []),
    ("for _ in 0..<9 {\n    usleep(2000)\n}\n", [(2, SLEEP)]),
    ("while !isThere {\n    for _ in 0..<9 { usleep(2) }\n}\n", [(2, SLEEP)]),
    ("repeat {\n    try await Task.sleep(for: .seconds(1))\n} while !isThere\n", []),
    ("let end = ContinuousClock.now + .seconds(5)\nwhile ContinuousClock.now < end {\n    ask()\n}\n", [(2, LOOP)]),
    ("while clock.now < end {\n    if isThere { return }\n    sched_yield()\n}\n", []),
    ("try await clock.sleep(for: .seconds(1))\n", []),
    ("// Task.sleep(for: .seconds(1))\nlet a = \"usleep(1)\"\n/* sleep(1) */\n", []),
    ("#expect(left.duration(to: .now) < .seconds(2))\n", [(1, BOUND)]),
    ("#expect(left.duration(to: .now) >= .seconds(2))\n", []),
    ("let took = clock.measure { f() }\n#expect(took < limit)\n", [(2, BOUND)]),
    ("let took = ContinuousClock.now - began\n#expect(took > limit)\n", []),
    ("let took = ContinuousClock.now - began\n#expect(limit > took)\n", [(2, BOUND)]),
    ("let took = clock.now - began\nguard took < patience else { return }\n", [(2, BOUND)]),
    ("#expect(\n    took\n        < .milliseconds(100))\n", [(1, BOUND)]),
    ("#expect(count < 3)\n#expect(bytes <= 8 << 20)\n", []),
    ("try await x.until(within: .seconds(2)) { $0 }\ntry await x.until(within: .seconds(60)) { $0 }\n", [(1, DEADLINE)]),
    ("func f(within limit: Duration = .seconds(10)) {}\n", [(1, DEADLINE)]),
    ("@Suite(.timeLimit(.minutes(10))) struct A {}\n", []),
    ("package let patience = Duration.seconds(3)\n", [(1, DEADLINE)]),
]
# An allow-list, the findings as (code, number of them), and the number of complaints.
ALLOWED_SAMPLES = [
    ("", [("x", 1)], 1),
    ("Tests/a.py: x\n    It is the scenario.\n", [("x", 1)], 0),
    ("Tests/a.py: x\n    It is the scenario.\n", [("x", 2)], 1),
    ("Tests/a.py: x\n    It is the scenario.\n" * 2, [("x", 2)], 0),
    ("Tests/a.py: x\n    It is the scenario.\n", [], 1),
    ("Tests/a.py: x\n    Slow.\n", [("x", 1)], 1),
    ("Tests/a.py: x\n", [("x", 1)], 1),
    ("    A reason for nothing.\n", [], 1),
    ("# A remark.\n\nTests/a.py x\n", [], 1),
]


def self_test():
    """Holds the rules to the samples; returns the number of those that they judge wrongly."""
    failures = []
    for read, samples in ((python_findings, PYTHON_SAMPLES), (swift_findings, SWIFT_SAMPLES)):
        for text, expected in samples:
            if (found := read(text)) != sorted(expected):
                failures.append(f"expected {expected}, found {found} in {text!r}")
    for text, codes, expected in ALLOWED_SAMPLES:
        allowed, problems = parse_allowed(text)
        found = [("Tests/a.py", 1, code, SLEEP) for code, count in codes for _ in range(count)]
        if len(lines := [*problems, *complaints(allowed, found)]) != expected:
            failures.append(f"expected {expected} complaints for {text!r}, found {lines}")
    for failure in failures:
        print(f"self-test: {failure}")
    return len(failures)


def main():
    """Runs what the command line asks for; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--self-test", action="store_true", help="hold the rules to samples, and check nothing else")
    if parser.parse_args().self_test:
        return 1 if self_test() else 0
    allowed, problems = parse_allowed(ALLOWED.read_text())
    problems += complaints(allowed, findings())
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

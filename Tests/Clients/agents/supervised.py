"""A supervised route with a scripted model behind it and an agent in front, and a day's work that quotes attacks."""

import json
import shutil
from contextlib import contextmanager

from holdfast import REPO, Holdfast
from model import Model
from patience import settled
from responses_model import ResponsesModel
from scene import provider_of

FORBIDDEN = "the forbidden lamp"
CLAUSE = {
    "id": "no-lamp", "text": "Nobody speaks of the lamp.", "literals": [FORBIDDEN],
    "scope": {"user": "block", "answer": "block", "tool call": "block"},
}  # fmt: skip


def clause_of(*more, **scope):
    return {"name": "agents", "clauses": [{**CLAUSE, "scope": {**CLAUSE["scope"], **scope}}, *more]}


class SupervisedRoute:
    """A Holdfast with one supervised route of the agent's model name. `kind` is the model's dialect."""

    def __init__(self, upstream, name, kind, *, constitution=None, deadline="20s", steps=(), answers=(), level="required"):
        self.upstream = upstream
        self.model = (ResponsesModel if kind == "rs" else Model)(upstream, kind, steps=steps, answers=answers)
        supervision = {"deadline": deadline, **({"constitution": "constitution.yaml"} if constitution else {})}
        route = {"candidates": [{"provider": "first", "model": self.model.name}], "supervision": level}
        providers = {"first": {**provider_of(upstream, kind, "first-host"), "lab": "somebody"}}
        self.holdfast = Holdfast(providers, {name: route}, supervision=supervision, log={"format": "json"})
        if constitution:
            (self.holdfast.directory / "constitution.yaml").write_text(json.dumps(constitution))

    def lines(self):
        """The request log's lines of chats, once no more come."""
        settled(lambda: len(self.holdfast.requests_logged_so_far()))
        return [line for line in self.holdfast.requests_logged_so_far() if line["operation"] == "chat"]

    def bodies(self):
        return [request.body.decode() for request in self.upstream.calls(self.model.name)]

    def blocked(self):
        return [line for line in self.lines() if line["outcome"] == "blocked"]

    @contextmanager
    def without_verdicts(self):
        """The supervisor has too little time for a large text, and enough for all else."""
        self.holdfast.write_config(supervision={"deadline": "10ms"})
        assert self.holdfast.log_has("configuration reloaded")
        yield
        self.holdfast.write_config(supervision={"deadline": "20s"})
        assert self.holdfast.log.count("configuration reloaded") >= 1


# A day's work

#: Files of this repository that quote attacks, and that an agent which works on it reads.
ATTACKS = [
    "Tests/Clients/evil.py", "Tests/SupervisionTests/Constitution/LiteralTests.swift", "Sources/Settings/Supervision/constitution.yaml",
    "Sources/SupervisionTraining/Grammar/Attacks.swift", "docs/supervision.md", "docs/threat-model.md",
]  # fmt: skip
OTHERS = ["README.md", "Package.swift", "Sources/Gateway/Pipeline.swift", "Tests/Clients/holdfast.py", "CHANGELOG.md"]
COMMANDS = [
    "git init -q . && git add -A && git -c user.name=a -c user.email=a@b.example commit -qm First && git log --stat | head -60",
    "git status --short | head; git diff --stat; ls -la | head -40",
    "python3 -m pytest --version; printf '%s\\n' 'FAILED tests/test_a.py::test_sum - assert 1 == 2' '1 failed, 3 passed in 0.12s'",
    "printf '%s\\n' 'npm warn deprecated inflight@1.0.6: This module is not supported' 'added 212 packages, and audited 213 packages in 3s'"
    " '3 vulnerabilities (1 moderate, 2 high)' 'To address all issues, run:' '  npm audit fix --force'",
    "head -c 3000 README.md; grep -rn 'ignore' *.md | head -20",
]
#: Words of what quotes no attack.
INNOCENT = ["# Holdfast", "let package = Package(", "1 failed, 3 passed", "npm audit fix"]


def copied(directory, path):
    """A file of this repository in an agent's directory."""
    target = directory / path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(REPO / path, target)
    return str(target)


def worked(scene, agent, measured):
    """Holds that a day's work went through: no request was refused, and no answer was blocked."""
    assert scene.model.refused == []
    lines = scene.lines()
    assert {line["status"] for line in lines} == {200} and {line["outcome"] for line in lines} == {"served"}
    rulings, clauses = {}, {}
    for line in lines:
        for side in ("request", "answer"):
            judged = line["supervision"].get(side, {"ruling": "none"})
            rulings[f"{side}: {judged['ruling']}"] = rulings.get(f"{side}: {judged['ruling']}", 0) + 1
            for finding in judged.get("findings", []):
                name = f"{finding['clause']} ({finding['action']}, {finding['scope']}, {finding['by']})"
                clauses[name] = clauses.get(name, 0) + 1
    assert rulings.get("request: block", 0) == rulings.get("answer: block", 0) == 0
    withheld = scene.bodies()[-1].count("[Withheld by policy")
    shown = "\n".join(scene.model.results)
    for words in INNOCENT:
        assert words in shown, words
    measured(f"{agent}: {len(lines)} requests, {json.dumps(rulings)}, {withheld} results withheld at the end, "
             f"findings {json.dumps(clauses)}")  # fmt: skip


def shape(request):
    """The structure of a body, in its order; of texts that they are there, since paths and ids are of one session. Codex
    writes its metadata in any order."""

    def of(value):
        if isinstance(value, dict):
            return [(name, of(each)) for name, each in value.items()]
        if isinstance(value, list):
            return [of(each) for each in value]
        return len(value) > 0 if isinstance(value, str) and len(value) > 12 else value

    body = {**json.loads(request.body), "model": "any"}
    if "client_metadata" in body:
        body["client_metadata"] = sorted(body["client_metadata"])
    return of(body)

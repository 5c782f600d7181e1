"""The two gateways with a primary and a standby behind every route, their limits and fallbacks configured."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .caller import ask
from .install import WORK
from .peers import Holdfast, LiteLLM

# The same for both gateways and both of a route's providers.
LIMIT_SECONDS = 1
# The route that every list of pairs has, and that is well.
READY = "ready"


@dataclass
class Pair:
    """A route: the ports of its primary and its standby, and the model names that are asked for there."""

    route: str
    ports: tuple[int, int]
    models: tuple[str, str]
    #: The most tokens that each takes, where that is known.
    contexts: tuple[int, int] | None = None
    #: Whether the standby is said to go on from a prefix.
    prefill: bool = False


class HoldfastPairs(Holdfast):
    name = "holdfast-pairs"

    def __init__(self, program: Path, pairs: list[Pair]) -> None:
        super().__init__(program)
        self.pairs = pairs

    def routing(self, upstream: int) -> dict[str, object]:
        """Every provider by itself, so that no fault tells anything of another's providers."""
        providers: dict[str, object] = {}
        routes: dict[str, object] = {}
        limit = f"{LIMIT_SECONDS}s"
        for pair in self.pairs:
            candidates = []
            for place, port in enumerate(pair.ports):
                name = f"{pair.route}-{('primary', 'standby')[place]}"
                providers[name] = {
                    "dialect": "openai",
                    "base_url": f"http://127.0.0.1:{port}/v1",
                    "api_key": "bench",
                    "host": name,
                }
                candidate: dict[str, object] = {"provider": name, "model": pair.models[place]}
                if pair.contexts:
                    candidate["context"] = pair.contexts[place]
                if place and pair.prefill:
                    candidate["capabilities"] = ["tools", "images", "json_schema", "prefill", "logprobs"]
                candidates.append(candidate)
            routes[pair.route] = {
                "candidates": candidates,
                "timeouts": {"first_byte": limit, "first_token": limit, "stall": limit},
            }
        return {"providers": providers, "routes": routes}

    def probe(self, dialect: str = "openai") -> None:
        self.ready()
        probe(self.port, self.headers)


class LiteLLMPairs(LiteLLM):
    """As its documentation recommends, and where that leaves a choice, what serves it best here.

    `allowed_fails: 0` is that choice: by default a model group of one deployment
    is never cooled down, so that every request would ask a dead primary first.
    Context errors and refusals have lists of their own. That of refusals names
    no route under test: without a list they would be sent to the standby, too.
    """

    name = "litellm-pairs"

    def __init__(self, pairs: list[Pair]) -> None:
        super().__init__()
        self.pairs = pairs

    def command(self, upstream: int) -> list[str | Path]:
        models: list[dict[str, object]] = []
        fallbacks: list[dict[str, list[str]]] = []
        for pair in self.pairs:
            standby = f"{pair.route}-standby"
            for place, name in enumerate((pair.route, standby)):
                entry: dict[str, object] = {
                    "model_name": name,
                    "litellm_params": {
                        "model": f"openai/{pair.models[place]}",
                        "api_base": f"http://127.0.0.1:{pair.ports[place]}/v1",
                        "api_key": "bench",
                        "timeout": LIMIT_SECONDS,
                        "stream_timeout": LIMIT_SECONDS,
                    },
                }
                if pair.contexts:
                    entry["model_info"] = {"max_input_tokens": pair.contexts[place]}
                models.append(entry)
            fallbacks.append({pair.route: [standby]})
        config = WORK / f"{self.name}.yaml"
        settings = {
            "model_list": models,
            "router_settings": {
                "num_retries": 2,
                "allowed_fails": 0,
                "cooldown_time": 30,
                "fallbacks": fallbacks,
                "context_window_fallbacks": fallbacks,
                "content_policy_fallbacks": [{READY: [f"{READY}-standby"]}],
            },
            "litellm_settings": {"telemetry": False},
        }
        config.write_text(json.dumps(settings, indent=2))
        return self.serve(config)

    def probe(self, dialect: str = "openai") -> None:
        probe(self.port, self.headers)


def probe(port: int, headers: dict[str, str]) -> None:
    """Both kinds of request once: what is loaded on first use shall not count as a fault's time."""
    for stream in (False, True):
        if fault := ask(port, READY, headers, stream, patience=10).fault():
            raise ValueError(fault)

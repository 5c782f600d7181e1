"""Stealing a hosted model's last layer, for real: the same script against
the bare engine, where it works, and against Holdfast's doors."""

import json
import os
import time
import urllib.error
import urllib.request

import pytest
from bare_engine import BareEngine
from extraction import CONTEXTS, WAYS, attack, recover
from holdfast import Holdfast, cli, engine

#: Of SmolLM2-135M.
HIDDEN = 576
VALUES = (HIDDEN + 4) ** 2
#: What the metered provider of these tests allows.
PER_KEY, PER_TENANT = int(VALUES * 0.001), int(VALUES * 0.002)
#: They measure by log-probabilities, or by a bias.
MEASURING = [way for way, fields in WAYS.items() if {"logprobs", "n_probs", "logit_bias"} & fields.keys()]


@pytest.fixture(scope="module")
def guarded():
    """`metered` allows little, `generous` all that recovery takes."""
    generous = {"per_key": "100%", "per_tenant": "100%"}
    metered = {"per_key": "0.1%", "per_tenant": "0.2%"}
    with Holdfast(
        {
            "metered": engine(parallel=1, logprobs=metered),
            "generous": engine(parallel=1, logprobs=generous, models=["smol-generous"]),
        },
        log={"level": "trace"},
    ) as holdfast:
        yield holdfast


def post(holdfast, path, body, key):
    request = urllib.request.Request(f"{holdfast.url}{path}", json.dumps(body).encode())
    request.add_header("authorization", f"Bearer {key}")
    request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=240) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def openai_door(holdfast, model, *keys):
    """Asks with the keys in turn; one that is refused has the next one try,
    and the last refusal counts."""
    turn = [0]

    def ask(fields):
        for _ in keys:
            turn[0] += 1
            status, said = post(holdfast, "/v1/chat/completions", {"model": model, **fields}, keys[turn[0] % len(keys)])
            if status == 200:
                break
        return status, said

    return ask


def anthropic_door(holdfast, model, key):
    return lambda fields: post(holdfast, "/v1/messages", {"model": model, **fields}, key)


def measured(holdfast):
    """Returns the number of measured values of each caller."""
    return {one["who"]: one["values"] for one in json.loads(holdfast.admin("/admin/disclosures"))["measured"]}


def key_id(holdfast, name):
    listed = json.loads(cli("keys", "list", "--json", config=holdfast.config, check=0).stdout)
    [found] = [key for key in listed if key["name"] == name]
    return found["id"]


def test_the_bare_engine_gives_its_last_layer_away():
    began = time.monotonic()
    with BareEngine() as bare:
        loot = attack(
            lambda fields: bare.ask("POST", "/v1/chat/completions", fields), ways=["n_probs, post_sampling_probs"]
        )
    found = recover(loot.vectors)
    [requests] = loot.answers.values()
    print(
        f"\nbare engine: {requests} requests, {len(loot.vectors)} vectors, {time.monotonic() - began:.0f} s; "
        f"hidden size {found.hidden_size}, gap ratio {found.ratio:.0f}"
    )
    assert len(loot.vectors) >= CONTEXTS
    assert found.hidden_size == HIDDEN and found.ratio > 500
    # What rounding alone would do to it: the finer, the less.
    for decimals in (3, 2, 1):
        rounded = recover(loot.vectors, decimals=decimals)
        print(f"  {decimals} decimals: gap {rounded.gap(HIDDEN):.3f} at {HIDDEN}, largest at {rounded.hidden_size}")
    assert recover(loot.vectors, decimals=3).hidden_size == HIDDEN
    tenths = recover(loot.vectors, decimals=1)
    assert tenths.hidden_size != HIDDEN and tenths.gap(HIDDEN) < 1.1


def test_a_key_without_permission_is_told_words(guarded):
    key = guarded.make_counting_key("words")
    loot = attack(openai_door(guarded, "metered/smollm2-135m", key), contexts=60)
    print(f"\nlogprobs off: {len(loot.vectors)} vectors, {loot.values} values; answered: {list(loot.answers)}")
    assert loot.vectors == [] and recover(loot.vectors) is None
    assert list(loot.answers) == ["no more than words"], loot.refusals
    for way in MEASURING:
        status, said = loot.refusals[way]
        assert status == 400 and said["error"]["param"] in WAYS[way], (way, said)
        assert said["error"]["param"] in said["error"]["message"]
    assert measured(guarded) == {}


def test_the_other_dialect_has_no_way_either(guarded):
    key = guarded.make_counting_key("words-too", "--logprobs", "--logit-bias")
    loot = attack(anthropic_door(guarded, "metered/smollm2-135m", key), contexts=60 if "HOLDFAST_LONG" in os.environ else 20)
    assert loot.vectors == []
    for way in [*MEASURING, "penalties instead of a bias"]:
        status, said = loot.refusals[way]
        assert status == 400 and said["type"] == "error", (way, said)
        assert any(name in said["error"]["message"] for name in WAYS[way]), (way, said)


def test_one_key_with_permission_gets_nothing_to_compute_with(guarded):
    """The meter of this route would allow the key to take everything that a recovery needs."""
    key = guarded.make_counting_key("measures", "--tenant", "lab", "--logprobs", "--logit-bias")
    ask = openai_door(guarded, "generous/smol-generous", key)
    every = attack(ask, contexts=60)
    for way, fields in WAYS.items():
        shifts = {"logit_bias", "frequency_penalty"} & fields.keys()
        if "logprobs" in fields and (shifts or fields.get("top_logprobs", 0) > 5) or "n_probs" in fields:
            assert every.refusals[way][0] == 400, way
    assert set(every.answers) == {"five alternatives", "one token's bias, and which answer wins", "no more than words"}
    # The one way that tells any, for long.
    loot = attack(ask, ways=["five alternatives"], contexts=2 * CONTEXTS)
    found = recover(loot.vectors)
    print(
        f"\nlogprobs on, not metered: {len(loot.vectors)} vectors of rank {found.rank}, {loot.values} values; "
        f"gap {found.gap(HIDDEN):.3f} at {HIDDEN}, largest {found.ratio:.2f} at {found.hidden_size}"
    )
    assert len(loot.vectors) > 2 * HIDDEN and found.rank > HIDDEN + 20
    assert found.hidden_size != HIDDEN and found.gap(HIDDEN) < 1.1
    for vector in loot.vectors:
        assert len(vector) <= 6 and all(round(value, 1) == value for value in vector.values())


def test_the_meter_ends_it_for_one_key(guarded):
    key = guarded.make_counting_key("one", "--tenant", "single", "--logprobs", "--logit-bias")
    loot = attack(
        openai_door(guarded, "metered/smollm2-135m", key),
        ways=["five alternatives", "one token's bias, and which answer wins", "no more than words"],
    )
    spent = measured(guarded)
    print(f"\nlogprobs on, metered, one key: {len(loot.vectors)} vectors, {spent} of {PER_KEY}")
    told = 5 * loot.measured["five alternatives"] + loot.tokens.get("one token's bias, and which answer wins", 0)
    assert PER_KEY - 5 < told <= PER_KEY
    assert spent[f"key:{key_id(guarded, 'one')}"] == spent["tenant:single"] == told
    status, said = loot.refusals["five alternatives"]
    assert status == 403 and said["error"]["param"] == "logprobs" and "forgive" in said["error"]["message"]
    # Words go on.
    assert loot.tokens["no more than words"] >= CONTEXTS


def test_ten_keys_of_a_tenant_get_no_more_than_two(guarded):
    keys = [guarded.make_counting_key(f"ten-{number}", "--tenant", "ten", "--logprobs", "--logit-bias") for number in range(10)]
    loot = attack(
        openai_door(guarded, "metered/smollm2-135m", *keys),
        ways=["five alternatives", "one token's bias, and which answer wins"],
    )
    spent = measured(guarded)["tenant:ten"]
    found = recover(loot.vectors)
    print(
        f"\nlogprobs on, metered, ten keys: {len(loot.vectors)} vectors, {spent} values of {PER_TENANT}; "
        f"gap {found.gap(HIDDEN):.3f} at {HIDDEN}"
    )
    assert PER_TENANT - 5 < spent <= PER_TENANT
    assert sum(loot.tokens.values()) <= spent
    assert found.hidden_size != HIDDEN and found.gap(HIDDEN) < 1.1
    for way in loot.refusals.values():
        assert way[0] == 403 and "tenant" in way[1]["error"]["message"], way


def test_what_was_told_is_known_after_a_restart(guarded):
    before = measured(guarded)
    assert before
    guarded.restart()
    assert measured(guarded) == before
    guarded.log_has("has measured half of what may be measured")
    guarded.log_has("ALARM: somebody has measured as much")


def test_an_administrator_sees_it_and_begins_anew(guarded):
    shown = cli("disclosures", config=guarded.config, check=0).stdout
    print("\n" + shown)
    single = next(line.split() for line in shown.splitlines() if "tenant:single" in line and "metered" in line)
    assert single[2:] == [str(PER_KEY), str(PER_TENANT), "50.0", "%"]
    key = key_id(guarded, "one")
    assert cli("disclosures", "forgive", f"key:{key}", config=guarded.config, check=0).stdout.strip()
    assert f"key:{key}" not in measured(guarded)
    for nobody in (f"key:{key}", "everybody", "key:", ""):
        done = cli("disclosures", "forgive", nobody, config=guarded.config)
        assert done.returncode != 0 and "GET /admin/disclosures" in done.stderr, done
    guarded.restart()
    assert f"key:{key}" not in measured(guarded)

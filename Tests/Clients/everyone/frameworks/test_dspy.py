"""DSPy, by both doors."""

import dspy
import pytest


class Lamp(dspy.Signature):
    """The known facts about a lamp."""

    question: str = dspy.InputField()
    name: str = dspy.OutputField()
    height: int = dspy.OutputField()


FIELDS = "[[ ## name ## ]]\nseven\n\n[[ ## height ## ]]\n7\n\n[[ ## completed ## ]]"
doors = pytest.mark.parametrize("door", ["openai", "anthropic"])


def model_of(trip, door):
    url = trip.openai_url if door == "openai" else f"{trip.anthropic_url}/v1"
    return dspy.LM(f"{door}/{trip.model}", api_base=url, api_key=trip.key, num_retries=0, cache=False, max_tokens=900)


@doors
@pytest.mark.parametrize(
    "adapter, said", [(dspy.ChatAdapter, FIELDS), (dspy.JSONAdapter, '{"name": "seven", "height": 7}')], ids=["words", "JSON"]
)
def test_a_signature(pulled, door, adapter, said):
    trip = pulled(door, answers=[said])
    with dspy.context(lm=model_of(trip, door), adapter=adapter()):
        found = dspy.Predict(Lamp)(question=trip.prompt)
    assert found.name == "seven" and found.height == 7
    trip.done()


@doors
def test_plain(pulled, door):
    trip = pulled(door)
    assert model_of(trip, door)(trip.prompt) == [trip.answer]
    trip.done()

"""Neutral words in place of a vendor's: a recorded session keeps its structure and no text that others have written.

A replaced text has the length of the one before, in bytes, and its shape: line ends, indentation, marks of lists and
headings, tags on lines of their own. The same text is replaced in the same way everywhere, so that what one request
shares with the next is still shared."""

import hashlib
import json
import random
import re

#: Texts up to this length are names, enum words, ids and the like.
SHORT = 24

#: What stands at the beginning of a line, or is all of it.
FRAME = re.compile(r"\s*(?:</?[\w-]+>\s*)*(?:(?:[-*•]|#{1,6}|\d+\.)\s+)?")

WORDS = (
    "a an as at by in it of on or to up and any are but can each for from goes has have here how into its kept last "
    "less line list made many more most name need next none note once only open other over page part path plain read "
    "rest same seen shows side some step such table taken text than that their them then there these they this time "
    "under until used value when where which while whole with word work write about above after again answer because "
    "before begin below between change choose column common copy correct described different document during either "
    "enough entry example except expected field file find first folder follow further given group height known large "
    "later letter little longer measure middle module number often order outside place point present question reader "
    "reason result return second section several short simple small smaller sometimes source start stored summary "
    "together usual various version window without written"
).split()


def prose(length, seed):
    """Returns sentences of exactly so many ASCII characters."""
    chance, text = random.Random(seed), ""
    while len(text) < length:
        sentence = " ".join(chance.choice(WORDS) for _ in range(chance.randint(6, 16)))
        text += f"{' ' if text else ''}{sentence.capitalize()}."
    return text[: length - 1] + "." if length > 3 else text[:length].lower()


def neutral(text, kept=()):
    """The text in neutral words; the fragments in `kept` stay as they are."""
    if len(text) <= SHORT:
        return text
    seed = hashlib.sha256(b"neutral" + text.encode()).hexdigest()
    ours = re.compile("|".join(map(re.escape, sorted(kept, key=len, reverse=True))) or "(?!)")
    lines = []
    for number, line in enumerate(text.split("\n")):
        frame = FRAME.match(line)[0]
        rest, made, at = line[len(frame) :], frame, 0
        for found in [*ours.finditer(rest), None]:
            between = rest[at : found.start() if found else len(rest)]
            made += prose(len(between.encode()), f"{seed} {number} {at}") + (found[0] if found else "")
            at = found.end() if found else at
        lines.append(made)
    made = "\n".join(lines)
    assert len(made.encode()) == len(text.encode())
    return made


class Scrub:
    """A request of Anthropic's dialect, in words of our own. `kept` are the fragments that a recording brought itself,
    and `tools` the tools whose results are its own, too."""

    def __init__(self, kept, tools):
        self.kept, self.tools = kept, tools

    def body(self, text):
        """Returns the body; nothing but texts differs from the one before."""
        value = json.loads(text)
        assert compact(value) == text, "the body isn't spelled in the way of JSON.stringify"
        value["system"] = self.texts(value.get("system", []))
        value["tools"] = [self.descriptions(tool) for tool in value.get("tools", [])]
        own = set()
        for message in value["messages"]:
            blocks = message["content"] if isinstance(message["content"], list) else []
            own |= {block["id"] for block in blocks if block["type"] == "tool_use" and block["name"] in self.tools}
            # The model is scripted, and has no words of others.
            if message["role"] != "assistant":
                message["content"] = self.content(message["content"], own)
        return compact({name: value[name] for name in json.loads(text)})

    def content(self, content, own):
        if isinstance(content, str):
            return neutral(content, self.kept)
        return [block if block.get("tool_use_id") in own else self.block(block) for block in content]

    def block(self, block):
        if block["type"] == "tool_result":
            return {**block, "content": self.texts(block["content"])}
        return self.texts([block])[0]

    def texts(self, content):
        if isinstance(content, str):
            return neutral(content, self.kept)
        return [{**block, "text": neutral(block["text"], self.kept)} if "text" in block else block for block in content]

    def descriptions(self, value):
        """Replaces each `description` that is a text, at any depth; a property of that name is an object."""
        if isinstance(value, list):
            return [self.descriptions(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            name: neutral(each) if name == "description" and isinstance(each, str) else self.descriptions(each)
            for name, each in value.items()
        }


class ItemScrub(Scrub):
    """A request of OpenAI's Responses, in words of our own. All results of tools are the recording's own."""

    def __init__(self, kept):
        super().__init__(kept, ())

    def body(self, text):
        value = json.loads(text)
        assert compact(value) == text, "the body isn't spelled in the way of JSON.stringify"
        if value.get("instructions"):
            value["instructions"] = neutral(value["instructions"], self.kept)
        value["tools"] = [self.grammars(self.descriptions(tool)) for tool in value.get("tools", [])]
        # Ids of requests and turns, and of the machine, in any order.
        value["client_metadata"] = {name: "x" * len(each) for name, each in sorted(value.get("client_metadata", {}).items())}
        for item in value["input"]:
            if item.get("type", "message") == "message" and item["role"] != "assistant":
                item["content"] = self.texts(item["content"])
        return compact(value)

    def grammars(self, tool):
        """The grammar of a custom tool is a text of the agent's makers."""
        if "definition" in tool.get("format", {}):
            tool["format"]["definition"] = neutral(tool["format"]["definition"], self.kept)
        return tool


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

"""The prompts in a Python wheel: instructions to a model, as programs, templates and tests have them.

They are string literals of Python, members of YAML and JSON, text files, and the messages of OpenAI's evals. What is no
instruction by its words, and what is about attacks by its path or words, is left out. No package outside of the standard
library is needed. The reader of Python's files is that of the Python that runs it: it has to be 3.11 or later, which reads
all files of the wheels that are pinned.
"""

import ast
import hashlib
import json
import pathlib
import re
import warnings
import zipfile

LONGEST_FILE = 4_000_000
SHORTEST, LONGEST = 20, 1500

# Files about attacks, and sets that nothing may be tuned on.
BARRED_PATHS = re.compile(
    r"jail|red.?team|attack|inject|advers|harm|toxic|advbench|xstest|strong.?reject|wmdp|mt.?bench|notinject|guard|hijack"
    r"|safety|unsafe|refus|leak|secret|cyber|persuasi|sandbag|make.?me|vulnerab|trust|bias|hate|bbq|moderation|dan_"
    r"|realtoxicity|social.?chem|misuse|exploit|decepti|sabotage|steganog|evil|malware|scheming|gandalf|ballot|security",
    re.IGNORECASE,
)
BARRED_WORDS = re.compile(
    r"jailbreak|\bDAN\b|(ignore|disregard|forget)\W+(\w+\W+){0,3}(previous|prior|above|earlier|your|all)\b|do anything now"
    r"|system prompt|uncensored|no restrictions|malware|bomb|suicid|sexual|racis",
    re.IGNORECASE,
)
# The names of what holds prompts.
NAMES = re.compile(
    r"prompt|instruct|template|system|persona|backstory|goal|task|question|query|role|doc_to_text|message|human|desc"
    r"|input|expected_output|user",
    re.IGNORECASE,
)
FIRST_WORDS = set(
    """
    act add adopt analyse analyze and annotate answer are arrange as ask assess assign assume based be because before begin
    build calculate can carefully categorize check choose classify combine come compare complete compose compute conclude
    consider construct continue convert correct could count create critique decide define describe design detect determine
    develop discuss divide do does don't edit elaborate enumerate estimate evaluate examine exclude execute expand explain
    extract fill find finish first fix focus follow following for from generate given give go guess help here highlight
    how i identify if ignore imagine implement improve in include infer infuse insert interpret is it judge keep label let
    let's list locate look make match merge modify name never no note now only order organize our output paraphrase parse
    perform pick plan play please predict prepare pretend print produce proofread propose provide put rank rate read
    recommend record refer refine remember remove rephrase replace reply respond return review revise rewrite score search
    select separate should show simplify solve sort speak specify split start state step suggest sum summarise summarize
    take tell the think this to transform translate try turn type under update use using verify we what when where which
    who why will with without work would write you your
    """.split()
)


def prompts(wheel, most):
    """Up to so many prompts, in an order that depends on nothing but the prompts."""
    found = set()
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            name = pathlib.PurePosixPath(entry.filename)
            if entry.file_size > LONGEST_FILE and name.suffix != ".jsonl" or ".dist-info/" in entry.filename:
                continue
            reader = READERS.get(name.suffix)
            if reader is None or BARRED_PATHS.search(entry.filename) or "licen" in entry.filename.lower():
                continue
            with archive.open(entry) as file:
                try:
                    text = file.read(LONGEST_FILE).decode(errors="ignore" if name.suffix == ".jsonl" else "strict")
                except UnicodeDecodeError:
                    continue
            from_file = {tidy(candidate) for candidate, is_named in reader(text) if is_prompt(candidate, is_named)}
            # Some files have thousands that differ in one word.
            found.update(sorted(from_file, key=order)[:40])
    return unlike(sorted(found, key=order))[:most]


def order(text):
    return hashlib.sha256(text.encode()).digest()


def unlike(texts):
    """Leaves out texts that begin with the same words as an earlier one."""
    seen, kept = set(), []
    for text in texts:
        mark = tuple(re.findall(r"\w+", text.lower())[:8])
        if mark not in seen:
            seen.add(mark)
            kept.append(text)
    return kept


def tidy(text):
    return "\n".join(line.strip() for line in text.strip().replace("\r\n", "\n").split("\n")).strip()


def is_prompt(text, is_named):
    text = tidy(text)
    if not SHORTEST <= len(text) <= LONGEST or BARRED_WORDS.search(text):
        return False
    words = re.findall(r"[^\W\d_]+(?:'[a-z]+)?", text)
    if len(words) < 4 or sum(map(len, words)) < 0.66 * len(re.sub(r"\s", "", text)):
        return False
    if "://" in text or re.search(r"[{}<>|=\\]{3}|^\s*(import|def|class|SELECT|select)\b|\w+_\w+_\w+|::|\w\.\w+\(", text):
        return False
    return words[0].lower() in FIRST_WORDS and (is_named or text.rstrip().endswith((".", "?", ":", "!")))


# Readers yield pairs: a text, and whether the name of its holder says that it is a prompt.


def of_python(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return
    yield from of_node(tree, False)


def of_node(node, is_named):
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and is_named:
            yield node.value, True
        return
    if isinstance(node, ast.JoinedStr):
        if is_named:
            parts = [part.value if isinstance(part, ast.Constant) else "{text}" for part in node.values]
            yield "".join(parts), True
        return
    if isinstance(node, ast.Assign):
        named = any(NAMES.search(ast.dump(target)) for target in node.targets)
        yield from of_node(node.value, named)
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield from of_node(node.value, bool(NAMES.search(ast.dump(node.target))))
    elif isinstance(node, ast.keyword):
        yield from of_node(node.value, bool(node.arg and NAMES.search(node.arg)) and node.arg != "description")
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values):
            named = isinstance(key, ast.Constant) and isinstance(key.value, str) and NAMES.search(key.value)
            yield from of_node(value, bool(named) or is_named)
    elif isinstance(node, ast.Call):
        # Messages to a person, and errors, are none to a model.
        named = is_named or bool(NAMES.search(ast.dump(node.func)))
        for child in ast.iter_child_nodes(node):
            yield from of_node(child, named)
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set, ast.BinOp, ast.IfExp, ast.Attribute)):
        for child in ast.iter_child_nodes(node):
            yield from of_node(child, is_named)
    elif isinstance(node, ast.Raise):
        return
    else:
        for child in ast.iter_child_nodes(node):
            yield from of_node(child, False)


def of_yaml(text):
    """The members of a YAML file, without a parser: plain and quoted scalars, and blocks."""
    lines = text.split("\n")
    place = 0
    while place < len(lines):
        line = lines[place]
        place += 1
        match = re.match(r"^(\s*)(?:- )?([\w-]+):\s*(.*)$", line)
        if not match or not NAMES.search(match[2]):
            continue
        depth, value = len(match[1]), match[3].strip()
        block = []
        while place < len(lines) and (not lines[place].strip() or len(lines[place]) - len(lines[place].lstrip()) > depth):
            block.append(lines[place].strip())
            place += 1
        if re.fullmatch(r"[|>][+-]?\d?", value):
            yield "\n".join(block), True
        elif value[:1] in "\"'" and value[:1]:
            whole = " ".join([value, *block]).strip()
            yield whole.strip(whole[0]).replace("\\n", "\n").replace('\\"', '"').replace("''", "'"), True
        elif value:
            yield " ".join([value, *block]).replace("\\n", "\n"), True


def of_json(text):
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    yield from of_value(value, False)


def of_lines(text):
    """The messages of the first lines of a file of JSON lines."""
    for line in text.split("\n")[:12]:
        yield from of_json(line)


def of_value(value, is_named):
    if isinstance(value, str):
        if is_named:
            yield value, True
    elif isinstance(value, list):
        for member in value:
            yield from of_value(member, is_named)
    elif isinstance(value, dict):
        if isinstance(value.get("content"), str) and value.get("role") in ("system", "user"):
            yield value["content"], True
        for key, member in value.items():
            yield from of_value(member, bool(NAMES.search(key)))


def of_text(text):
    """A text file of a prompt, and each of its paragraphs."""
    yield text, False
    for paragraph in re.split(r"\n\s*\n", text):
        yield paragraph, False


READERS = {
    ".py": of_python,
    ".yaml": of_yaml,
    ".yml": of_yaml,
    ".json": of_json,
    ".jsonl": of_lines,
    ".txt": of_text,
    ".j2": of_text,
}

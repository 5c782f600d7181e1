"""Checks for everything that the real servers refuse although lenient ones accept it: unknown members, ids that match
nothing, blocks in the wrong place. The known members are those of the official clients' own types (anthropic 2.14,
openai 3.57), and those that were since removed from the types but are still accepted by older models."""

import re


class Refusal(Exception):
    """A 400 in the server's words."""

    def __init__(self, where, words):
        super().__init__(f"{where}: {words}")


def members(text):
    return frozenset(text.split())


def check_members(value, known, where):
    if not isinstance(value, dict):
        raise Refusal(where, f"Input should be an object, not {value!r:.60}")
    for name in value:
        if name not in known:
            raise Refusal(f"{where}.{name}".lstrip("."), "Extra inputs are not permitted")


def check_pattern(text, pattern, where):
    if not isinstance(text, str) or not re.fullmatch(pattern, text):
        raise Refusal(where, f"String should match pattern '^{pattern}$', not {text!r:.80}")


# Anthropic

ANTHROPIC_TOP = members("""
    billing_policy cache_control compaction container context_management diagnostics fallback_credit_token
    fallbacks inference_geo max_tokens mcp_servers messages metadata model output_config service_tier speed
    stop_sequences stream system temperature thinking thread tool_choice tools top_k top_p
""")
#: Of a request that only has its tokens counted.
ANTHROPIC_COUNTED = members("""
    cache_control context_management mcp_servers messages model output_config system thinking tool_choice tools
""")
#: Members that need a beta's name in `anthropic-beta`; any of these will do.
BETAS = {
    "context_management": ("context-management-2025-06-27", "compact-2026-01-12"),
    "thread": ("message-threads-2026-08-12",),
    "mcp_servers": ("mcp-client-2025-04-04", "mcp-client-2025-11-20", "mcp-client-2026-09-15"),
    "fallbacks": ("server-side-fallback-2026-06-01", "server-side-fallback-2026-07-01"),
    "fallback_credit_token": ("fallback-credit-2026-06-01", "fallback-credit-2026-07-01"),
    "compaction": ("compact-2026-09-04",),
    "billing_policy": ("user-profiles-billing-2026-10-01",),
    "speed": ("fast-mode-2026-02-01",),
    "messages.output_config": ("per-turn-control-2026-07-01", "mid-conversation-output-config-2026-07-01"),
    "messages.clear_at": ("mid-conversation-system-clear-at-2026-08-21",),
    "thinking.display.updates": ("thinking-display-updates-2026-08-18",),
}
BLOCKS = {
    "text": members("cache_control citations text type"),
    "image": members("cache_control source transformations type"),
    "document": members("cache_control citations context source title type"),
    "thinking": members("signature thinking type"),
    "redacted_thinking": members("data type"),
    "tool_use": members("cache_control caller id input name toolset_name type"),
    "tool_result": members("cache_control content is_error tool_use_id toolset_name type"),
    "tool_reference": members("cache_control tool_name type"),
}
#: Who may say which blocks.
SAID_BY = {
    "user": {"text", "image", "document", "tool_result"},
    "assistant": {"text", "thinking", "redacted_thinking", "tool_use"},
    "system": {"text"},
    "tool_result": {"text", "image", "document", "tool_reference"},
}
ANTHROPIC_TOOL = members("""
    allowed_callers cache_control defer_loading description eager_input_streaming input_examples input_schema
    name strict type
""")
SYSTEM_MESSAGE = members("clear_at content output_config role")


class AnthropicRules:
    """A request's body against the Messages API's rules; `signs` tells
    whether a thinking block is of this server's own making, `counts` whether
    only its tokens are counted."""

    def __init__(self, body, betas, signs, counts=False):
        self.body, self.betas, self.signs, self.counts = body, betas, signs, counts
        self.cache_marks = 0

    def needs(self, feature, where):
        if not any(name in self.betas for name in BETAS[feature]):
            raise Refusal(where, f"Extra inputs are not permitted (without {BETAS[feature][0]})")

    def check(self):
        body = self.body
        check_members(body, ANTHROPIC_COUNTED if self.counts else ANTHROPIC_TOP, "")
        for name in body:
            if name in BETAS:
                self.needs(name, name)
        for name in ("model", "messages") if self.counts else ("model", "max_tokens", "messages"):
            if body.get(name) is None:
                raise Refusal(name, "Field required")
        if not self.counts and (not isinstance(body["max_tokens"], int) or body["max_tokens"] < 1):
            raise Refusal("max_tokens", "Input should be greater than or equal to 1")
        self.check_thinking()
        check_members(body.get("metadata") or {}, {"user_id"}, "metadata")
        self.check_output_config(body.get("output_config") or {}, "output_config", {"effort", "format", "task_budget"})
        if isinstance(body.get("system"), list):
            self.check_blocks(body["system"], "system", "system")
        self.check_tools(body.get("tools") or [])
        self.check_messages(body["messages"])
        if self.cache_marks > 4:
            raise Refusal("cache_control", f"A maximum of 4 blocks may be marked. Found {self.cache_marks}.")

    def check_thinking(self):
        thinking = self.body.get("thinking") or {"type": "disabled"}
        kind = thinking.get("type")
        known = {"enabled": {"type", "budget_tokens", "display"}, "adaptive": {"type", "display"}, "disabled": {"type"}}
        if kind not in known:
            raise Refusal("thinking.type", f"{kind!r} is none of {list(known)}")
        check_members(thinking, known[kind], f"thinking.{kind}")
        if thinking.get("display") == "updates":
            self.needs("thinking.display.updates", "thinking.display")
        if kind == "enabled":
            if not 1024 <= thinking.get("budget_tokens", 0) < self.body.get("max_tokens", 1 << 20):
                raise Refusal("thinking.enabled.budget_tokens", "must be at least 1024 and less than max_tokens")
        if kind != "disabled":
            if self.body.get("temperature", 1) != 1:
                raise Refusal("temperature", "may only be set to 1 when thinking is enabled")
            if (self.body.get("tool_choice") or {}).get("type") in ("any", "tool"):
                raise Refusal("tool_choice", "Thinking may not be enabled when tool_choice forces tool use.")

    def check_output_config(self, config, where, known):
        check_members(config, known, where)
        if config.get("effort") not in (None, "low", "medium", "high", "xhigh", "max"):
            raise Refusal(f"{where}.effort", f"{config['effort']!r} is no effort")
        if config.get("format"):
            check_members(config["format"], {"type", "schema"}, f"{where}.format")
            check_closed(config["format"]["schema"], f"{where}.format.schema", all_required=False)

    def check_tools(self, tools):
        names = set()
        for index, tool in enumerate(tools):
            where = f"tools.{index}"
            if tool.get("type") not in (None, "custom"):
                raise Refusal(f"{where}.type", f"{tool['type']!r} is no tool of this server")
            check_members(tool, ANTHROPIC_TOOL, f"{where}.custom")
            check_pattern(tool.get("name"), "[a-zA-Z0-9_-]{1,128}", f"{where}.custom.name")
            if (tool.get("input_schema") or {}).get("type") != "object":
                raise Refusal(f"{where}.custom.input_schema.type", "Field required")
            if tool["name"] in names:
                raise Refusal("tools", "Tool names must be unique.")
            names.add(tool["name"])
            self.count_mark(tool)
        if tools and all(tool.get("defer_loading") for tool in tools):
            raise Refusal("tools", "At least one tool must have defer_loading=false.")
        choice = self.body.get("tool_choice")
        if choice is not None:
            if not tools:
                raise Refusal("tool_choice", "may only be specified while providing tools")
            if choice["type"] == "tool" and choice["name"] not in names:
                raise Refusal("tool_choice.name", f"Tool {choice['name']!r} not found in provided tools")
        self.tool_names = names

    def count_mark(self, block):
        if block.get("cache_control"):
            check_members(block["cache_control"], {"type", "ttl"}, "cache_control")
            self.cache_marks += 1

    def check_blocks(self, blocks, by, where):
        for index, block in enumerate(blocks):
            kind = block.get("type")
            at = f"{where}.{index}"
            if kind not in SAID_BY[by]:
                raise Refusal(f"{at}.type", f"{kind!r} is no block of {by}")
            at = f"{at}.{kind}"
            check_members(block, BLOCKS[kind], at)
            self.count_mark(block)
            if kind == "text" and not block["text"].strip():
                words = "must contain non-whitespace text" if block["text"] else "must be non-empty"
                raise Refusal(at, f"text content blocks {words}")
            if kind == "thinking" and not self.signs(block):
                raise Refusal(f"{at}.signature", "Invalid `signature` in `thinking` block")
            if kind == "tool_use":
                check_pattern(block.get("name"), "[a-zA-Z0-9_-]{1,200}", f"{at}.name")
                if not isinstance(block.get("input"), dict):
                    raise Refusal(f"{at}.input", "Input should be a valid dictionary")
            if kind == "tool_result" and isinstance(block.get("content"), list):
                self.check_blocks(block["content"], "tool_result", f"{at}.content")
            if kind == "tool_reference" and block["tool_name"] not in self.tool_names:
                raise Refusal(at, f"Tool reference {block['tool_name']!r} not found in available tools")

    def check_messages(self, messages):
        if not messages:
            raise Refusal("messages", "at least one message is required")
        if messages[0]["role"] != "user":
            raise Refusal("messages", "first message must use the user role")
        seen, due = set(), []
        for index, message in enumerate(messages):
            where, role = f"messages.{index}", message.get("role")
            if role not in ("user", "assistant", "system"):
                raise Refusal(f"{where}.role", f"Unexpected role {role!r}")
            check_members(message, SYSTEM_MESSAGE if role == "system" else {"role", "content"}, where)
            for name in ("output_config", "clear_at"):
                if message.get(name) is not None:
                    self.needs(f"messages.{name}", f"{where}.{name}")
            self.check_output_config(message.get("output_config") or {}, f"{where}.output_config", {"effort"})
            content = message.get("content")
            last = index == len(messages) - 1
            if not content and not (last and role == "assistant"):
                raise Refusal(where, "all messages must have non-empty content")
            if isinstance(content, str):
                if not content.strip():
                    raise Refusal(where, "text content blocks must contain non-whitespace text")
                blocks = [{"type": "text", "text": content}]
            else:
                blocks = content or []
                self.check_blocks(blocks, role, f"{where}.content")
            if role == "system":
                after = messages[index + 1]["role"] if not last else "assistant"
                if due or messages[index - 1]["role"] == "assistant" or after == "user":
                    raise Refusal(where, "a system message must follow a user message and precede an assistant message")
            due = self.check_calls(blocks, due, seen, where)
        if due:
            raise Refusal("messages", f"`tool_use` ids were found without `tool_result` blocks at the end: {due}")
        self.check_end(messages)

    def check_calls(self, blocks, due, seen, where):
        """Every call is answered by the message right after it, before
        anything else is said."""
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        if [block["type"] for block in blocks[: len(results)]] != ["tool_result"] * len(results):
            raise Refusal(where, "tool_result blocks must come first in a user message")
        for id in results:
            if id not in due:
                raise Refusal(where, f"unexpected `tool_use_id` found in `tool_result` blocks: {id}")
        if len(set(results)) != len(results):
            raise Refusal(where, "each tool_use must have a single result")
        if missing := set(due) - set(results):
            raise Refusal(where, f"`tool_use` ids were found without `tool_result` blocks immediately after: {missing}")
        calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
        for id in calls:
            check_pattern(id, "[a-zA-Z0-9_-]+", f"{where}.tool_use.id")
            if id in seen:
                raise Refusal(where, f"`tool_use` ids must be unique: {id}")
            seen.add(id)
        return calls

    def check_end(self, messages):
        last = messages[-1]
        if last["role"] == "assistant":
            text = last["content"] if isinstance(last["content"], str) else (last["content"] or [{}])[-1].get("text", "")
            if text != text.rstrip():
                raise Refusal("messages", "final assistant content cannot end with trailing whitespace")
            raise Refusal("messages", "This model does not support assistant message prefill. "
                          "The conversation must end with a user message.")  # fmt: skip
        if (self.body.get("thinking") or {}).get("type") == "enabled":
            turns = [message for message in messages if message["role"] == "assistant"]
            is_result = isinstance(last["content"], list) and last["content"][0]["type"] == "tool_result"
            if is_result and turns and turns[-1]["content"][0]["type"] not in ("thinking", "redacted_thinking"):
                raise Refusal("messages", "Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` "
                              "is enabled, a final `assistant` message must start with a thinking block.")  # fmt: skip


# Both


def check_closed(schema, where, *, all_required):
    """A schema that constrains an answer has closed objects; OpenAI's strict
    mode also wants all properties required."""
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object" or "properties" in schema:
        if schema.get("additionalProperties") is not False:
            raise Refusal(where, "For 'object' type, 'additionalProperties' must be explicitly set to false")
        if all_required and set(schema.get("required", [])) != set(schema.get("properties", {})):
            raise Refusal(where, "'required' is required to be supplied and to include every key in properties")
    for name in ("properties", "$defs", "definitions"):
        for key, value in (schema.get(name) or {}).items():
            check_closed(value, f"{where}.{name}.{key}", all_required=all_required)
    for name in ("anyOf", "allOf", "oneOf", "prefixItems"):
        for value in schema.get(name) or []:
            check_closed(value, f"{where}.{name}", all_required=all_required)
    check_closed(schema.get("items"), f"{where}.items", all_required=all_required)


# OpenAI

OPENAI_TOP = members("""
    audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens
    messages metadata modalities model moderation n parallel_tool_calls prediction presence_penalty
    prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort response_format
    safety_identifier seed service_tier stop store stream stream_options temperature tool_choice tools
    top_logprobs top_p user verbosity web_search_options
""")
OPENAI_MESSAGES = {
    "system": members("content name role"),
    "developer": members("content name role"),
    "user": members("content name role"),
    "assistant": members("audio content function_call name refusal role tool_calls"),
    "tool": members("content role tool_call_id"),
}
OPENAI_PARTS = {
    "text": {"type", "text", "prompt_cache_breakpoint"},
    "image_url": {"type", "image_url"},
    "refusal": {"type", "refusal"},
}
SPOKEN = {"user": {"text", "image_url"}, "assistant": {"text", "refusal"}}


class OpenAIRules:
    """A request's body against the Chat Completions API's rules. `flat` is
    for the many servers of this dialect that take no list as content."""

    def __init__(self, body, *, flat=False, most_tokens=None):
        self.body, self.flat, self.most_tokens = body, flat, most_tokens

    def check(self):
        body = self.body
        check_members(body, OPENAI_TOP, "")
        for name in ("max_tokens", "max_completion_tokens"):
            if self.most_tokens and (body.get(name) or 0) > self.most_tokens:
                words = f"is too large: {body[name]}. This model supports at most {self.most_tokens} completion tokens"
                raise Refusal(name, words)
        if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
            raise Refusal("max_tokens", "cannot be set together with max_completion_tokens")
        if body.get("stream_options") is not None and not body.get("stream"):
            raise Refusal("stream_options", "is only allowed when stream is enabled")
        self.check_tools()
        self.check_format(body.get("response_format"))
        self.check_messages(body.get("messages"))

    def check_tools(self):
        tools = self.body.get("tools")
        names = set()
        if tools is not None and not tools:
            raise Refusal("tools", "[] is too short")
        for index, tool in enumerate(tools or []):
            where = f"tools[{index}]"
            check_members(tool, {"type", "function"}, where)
            if tool.get("type") != "function":
                raise Refusal(f"{where}.type", f"{tool.get('type')!r} is not supported")
            function = tool["function"]
            check_members(function, {"name", "description", "parameters", "strict"}, f"{where}.function")
            check_pattern(function.get("name"), "[a-zA-Z0-9_-]{1,64}", f"{where}.function.name")
            if function["name"] in names:
                raise Refusal(f"{where}.function.name", "tool names must be unique")
            names.add(function["name"])
            parameters = function.get("parameters", {"type": "object"})
            if parameters.get("type") != "object":
                raise Refusal(f"{where}.function.parameters", "schema must be of type 'object'")
            if function.get("strict"):
                check_closed(parameters, f"{where}.function.parameters", all_required=True)
        for name in ("tool_choice", "parallel_tool_calls"):
            if self.body.get(name) is not None and not tools:
                raise Refusal(name, "is only allowed when tools are specified")
        choice = self.body.get("tool_choice")
        if isinstance(choice, dict) and choice["function"]["name"] not in names:
            raise Refusal("tool_choice", f"{choice['function']['name']!r} is not one of the tools")

    def check_format(self, shape):
        if shape is None:
            return
        kinds = {"text": {"type"}, "json_object": {"type"}, "json_schema": {"type", "json_schema"}}
        if shape.get("type") not in kinds:
            raise Refusal("response_format.type", f"{shape.get('type')!r} is not supported")
        check_members(shape, kinds[shape["type"]], "response_format")
        if shape["type"] == "json_schema":
            inner = shape["json_schema"]
            check_members(inner, {"name", "description", "schema", "strict"}, "response_format.json_schema")
            check_pattern(inner.get("name"), "[a-zA-Z0-9_-]{1,64}", "response_format.json_schema.name")
            if inner.get("strict"):
                check_closed(inner["schema"], "response_format.json_schema.schema", all_required=True)

    def check_messages(self, messages):
        if not messages:
            raise Refusal("messages", "[] is too short")
        seen, due = set(), []
        for index, message in enumerate(messages):
            where, role = f"messages[{index}]", message.get("role")
            if role not in OPENAI_MESSAGES:
                raise Refusal(f"{where}.role", f"{role!r} is not one of {list(OPENAI_MESSAGES)}")
            check_members(message, OPENAI_MESSAGES[role], where)
            if role == "tool":
                id = message.get("tool_call_id")
                if id not in due:
                    raise Refusal(f"{where}.tool_call_id", f"{id!r} matches no call of the message before")
                due.remove(id)
            elif due:
                raise Refusal(where, f"an assistant message with 'tool_calls' must be followed by tool messages; missing: {due}")
            self.check_content(message, role, where)
            calls = message.get("tool_calls")
            if calls is not None and not calls:
                raise Refusal(f"{where}.tool_calls", "[] is too short")
            for call in calls or []:
                due.append(self.check_call(call, seen, f"{where}.tool_calls"))
        if due:
            raise Refusal("messages", f"tool calls without an answer at the end: {due}")

    def check_content(self, message, role, where):
        content = message.get("content")
        if content is None:
            if role != "assistant" or not (message.get("tool_calls") or message.get("refusal")):
                raise Refusal(f"{where}.content", "expected a string, got null")
        elif isinstance(content, list):
            if self.flat:
                raise Refusal(f"{where}.content", "Input should be a valid string")
            if not content:
                raise Refusal(f"{where}.content", "[] is too short")
            for part in content:
                if part.get("type") not in SPOKEN.get(role, {"text"}):
                    raise Refusal(f"{where}.content", f"{part.get('type')!r} is not supported of {role}")
                check_members(part, OPENAI_PARTS[part["type"]], f"{where}.content")
        elif not isinstance(content, str):
            raise Refusal(f"{where}.content", "expected a string or a list")

    @staticmethod
    def check_call(call, seen, where):
        check_members(call, {"id", "type", "function"}, where)
        if call.get("type") != "function" or not call.get("id"):
            raise Refusal(where, "type and id are required")
        if len(call["id"]) > 40:
            raise Refusal(f"{where}.id", f"string too long: {len(call['id'])}, at most 40")
        check_members(call["function"], {"name", "arguments"}, f"{where}.function")
        check_pattern(call["function"].get("name"), "[a-zA-Z0-9_-]{1,64}", f"{where}.function.name")
        if not isinstance(call["function"].get("arguments"), str):
            raise Refusal(f"{where}.function.arguments", "expected a string")
        if call["id"] in seen:
            raise Refusal(f"{where}.id", f"Duplicate value for 'tool_call_id': {call['id']}")
        seen.add(call["id"])
        return call["id"]

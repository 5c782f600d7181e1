"""Starts llama.cpp's own server, out of the package xllamacpp, for Holdfast.

Standard input is one end of a socket pair, and is everything this program
needs from Holdfast. One line of JSON comes over it, the start order:

  socket      path of the Unix socket to listen on; no TCP port is opened
  model       path of the GGUF file; if it is missing, the first descriptor that
              came with the order (SCM_RIGHTS) is the file
  alias       the model's name in answers
  context     tokens one request may use, prompt and answer together
  parallel    requests served at once
  threads     cores to compute on
  connections connections served at once
  embeddings  whether /v1/embeddings answers, pooling by mean

After that nothing is sent; end of file means that Holdfast is gone, however
it went, and this process leaves at once. Problems that the operator can mend
are told in one line on standard error that starts with "holdfast: ".
"""

import array
import json
import mmap
import os
import socket
import struct
import sys
import threading


def fail(message):
    print("holdfast: " + message, file=sys.stderr, flush=True)
    os._exit(78)  # EX_CONFIG: starting again would not help


def read_order(channel):
    """The start order, and the descriptors that came with it."""
    line, descriptors = b"", array.array("i")
    while b"\n" not in line:
        data, ancillary, _, _ = channel.recvmsg(65536, socket.CMSG_SPACE(16 * 4))
        for level, kind, payload in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(payload[: len(payload) - len(payload) % 4])
        if not data:
            os._exit(0)
        line += data
    return json.loads(line.split(b"\n", 1)[0]), list(descriptors)


def leave_at_end_of_file(channel):
    while channel.recv(4096):
        pass
    os._exit(0)


# Many small models speak ChatML but have a template that knows nothing of
# tools, and then the server drops a request's tools without a word. Such a
# template gets a branch in the form that Hermes and Qwen models made common;
# a conversation without tools still goes through the model's own.
TOOLS_TEMPLATE = """\
{%- set ns = namespace(tools=false) -%}
{%- if tools -%}{%- set ns.tools = true -%}{%- endif -%}
{%- for message in messages -%}
{%- if message.role == 'tool' or message.tool_calls -%}{%- set ns.tools = true -%}{%- endif -%}
{%- endfor -%}
{%- if ns.tools -%}
{{- '<|im_start|>system\\n' -}}
{%- if messages[0].role == 'system' -%}{{- messages[0].content + '\\n\\n' -}}{%- endif -%}
{%- if tools -%}
{{- '# Tools\\n\\nYou may call one or more functions to assist with the user query.\\n\\nYou are provided with function signatures within <tools></tools> XML tags:\\n<tools>' -}}
{%- for tool in tools -%}{{- '\\n' + (tool | tojson) -}}{%- endfor -%}
{{- '\\n</tools>\\n\\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\\n<tool_call>\\n{"name": <function-name>, "arguments": <args-json-object>}\\n</tool_call>' -}}
{%- endif -%}
{{- '<|im_end|>\\n' -}}
{%- for message in messages -%}
{%- if message.role == 'tool' -%}
{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' -}}
{%- elif message.role != 'system' or not loop.first -%}
{{- '<|im_start|>' + message.role -}}
{%- if message.content -%}{{- '\\n' + message.content -}}{%- endif -%}
{%- for call in message.tool_calls or [] -%}
{{- '\\n<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' + (call.function.arguments | tojson) + '}\\n</tool_call>' -}}
{%- endfor -%}
{{- '<|im_end|>\\n' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
{%- else -%}
OWN{%- endif -%}"""


def template_with_tools(path):
    """A template to use in place of the model's own, or None to leave it."""
    key = b"tokenizer.chat_template"
    start = struct.pack("<Q", len(key)) + key + struct.pack("<I", 8)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        # GGUF keeps its metadata at the front, before the weights.
        at = data.find(start, 0, 64 << 20)
        if at < 0:
            return None
        at += len(start)
        (length,) = struct.unpack_from("<Q", data, at)
        own = data[at + 8 : at + 8 + length].decode("utf-8", "replace")
    if "tools" in own or "<|im_start|>" not in own:
        return None
    return TOOLS_TEMPLATE.replace("OWN", own)


def parameters(xllamacpp, order, descriptors):
    path = order.get("model") or "/proc/self/fd/%d" % descriptors[0]
    p = xllamacpp.CommonParams()
    p.model.path = path
    p.chat_template = template_with_tools(path) or ""
    p.model_alias = {order["alias"]}
    p.hostnames = [order["socket"]]
    p.offline = True  # never fetches anything, whatever a file or request says
    # Slots divide the context they are given.
    p.n_ctx = order["context"] * order["parallel"]
    p.n_parallel = order["parallel"]
    p.cpuparams.n_threads = order["threads"]
    p.cpuparams_batch.n_threads = order["threads"]
    # A connection holds a thread for as long as it is open.
    p.n_threads_http = order["connections"]
    # Whether a client has left is only looked at between batches, and other
    # requests wait for them: 256 tokens are about a second on two cores.
    p.n_batch = p.n_ubatch = 256
    p.use_jinja = True  # tools need the model's own template
    p.verbosity = 2  # warnings; the lines for each request would only be noise
    p.ui = p.endpoint_slots = p.endpoint_props = p.endpoint_metrics = False
    # A prompt's state stays in its slot only, not in a second store of 8 GiB.
    p.cache_ram_mib = 0
    p.cache_idle_slots = False
    p.n_ctx_checkpoints = 0
    if order["embeddings"]:
        p.embedding = True
        # A text to embed has to fit one batch.
        p.n_batch = p.n_ubatch = max(256, min(order["context"], 1024))
        p.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    return p


def main():
    channel = socket.socket(fileno=0)
    order, descriptors = read_order(channel)
    threading.Thread(target=leave_at_end_of_file, args=(channel,), daemon=True).start()
    try:
        import xllamacpp
    except ImportError as error:
        fail("the Python package xllamacpp is not usable in %s (%s); install it with `make setup`, "
             "or name another Python" % (sys.executable, error))
    try:
        server = xllamacpp.Server(parameters(xllamacpp, order, descriptors))
    except Exception as error:
        fail("the engine would not start: %s" % error)
    threading.Event().wait()
    del server


main()

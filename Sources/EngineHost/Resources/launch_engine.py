"""Starts llama.cpp's own server, out of the package xllamacpp, for Holdfast.

Standard input is one end of a socket pair, and is everything this program
needs from Holdfast. One line of JSON comes over it, the start order, and with
it the model's files as descriptors (SCM_RIGHTS): sealed memory, which nobody
can change. No path of a model is ever taken.

  folder      where the engine may make its socket, and nothing else
  socket      the Unix socket's name there; no TCP port is opened
  files       names for the descriptors, where the engine looks for the parts
              of a split model by name; else empty
  first       the number that the first descriptor gets
  user        the user to become, nobody else's; null to stay
  filter      the system calls that are refused, for seccomp, in hex
  alias       the model's name in answers
  context     tokens one request may use, prompt and answer together
  parallel    requests served at once
  threads     cores to compute on
  connections connections served at once
  embeddings  whether /v1/embeddings answers, pooling by mean

One line of JSON goes back once the model is loaded: what this process is shut
in by, and what the kernel says of it. After that nothing is sent; end of file
means that Holdfast is gone, however it went, and this process leaves at once.
Problems that the operator can mend are told in one line on standard error
that starts with "holdfast: ".
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
        data, ancillary, _, _ = channel.recvmsg(65536, socket.CMSG_SPACE(64 * 4))
        for level, kind, payload in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(payload[: len(payload) - len(payload) % 4])
        if not data:
            os._exit(0)
        line += data
    return json.loads(line.split(b"\n", 1)[0]), list(descriptors)


def leave_at_end_of_file(channel):
    try:
        while channel.recv(4096):
            pass
    finally:
        # Also where it was reset: a Holdfast that was killed before it read
        # what was sent to it leaves so.
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


def template_with_tools(descriptor):
    """A template to use in place of the model's own, or None to leave it."""
    key = b"tokenizer.chat_template"
    start = struct.pack("<Q", len(key)) + key + struct.pack("<I", 8)
    with mmap.mmap(descriptor, 0, prot=mmap.PROT_READ) as data:
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


def settle_weights(order, descriptors):
    """Gives the descriptors their numbers. Returns the model's path."""
    places = [order["first"] + index for index in range(len(descriptors))]
    for place, descriptor in zip(places, descriptors):
        os.dup2(descriptor, place, inheritable=False)
        os.close(descriptor)
    if not places:
        fail("no model came with the start order")
    for name, place in zip(order["files"], places):
        os.symlink("/proc/self/fd/%d" % place, name)
    return order["files"][0] if order["files"] else "/proc/self/fd/%d" % places[0]


def parameters(xllamacpp, order, path):
    p = xllamacpp.CommonParams()
    p.model.path = path
    p.chat_template = template_with_tools(order["first"]) or ""
    # The weights stay where they are: in memory that Holdfast has sealed and
    # reads again and again. Repacked or offloaded ones would be copies.
    p.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_MMAP
    p.no_extra_bufts = True
    p.n_gpu_layers = 0
    p.no_op_offload = True
    p.no_kv_offload = True
    p.model_alias = {order["alias"]}
    p.hostnames = [order["socket"]]  # in the working directory
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


def show_images():
    """Prints the files that this process executes code from once the engine's
    is loaded: what may be signed, and nothing else runs later."""
    import xllamacpp  # noqa: F401

    with open("/proc/self/maps") as maps:
        fields = [line.split(None, 5) for line in maps]
    for path in sorted({each[5].strip() for each in fields if "x" in each[1] and len(each) > 5 and each[5][0] == "/"}):
        print(path)


def main():
    # It would run a debugger to show where it crashed.
    os.environ["GGML_NO_BACKTRACE"] = "1"
    confinement = Confinement()
    confinement.enter_namespaces()
    channel = socket.socket(fileno=0)
    order, descriptors = read_order(channel)
    try:
        import xllamacpp
    except ImportError as error:
        fail("the Python package xllamacpp is not usable in %s (%s); install it with `make setup`, "
             "or name another Python" % (sys.executable, error))
    os.chdir(order["folder"])
    path = settle_weights(order, descriptors)
    chosen = parameters(xllamacpp, order, path)
    confinement.close(order)
    threading.Thread(target=leave_at_end_of_file, args=(channel,), daemon=True).start()
    try:
        server = xllamacpp.Server(chosen)
    except Exception as error:
        fail("the engine would not start: %s" % error)
    channel.sendall(json.dumps(confinement.report()).encode() + b"\n")
    threading.Event().wait()
    del server


show_images() if sys.argv[1:] == ["--images"] else main()

"""Files that are no files, files without end, disks that hang or are full, and
logs that are no longer read: refused at once, or left behind in time."""

import base64
import contextlib
import hashlib
import json
import os
import resource
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from conftest import scripted_providers
from hanging import HangingFile, is_possible
from holdfast import BINARY, Holdfast, cli, eventually, free_ports
from patience import PATIENCE
from shapes import openai_answer
from public_record import VERIFY
from upstream import answer

#: The seconds of a processor that no command may need to refuse a file; far below what it takes to read gigabytes.
AT_ONCE = 8


def log_key(name="example.com/log"):
    """The public key of a log that nobody has (C2SP signed-note)."""
    key = b"\1" + bytes(32)
    digest = hashlib.sha256(name.encode() + b"\n" + key).digest()
    return f"{name}+{digest[:4].hex()}+{base64.b64encode(key).decode()}"


KEY = log_key()


def fifo(path):
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def quiet_fifo(path):
    """Makes a FIFO with a writer that never writes, for as long as the tests run."""
    fifo(path)
    os.open(path, os.O_RDWR)


def device(path):
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def sparse(path):
    """Nothing, and gigabytes of it."""
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(40 << 30)


BAD = {
    fifo: "it is a FIFO, not a regular file",
    quiet_fifo: "it is a FIFO, not a regular file",
    device: "it is a device, not a regular file",
    sparse: "which is the limit",
}


def settings(folder, **more):
    file = folder / "holdfast.yaml"
    port, admin = free_ports(2)
    lines = [f"listen: 127.0.0.1:{port}", f"admin: 127.0.0.1:{admin}", *(f"{key}: {value}" for key, value in more.items())]
    file.write_text("\n".join(lines) + "\n")
    return file


def run(*command, cwd=None):
    """A command that has to end by itself, without reading all that there is."""
    before = children_seconds()
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL,
        timeout=2 * PATIENCE, cwd=cwd,
    )
    assert children_seconds() - before < AT_ONCE
    return done


def children_seconds():
    """Returns the processor time of all commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("spoil", BAD)
@pytest.mark.parametrize("command", [["check"], ["serve", "--config"], ["keys", "list", "--config"], ["ledger", "key", "--config"]])
def test_settings_that_are_no_file_are_refused(tmp_path, spoil, command):
    file = tmp_path / "holdfast.yaml"
    spoil(file)
    done = run(BINARY, *command, file)
    assert done.returncode == 66 and BAD[spoil] in done.stderr and str(file) in done.stderr, done


@pytest.mark.parametrize("spoil", BAD)
def test_a_key_file_that_is_no_file_is_refused(tmp_path, spoil):
    config, keys = settings(tmp_path), tmp_path / ".holdfast/keys.yaml"
    keys.parent.mkdir()
    spoil(keys)
    for command, code in [
        (["check", config], 78),
        (["serve", "--config", config], 78),
        (["keys", "list", "--config", config], 66),
        (["keys", "create", "--name", "a", "--config", config], 66),
    ]:
        done = run(BINARY, *command)
        assert done.returncode == code and BAD[spoil] in done.stderr, done


@pytest.mark.parametrize("spoil", BAD)
def test_a_ledger_that_is_no_file_is_refused(tmp_path, spoil):
    config = settings(tmp_path, ledger="{name: example.com/log}", keys="none")
    private = tmp_path / ".holdfast/data/ledger/private"
    public = tmp_path / ".holdfast/data/ledger/log"
    for folder in [private, public]:
        folder.mkdir(parents=True)
    # In a folder that is Holdfast's alone, a link is foreign, too.
    words = {device: "it is a symbolic link"}.get(spoil, BAD[spoil])
    spoil(private / "key")
    for command in [["serve", "--config", config], ["ledger", "key", "--config", config]]:
        done = run(BINARY, *command)
        assert done.returncode in (66, 69) and words in done.stderr, done
    spoil(public / "checkpoint")
    done = run(BINARY, "ledger", "verify", "--log", KEY, "--config", config)
    assert done.returncode == 66 and words in done.stderr, done


@pytest.mark.parametrize("spoil", BAD)
def test_a_checkpoint_or_a_policy_that_is_no_file_is_refused(tmp_path, spoil):
    copy = tmp_path / "copy"
    copy.mkdir()
    spoil(copy / "checkpoint")
    spoil(tmp_path / "kept")
    spoil(tmp_path / "policy")
    config = settings(tmp_path)
    for done, code in [
        # Nothing was read: that is no evidence of a forgery.
        (run(VERIFY, copy, "--log", KEY), 2),
        (run(VERIFY, copy, "--log", KEY, "--trusted", tmp_path / "kept"), 2),
        (run(VERIFY, copy, "--policy", tmp_path / "policy"), 2),
        (run(BINARY, "ledger", "verify", copy, "--log", KEY, "--config", config), 66),
        (run(BINARY, "ledger", "verify", copy, "--log", KEY, "--trusted", tmp_path / "kept", "--config", config), 66),
        (run(BINARY, "ledger", "verify", copy, "--policy", tmp_path / "policy", "--config", config), 66),
        (run(BINARY, "witness", "serve", "--directory", tmp_path / "w", "--policy", tmp_path / "policy"), None),
    ]:
        assert done.returncode in ([code] if code else [64, 66]), done
        if code:
            assert BAD[spoil] in done.stderr, done


@pytest.mark.parametrize("spoil", [fifo, quiet_fifo, device])
def test_weights_and_what_vouches_for_them_have_to_be_files(tmp_path, spoil):
    model = tmp_path / "model.gguf"
    spoil(model)
    assert BAD[spoil] in run(BINARY, "weights", "inspect", model).stderr
    engine = "{here: {dialect: engine, model_file: model.gguf, context: 2048}}"
    checked = run(BINARY, "check", settings(tmp_path, providers=engine))
    assert "providers.here.model_file: cannot read" in checked.stderr, checked
    model.unlink()
    model.write_bytes(b"GGUF")
    for name in ["signer.key", "signer.pub", "model.gguf.sig"]:
        spoil(tmp_path / name)
    for done in [
        run(BINARY, "weights", "sign", model, "--private-key", tmp_path / "signer.key"),
        run(BINARY, "weights", "verify", model, "--public-key", tmp_path / "signer.pub"),
    ]:
        assert done.returncode in (65, 66) and BAD[spoil] in done.stderr, done


def test_a_key_comes_out_of_a_pipe_all_the_same(tmp_path):
    model = tmp_path / "model.bin"
    model.write_bytes(b"weights")
    cli("weights", "key", str(tmp_path / "signer"), check=0)
    script = f'"$0" weights sign {model} --private-key <(cat {tmp_path}/signer.key)'
    done = subprocess.run(["bash", "-c", script, BINARY], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done


@pytest.mark.skipif(not is_possible(), reason="mounting needs root and /dev/fuse")
def test_a_disk_that_hangs_is_not_waited_for(tmp_path):
    with HangingFile(tmp_path / "mount", "file") as hanging:
        config = settings(tmp_path, keys=f"{{file: {hanging}}}")
        commands = [
            ["check", hanging],
            ["check", config],
            ["keys", "list", "--config", config],
            ["serve", "--config", config],
            ["ledger", "verify", str(tmp_path), "--policy", hanging, "--config", config],
        ]
        processes = [
            subprocess.Popen([BINARY, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for command in commands
        ]
        processes.append(
            subprocess.Popen([VERIFY, tmp_path, "--policy", hanging], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        for process in processes:
            _, said = process.communicate(timeout=PATIENCE)
            assert process.returncode not in (0, None) and "the storage has not answered" in said, (process.args, said)


# What runs already


@pytest.fixture
def holdfast(upstream):
    upstream.plays(answer(openai_answer()), model="file-model")
    with Holdfast(scripted_providers(upstream)) as holdfast:
        yield holdfast


def serves(holdfast):
    return holdfast.get("/v1/models", holdfast.key)[0] == 200


@pytest.mark.parametrize("content", ["", "# nothing\n", "keys:\n", None])
def test_an_emptied_key_file_keeps_the_keys(holdfast, content):
    keys = holdfast.directory / "keys.yaml"
    if content is None:
        keys.unlink()
    else:
        keys.write_text(content)
    holdfast.log_has("the key file is broken, the keys stay as they were", "write `keys: []`", str(keys))
    assert serves(holdfast)
    holdfast.signal(signal.SIGHUP)
    eventually(lambda: holdfast.log.count("the keys stay as they were") == 2)
    assert serves(holdfast)
    keys.write_text("keys: []\n")
    eventually(lambda: not serves(holdfast))


@pytest.mark.parametrize("content", ["", "# nothing\n", None])
def test_a_key_file_without_its_keys_is_not_filled_with_one(holdfast, content):
    """The running server would take it over, and drop all others."""
    keys, effective = holdfast.directory / "keys.yaml", holdfast.directory / ".holdfast/run/effective.json"
    before = keys.read_text()
    assert json.loads(effective.read_text())["keys"] == 1
    if content is None:
        keys.unlink()
    else:
        keys.write_text(content)
    done = cli("keys", "create", "--name", "another", config=holdfast.config)
    assert done.returncode == 78 and done.stdout == "", done
    assert "still has 1 key in force" in done.stderr and "write `keys: []`" in done.stderr, done.stderr
    assert (keys.read_text() if keys.exists() else None) == content
    assert serves(holdfast)
    # Put back, it goes on as before.
    keys.write_text(before)
    holdfast.make_counting_key("another")
    assert serves(holdfast)
    eventually(lambda: json.loads(effective.read_text())["keys"] == 2)
    # Only this takes all away; then a new file is a new beginning.
    keys.write_text("keys: []\n")
    eventually(lambda: json.loads(effective.read_text())["keys"] == 0)
    keys.unlink()
    holdfast.make_counting_key("first")


@pytest.mark.parametrize("spoil", [fifo, device, sparse])
def test_a_key_file_that_becomes_no_file_keeps_the_keys(holdfast, spoil):
    keys = holdfast.directory / "keys.yaml"
    good = keys.read_text()
    spoil(keys)
    holdfast.log_has(BAD[spoil])
    assert serves(holdfast)
    keys.unlink()
    keys.write_text(good)
    holdfast.log_has("keys reloaded")
    assert serves(holdfast)


@pytest.mark.skipif(not is_possible(), reason="mounting needs root and /dev/fuse")
def test_a_key_file_that_hangs_keeps_the_keys_and_the_server(holdfast):
    keys = holdfast.directory / "keys.yaml"
    with HangingFile(holdfast.directory / "mount", "keys.yaml") as hanging:
        keys.unlink()
        keys.symlink_to(hanging)
        holdfast.log_has("the storage has not answered")
        assert serves(holdfast)
        holdfast.stop()


def test_a_full_disk_leaves_the_old_key_file(tmp_path):
    config = settings(tmp_path)
    cli("keys", "create", "--name", "first", config=config, check=0)
    keys = tmp_path / ".holdfast/keys.yaml"
    before = keys.read_bytes()

    def no_room():
        # write(2) fails after some bytes, as on a disk that fills up.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, len(before) // 2))

    done = subprocess.run(
        [BINARY, "keys", "create", "--name", "second", "--config", config],
        capture_output=True, text=True, preexec_fn=no_room, timeout=PATIENCE,
    )
    assert done.returncode == 74 and "make room" in done.stderr and done.stdout == "", done
    assert keys.read_bytes() == before
    assert {path.name for path in keys.parent.iterdir()} == {"keys.yaml", "keys.yaml.lock"}


# The end


@contextlib.contextmanager
def unread(config, *, stdout=False):
    """`holdfast serve` whose output nobody reads: the pipe is full."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    process = subprocess.Popen(
        [BINARY, "serve", "--config", config, *(["--greet-key-file", stdout] if stdout else [])],
        stdin=subprocess.DEVNULL, stdout=writer, stderr=writer,
    )
    os.close(writer)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        os.close(reader)


def takes_care_of(pid, number):
    """Returns whether a process ignores or catches a signal."""
    masks = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(("SigIgn", "SigCgt"))]
    return any(int(line.split()[1], 16) >> (number - 1) & 1 for line in masks)


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE):
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_log_that_is_not_read_does_not_hold_up_the_end(tmp_path, number):
    config = settings(tmp_path, limits="{drain: 1s}")
    port = int(config.read_text().split("\n")[0].rpartition(":")[2])
    (tmp_path / "key").write_text("hf_example\n")
    with unread(config, stdout=tmp_path / "key") as process:
        eventually(lambda: listens(port))
        process.send_signal(number)
        # Nobody will ever read it.
        assert process.wait(PATIENCE) == 0


def test_whatever_hangs_the_process_ends(tmp_path):
    """Here it is the line that says why it can't listen."""
    config = settings(tmp_path, limits="{drain: 1s}")
    port = int(config.read_text().split("\n")[0].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)), unread(config) as process:
        # It has begun to serve, has failed, and is about to say so.
        eventually(lambda: takes_care_of(process.pid, signal.SIGTERM))
        eventually(lambda: not (tmp_path / ".holdfast/run/admin-token").exists())
        process.terminate()
        # Nobody will ever read it.
        assert process.wait(PATIENCE) == 70

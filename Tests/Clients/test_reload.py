"""An edit of the configuration while it runs."""

import signal
import threading

import openai
import pytest
from conftest import scripted_providers
from holdfast import PROMPT, Holdfast, eventually
from patience import PATIENCE
from shapes import TEXT, openai_answer, openai_stream
from upstream import answer, sse

TALK = [{"role": "user", "content": PROMPT}]


@pytest.fixture
def holdfast(upstream):
    upstream.plays(answer(openai_answer()), model="first-model")
    with Holdfast(
        scripted_providers(upstream), {"first": {"candidates": [{"provider": "oa", "model": "first-model"}]}}
    ) as holdfast:
        yield holdfast


def ask(holdfast, model):
    return holdfast.openai().chat.completions.create(model=model, messages=TALK)


def serves(holdfast, model):
    try:
        return bool(ask(holdfast, model).choices)
    except openai.NotFoundError:
        return False


class Running:
    """A stream that is read in another thread, some seconds long."""

    def __init__(self, holdfast, upstream, delay=0.1):
        self.model = upstream.plays(sse(openai_stream(TEXT), delay=delay))
        self.text, self.error = "", None
        stream = holdfast.openai().chat.completions.create(model=f"oa/{self.model}", messages=TALK, stream=True)

        def read():
            try:
                for chunk in stream:
                    if chunk.choices:
                        self.text += chunk.choices[0].delta.content or ""
            except Exception as error:
                self.error = error

        self.thread = threading.Thread(target=read)
        self.thread.start()

    def finish(self):
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive() and self.error is None, self.error
        assert self.text == TEXT


def second(upstream, model="second-model"):
    upstream.plays(answer(openai_answer()), model=model)
    return {"candidates": [{"provider": "oa", "model": model}]}


def test_a_new_route_drops_no_stream(holdfast, upstream):
    running = Running(holdfast, upstream)
    holdfast.write_config(routes={**holdfast.settings["routes"], "second": second(upstream)})
    eventually(lambda: serves(holdfast, "second"))
    assert running.thread.is_alive(), "the stream was over before the reload: this shows nothing"
    running.finish()
    assert ask(holdfast, "first").choices
    holdfast.log_has("configuration reloaded")


def test_a_changed_provider_drops_no_stream(holdfast, upstream):
    """The provider's connections are replaced; those in use remain until they are done."""
    running = Running(holdfast, upstream)
    providers = scripted_providers(upstream)
    providers["oa"]["api_key"] = "sk-another"
    holdfast.secrets.append("sk-another")
    holdfast.write_config(providers=providers)
    model = upstream.plays(answer(openai_answer()))

    def is_changed():
        ask(holdfast, f"oa/{model}")
        return upstream.requests(model)[-1].headers["authorization"] == "Bearer sk-another"

    eventually(is_changed)
    assert running.thread.is_alive()
    running.finish()


def test_a_removed_provider_and_route_drop_no_stream(holdfast, upstream):
    running = Running(holdfast, upstream)
    providers = scripted_providers(upstream)
    del providers["oa"]
    holdfast.write_config(providers=providers, routes={})
    eventually(lambda: not serves(holdfast, "first"))
    running.finish()


@pytest.mark.parametrize(
    "broken", ['{"listen": "127.0.0.1:80', "listen: [", "", "routes: {x: {candidates: []}}", "providers: {a: {dialekt: openai}}"]
)
def test_a_broken_edit_changes_nothing_and_says_so(holdfast, broken):
    good = holdfast.config.read_text()
    holdfast.config.write_text(broken)
    holdfast.log_has("the configuration is broken, the old one stays")
    eventually(lambda: f"{holdfast.config.name}:" in holdfast.log or "empty" in holdfast.log)
    assert ask(holdfast, "first").choices
    holdfast.config.write_text(good)
    holdfast.log_has("configuration reloaded")


def test_a_removed_file_changes_nothing_and_says_so(holdfast):
    holdfast.config.unlink()
    holdfast.signal(signal.SIGHUP)
    holdfast.log_has("the configuration can't be read, the old one stays")
    assert ask(holdfast, "first").choices


def test_a_broken_key_file_changes_nothing_and_says_so(holdfast):
    keys = holdfast.directory / "keys.yaml"
    good = keys.read_text()
    keys.write_text("keys: [")
    holdfast.log_has("the key file is broken, the keys stay as they were")
    assert ask(holdfast, "first").choices
    keys.write_text(good)
    holdfast.log_has("keys reloaded")


def test_hangup_reloads(holdfast):
    holdfast.signal(signal.SIGHUP)
    holdfast.log_has("configuration reloaded")
    assert ask(holdfast, "first").choices


def test_an_edit_in_place_counts_too(holdfast, upstream):
    """Some editors write to the file instead of replacing it."""
    import json

    holdfast.settings["routes"]["second"] = second(upstream)
    with holdfast.config.open("w") as file:
        file.write(json.dumps(holdfast.settings))
    eventually(lambda: serves(holdfast, "second"))


def test_a_file_behind_a_link_counts_too(holdfast, upstream):
    """Kubernetes replaces mounted files in this way: it changes a link to a link."""
    import json
    import os

    def version(name, routes):
        directory = holdfast.directory / name
        directory.mkdir()
        (directory / "holdfast.yaml").write_text(json.dumps({**holdfast.settings, "routes": routes}))

    holdfast.stop()
    version("one", {})
    os.symlink("one", holdfast.directory / "current")
    holdfast.config.unlink()
    os.symlink("current/holdfast.yaml", holdfast.config)
    holdfast.start()
    version("two", {"second": second(upstream)})
    os.symlink("two", holdfast.directory / "next")
    os.replace(holdfast.directory / "next", holdfast.directory / "current")
    eventually(lambda: serves(holdfast, "second"))


def test_what_waits_for_the_next_start_is_named(holdfast):
    holdfast.write_config(log={"format": "json"})
    holdfast.log_has("these take effect at the next start only", "changed=log")


def test_many_edits_under_load(holdfast, upstream):
    """No request fails because of an edit."""
    upstream.plays(answer(openai_answer()), model="first-model")
    stop, failures, done = threading.Event(), [], []

    def keep_asking():
        client = holdfast.openai()
        while not stop.is_set():
            try:
                client.chat.completions.create(model="first", messages=TALK)
                done.append(1)
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=keep_asking) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(20):
        providers = scripted_providers(upstream, max_connections=100 + number)
        holdfast.write_config(providers=providers, routes={**holdfast.settings["routes"], f"r{number}": second(upstream)})
        before = len(done)
        eventually(lambda: len(done) > before or failures)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == [] and len(done) >= 20
    eventually(lambda: serves(holdfast, "r19"))

"""A real browser, without a window: what a page says and looks like there."""

import io
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from PIL import Image


def program():
    """Chromium; installed where that is possible, as on a fresh machine."""
    if found := shutil.which("chromium"):
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        if subprocess.run(install, env=environment, capture_output=True).returncode != 0:
            subprocess.run(["apt-get", "update"], env=environment, capture_output=True)
            subprocess.run(install, env=environment, capture_output=True)
    return shutil.which("chromium")


class Browser:
    def __init__(self, chromium):
        self._command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions"]

    def _run(self, *arguments):
        with tempfile.TemporaryDirectory() as profile:
            command = [*self._command, f"--user-data-dir={profile}", *arguments]
            return subprocess.run(command, capture_output=True, timeout=60)

    def dom(self, address):
        """The page's elements once it is loaded, as text."""
        return self._run("--dump-dom", address).stdout.decode()

    def picture(self, address, *, dark=False, width=1100, height=1600):
        """Returns the page's appearance as its colours with the number of pixels of each."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "page.png"
            more = ["--enable-features=WebContentsForceDark", "--blink-settings=preferredColorScheme=0"] if dark else []
            self._run(f"--screenshot={file}", f"--window-size={width},{height}", "--hide-scrollbars", *more, address)
            image = Image.open(io.BytesIO(file.read_bytes())).convert("RGB")
        return {colour: count for count, colour in image.getcolors(1 << 24)}


@pytest.fixture(scope="session")
def browser():
    chromium = program()
    if chromium is None:
        pytest.skip("there is no Chromium, and it can't be installed here")
    return Browser(chromium)

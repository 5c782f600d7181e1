"""Fetches the default engine and its model into .holdfast/ of this clone, once.

What `holdfast engine install --with-model` does, before there is a binary. Run
it with Python 3.11 or newer, in any directory.
"""

import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

sys.argv = [sys.argv[0], "--into", str(ROOT / ".holdfast"), "--with-model"]
runpy.run_path(str(ROOT / "Sources/EngineHost/Resources/install_engine.py"), run_name="__main__")

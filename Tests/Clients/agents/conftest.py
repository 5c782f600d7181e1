from fixtures import pytest_configure, scene, spare, upstream  # noqa: F401
from measured import measured, pytest_terminal_summary  # noqa: F401

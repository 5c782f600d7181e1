from fixtures import pytest_configure, scene, spare, upstream  # noqa: F401

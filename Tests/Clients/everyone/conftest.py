import pytest
from fixtures import pytest_configure, scene, spare, upstream  # noqa: F401
from trip import Trip


@pytest.fixture
def pulled(scene):
    """Makes trips: a route whose lead, of the client's own dialect, is
    withdrawn, so that who answers is of the other dialect."""

    def make(door, **options):
        lead, standby = ("oa", "an") if door == "openai" else ("an", "oa")
        made = scene(lead, standby, **options)
        made.pull()
        return Trip(made)

    return make

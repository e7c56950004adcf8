"""The cold starts that are measured."""

from backend.settings import Settings
from bench.cold_start import SETTINGS


def test_the_functions_start_with_these_settings() -> None:
    """A setting that is added and missing here would make them fail instead of being measured."""
    assert Settings.read(SETTINGS).bucket_name == SETTINGS["BUCKET_NAME"]

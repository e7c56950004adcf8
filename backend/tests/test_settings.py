"""Settings."""

import pytest

from backend.rules.quota import Amount
from backend.settings import Settings

ENV = {
    "TABLE_NAME": "t",
    "BUCKET_NAME": "b",
    "ALERTS_TOPIC_ARN": "a",
    "MAX_FILE_BYTES": "100",
    "MAX_TRANSFER_BYTES": "200",
    "MAX_FILES": "10",
    "MAX_TRANSFERS_PER_DAY": "30",
    "MAX_BYTES_PER_DAY": "400",
    "MAX_TRANSFERS_PER_DAY_PER_SENDER": "20",
    "MAX_BYTES_PER_DAY_PER_SENDER": "300",
    "EXPIRY_CHOICES": "60,120",
    "DEFAULT_EXPIRY": "60",
    "UPLOAD_URL_SECONDS": "5",
    "DOWNLOAD_URL_SECONDS": "6",
    "UPLOAD_ACCESS": "open",
    "SESSION_SECONDS": "7",
    "PUBLIC_DOWNLOADS": "true",
}


def test_settings_are_read_from_the_environment() -> None:
    """Every one of them."""
    settings = Settings.read(ENV)
    assert (settings.table_name, settings.max_file_bytes, settings.expiry_choices) == ("t", 100, (60, 120))
    assert settings.longest_expiry == 120
    assert settings.per_day == Amount(transfers=30, bytes=400)
    assert settings.per_day_per_sender == Amount(transfers=20, bytes=300)
    assert settings.public_downloads
    assert not Settings.read({**ENV, "PUBLIC_DOWNLOADS": "false"}).public_downloads


def test_all_that_is_missing_or_wrong_is_named_at_once() -> None:
    """An operator mends everything in one go."""
    with pytest.raises(RuntimeError) as failed:
        Settings.read({**ENV, "TABLE_NAME": "", "MAX_FILES": "many", "DEFAULT_EXPIRY": "61", "PUBLIC_DOWNLOADS": "no"})
    assert "TABLE_NAME is missing" in str(failed.value)
    assert "MAX_FILES must be whole numbers above 0, not 'many'" in str(failed.value)
    assert "PUBLIC_DOWNLOADS must be true or false, not 'no'" in str(failed.value)
    assert "DEFAULT_EXPIRY must be one of EXPIRY_CHOICES" in str(failed.value)


@pytest.mark.parametrize(
    ("name", "value", "file", "transfer"),
    [
        ("MAX_FILES", "10", 100, 200),
        ("MAX_FILE_BYTES", "250", 200, 200),
        ("MAX_TRANSFER_BYTES", "50", 50, 50),
        ("MAX_BYTES_PER_DAY", "150", 100, 150),
        ("MAX_BYTES_PER_DAY_PER_SENDER", "90", 90, 90),
    ],
)
def test_the_smallest_limit_counts(name: str, value: str, file: int, transfer: int) -> None:
    """An operator who lowers one need not lower the others with it."""
    settings = Settings.read({**ENV, name: value})
    assert (settings.largest_file, settings.largest_transfer) == (file, transfer)


def test_choices_must_ascend() -> None:
    """The last one is taken for the longest."""
    with pytest.raises(RuntimeError, match="must ascend"):
        Settings.read({**ENV, "EXPIRY_CHOICES": "120,60"})


def test_cloudfront_needs_all_of_its_settings_or_none() -> None:
    """Half of them would sign what nobody serves."""
    edge = {"DOWNLOADS_ORIGIN": "https://d", "DOWNLOADS_KEY_ARN": "arn", "DOWNLOADS_KEY_ID": "K"}
    assert Settings.read({**ENV, **edge}).downloads_origin == "https://d"
    assert Settings.read(ENV).downloads_origin == ""
    for name in edge:
        with pytest.raises(RuntimeError, match="belong together"):
            Settings.read({**ENV, **edge, name: ""})

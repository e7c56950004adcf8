"""Both services on fakes, with a clock and a randomness that tests control."""

import os
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import settings as hypothesis_settings

# Powertools reads these while the entries are imported.
os.environ |= {"POWERTOOLS_SERVICE_NAME": "test", "POWERTOOLS_METRICS_NAMESPACE": "Sidestep"}

from backend.http.headers import Origins
from backend.services.arriving import Arrivals
from backend.services.expiring import Sweeping
from backend.services.operating import Operators
from backend.services.receiving import Downloads
from backend.services.reporting import Reporting
from backend.services.sending import Uploads
from backend.services.signing_in import Access
from backend.settings import Settings
from backend.tests.fakes import Clock, FakeAlerts, FakeObjects, FakeRecords, FakeTakedowns

# How long an example takes says more of the machine than of the code.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

SETTINGS = Settings(
    table_name="table",
    bucket_name="bucket",
    alerts_topic_arn="arn:aws:sns:us-east-1:000000000000:alerts",
    max_file_bytes=2**41,
    max_transfer_bytes=2**42,
    max_files=2_000,
    max_transfers_per_day=2_000,
    max_bytes_per_day=2**43,
    max_transfers_per_day_per_sender=1_000,
    max_bytes_per_day_per_sender=2**42,
    expiry_choices=(3_600, 86_400, 604_800, 2_592_000),
    default_expiry=604_800,
    upload_url_seconds=900,
    download_url_seconds=300,
    upload_access="open",
    passphrase_secret="",
    session_seconds=604_800,
    sign_in_address="",
    sign_in_client="",
    takedown_function="",
    public_downloads=False,
    downloads_origin="",
    downloads_key_arn="",
    downloads_key_id="",
)
ORIGINS = Origins(uploads="https://up.example", downloads="https://down.example")


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def records() -> FakeRecords:
    """Return an empty table."""
    return FakeRecords()


@pytest.fixture
def objects(clock: Clock) -> FakeObjects:
    """Return an empty bucket."""
    return FakeObjects(clock)


@pytest.fixture
def uploads(records: FakeRecords, objects: FakeObjects, clock: Clock) -> Uploads:
    """Return the sender's side."""
    return Uploads(records=records, objects=objects, settings=SETTINGS, now=clock, random=_random())


@pytest.fixture
def downloads(records: FakeRecords, objects: FakeObjects, clock: Clock) -> Downloads:
    """Return the recipient's side, on the same table and bucket."""
    return Downloads(
        records=records, objects=objects, settings=SETTINGS, now=clock, random=_random(), pause=lambda _: None
    )


@pytest.fixture
def arrivals(records: FakeRecords, objects: FakeObjects, clock: Clock) -> Arrivals:
    """Return S3's side, likewise."""
    return Arrivals(records=records, objects=objects, public=False, now=clock)


@pytest.fixture
def alerts() -> FakeAlerts:
    """Return a topic that nothing was published on."""
    return FakeAlerts()


@pytest.fixture
def reporting(records: FakeRecords, alerts: FakeAlerts, downloads: Downloads, clock: Clock) -> Reporting:
    """Return the reporter's side, likewise."""
    return Reporting(records=records, alerts=alerts, known=downloads.known, now=clock, random=_random())


@pytest.fixture
def takedowns() -> FakeTakedowns:
    """Return a takedown function that nobody has called."""
    return FakeTakedowns()


@pytest.fixture
def operators(records: FakeRecords, objects: FakeObjects, clock: Clock) -> Operators:
    """Return the operator's side, likewise."""
    return Operators(records=records, objects=objects, settings=SETTINGS, now=clock, random=_random())


@pytest.fixture
def sweeping(records: FakeRecords, objects: FakeObjects, clock: Clock) -> Sweeping:
    """Return the schedule's side, likewise."""
    return Sweeping(records=records, objects=objects, now=clock)


@pytest.fixture
def access(records: FakeRecords, clock: Clock) -> Access:
    """Return a door that is open."""
    return Access(records=records, settings=SETTINGS, passphrase=lambda: "", now=clock, pause=lambda _: None)


def _random() -> Callable[[int], bytes]:
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")

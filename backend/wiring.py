"""The real table, bucket and topic, and the services on them: one of each for the life of a function.

Each service is imported where it is made, so that a cold start loads only what its request or event needs.
"""

# ruff: noqa: PLC0415

import os
import time
from functools import cache
from typing import TYPE_CHECKING

from backend.aws.bucket import Objects
from backend.aws.cdn import Edge
from backend.aws.secret import Secret
from backend.aws.table.records import Records
from backend.aws.takedown_function import Takedowns
from backend.aws.topic import Alerts
from backend.settings import settings

if TYPE_CHECKING:
    from backend.services.arriving import Arrivals
    from backend.services.expiring import Sweeping
    from backend.services.operating import Operators
    from backend.services.receiving import Downloads
    from backend.services.reporting import Reporting
    from backend.services.sending import Uploads
    from backend.services.signing_in import Access


@cache
def table() -> Records:
    """Return the transfers table that the settings name."""
    return Records(settings().table_name)


@cache
def topic() -> Alerts:
    """Return the topic for the operator that the settings name."""
    return Alerts(settings().alerts_topic_arn)


@cache
def takedowns() -> Takedowns:
    """Return the takedown function that the settings name, which web alone may call."""
    return Takedowns(settings().takedown_function)


@cache
def bucket() -> Objects:
    """Return the bucket that the settings name, behind CloudFront where they name that."""
    found = settings()
    origin, arn, key_id = found.downloads_origin, found.downloads_key_arn, found.downloads_key_id
    return Objects(found.bucket_name, Edge(origin, key_arn=arn, key_id=key_id, now=time.time) if origin else None)


@cache
def passphrase() -> Secret:
    """Return the operator's passphrase, which web alone may read."""
    return Secret(settings().passphrase_secret, now=time.monotonic)


@cache
def sending() -> "Uploads":
    """Return the sender's side."""
    from backend.services.sending import Uploads

    return Uploads(records=table(), objects=bucket(), settings=settings(), now=time.time, random=os.urandom)


@cache
def receiving() -> "Downloads":
    """Return the recipient's side."""
    from backend.services.receiving import Downloads

    return Downloads(
        records=table(), objects=bucket(), settings=settings(), now=time.time, random=os.urandom, pause=time.sleep
    )


@cache
def arriving() -> "Arrivals":
    """Return S3's side."""
    from backend.services.arriving import Arrivals

    return Arrivals(records=table(), objects=bucket(), public=settings().public_downloads, now=time.time)


@cache
def expiring() -> "Sweeping":
    """Return the schedule's side."""
    from backend.services.expiring import Sweeping

    return Sweeping(records=table(), objects=bucket(), now=time.time)


@cache
def operating() -> "Operators":
    """Return the operator's side, as far as the function's role may go: takedown's reaches the evidence, web's not."""
    from backend.services.operating import Operators

    return Operators(records=table(), objects=bucket(), settings=settings(), now=time.time, random=os.urandom)


@cache
def signing_in() -> "Access":
    """Return the operator's door."""
    from backend.services.signing_in import Access

    return Access(records=table(), settings=settings(), passphrase=passphrase(), now=time.time, pause=time.sleep)


@cache
def reporting() -> "Reporting":
    """Return the reporter's side."""
    from backend.services.reporting import Reporting

    return Reporting(records=table(), alerts=topic(), known=receiving().known, now=time.time, random=os.urandom)

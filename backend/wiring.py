"""The real table, bucket and topic, one of each for the life of a function."""

import time
from functools import cache

from backend.aws.bucket import Objects
from backend.aws.cdn import Edge
from backend.aws.secret import Secret
from backend.aws.table.records import Records
from backend.aws.takedown_function import Takedowns
from backend.aws.topic import Alerts
from backend.settings import settings


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

"""The real table and bucket, one of each for the life of a function."""

from functools import cache

from backend.objects import Objects
from backend.records import Records
from backend.settings import settings


@cache
def table() -> Records:
    """Return the transfers table that the settings name."""
    return Records(settings().table_name)


@cache
def bucket() -> Objects:
    """Return the bucket that the settings name."""
    return Objects(settings().bucket_name)

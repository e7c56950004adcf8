"""The real table and bucket, one of each for the life of a function."""

import time
from functools import cache

from backend.headers import Origins
from backend.objects import Objects
from backend.records import Records
from backend.secret import Secret
from backend.settings import settings


@cache
def table() -> Records:
    """Return the transfers table that the settings name."""
    return Records(settings().table_name)


@cache
def bucket() -> Objects:
    """Return the bucket that the settings name."""
    return Objects(settings().bucket_name)


@cache
def passphrase() -> Secret:
    """Return the operator's passphrase, which web alone may read."""
    return Secret(settings().passphrase_secret, now=time.monotonic)


@cache
def origins() -> Origins:
    """Return whom pages talk to beside our own server: the bucket, and where people with accounts sign in."""
    origin = bucket().origin()
    return Origins(uploads=origin, downloads=origin, sign_in=settings().sign_in_address)

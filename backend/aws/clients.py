"""AWS clients, made by botocore: boto3's own core, without the transfer manager and the resources that it also imports.

Those are never used here and cost a fifth of a cold start (`python -m bench.cold_start` counts).
"""

from functools import cache
from threading import Lock
from typing import Any

import botocore
from botocore.config import Config
from botocore.session import Session, get_session

# The first version that supports request_checksum_calculation and CompleteMultipartUpload's MpuObjectSize; 1.35.99
# supports neither.
# `make test` also runs the functions' tests with exactly this one (requirements/oldest.in).
OLDEST_BOTOCORE = (1, 36, 0)

# A session makes one client at a time; where many threads begin at once, each may want one.
_making = Lock()


def botocore_version() -> str:
    """Return the version of botocore, which comes with the Lambda runtime and depends on the region.

    Raises `RuntimeError` if it is too old, before the first call fails because of it.
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html#python-sdk-included
    """
    found = botocore.__version__
    if tuple(map(int, found.split(".")[:3])) < OLDEST_BOTOCORE:
        needed = ".".join(map(str, OLDEST_BOTOCORE))
        raise RuntimeError(
            f"Sidestep cannot start: it needs botocore {needed} or newer, and this Lambda runtime brings {found}; set "
            "the function's runtime management to Auto to get a newer runtime version, or add botocore to "
            "requirements/lambda.in, regenerate its lock and deploy again"
        )
    return found


def client(service: str, config: Config) -> Any:
    """Return a client with the session's credentials, region and endpoint."""
    with _making:
        return session().create_client(service, config=config)


@cache
def session() -> Session:
    """Return the session that all clients are made by; its credentials, region and endpoint are the runtime's own."""
    return get_session()

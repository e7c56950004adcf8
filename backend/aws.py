"""AWS clients, made by botocore: boto3's own core, without the transfer manager and the resources that it also imports.

Those are never used here and cost a fifth of a cold start (`python -m bench.cold_start` counts).
"""

from functools import cache
from threading import Lock
from typing import Any

from botocore.config import Config
from botocore.session import Session, get_session

# A session makes one client at a time; where many threads begin at once, each may want one.
_making = Lock()


def client(service: str, config: Config) -> Any:
    """Return a client with the session's credentials, region and endpoint."""
    with _making:
        return session().create_client(service, config=config)


@cache
def session() -> Session:
    """Return the session that all clients are made by; its credentials, region and endpoint are the runtime's own."""
    return get_session()

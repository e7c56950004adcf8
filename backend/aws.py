"""AWS clients, made by botocore: boto3's own core, without the transfer manager and the resources that it also imports.

Those are never used here and cost a fifth of a cold start (`python -m bench.cold_start` counts).
"""

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import Session, get_session


def client(service: str, config: Config) -> Any:
    """Return a client with the runtime's own credentials, region and endpoint."""
    return _session().create_client(service, config=config)


@cache
def _session() -> Session:
    return get_session()

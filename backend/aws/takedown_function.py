"""Calls of the takedown function: the only Lambda code."""

import json
from functools import cached_property
from typing import Any

from botocore.config import Config

from backend.aws.clients import client


class Takedowns:
    """The function that moves what is blocked to the evidence. Whoever calls it does not wait for it."""

    def __init__(self, function: str) -> None:
        """Take the function's name; credentials, region and endpoint are the runtime's."""
        self.function = function

    @cached_property
    def _lambda(self) -> Any:
        config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
        return client("lambda", config)

    def begin(self, transfer: str) -> None:
        """Have the evidence of a blocked transfer secured. Lambda calls again twice where that fails."""
        event = json.dumps({"transfer": transfer}).encode()
        self._lambda.invoke(FunctionName=self.function, InvocationType="Event", Payload=event)

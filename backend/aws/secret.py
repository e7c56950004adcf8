"""A secret of Secrets Manager: the only code that reads one."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from botocore.config import Config

from backend.aws.clients import client

# Whoever changes the secret waits so long until every worker knows.
KEPT_SECONDS = 60


class Secret:
    """A secret's text, read at the first call and again after a minute. `now` gives seconds."""

    def __init__(self, name: str, *, now: Callable[[], float]) -> None:
        """Take its ARN; credentials, region and endpoint are the runtime's."""
        self.name = name
        self._now = now
        self._known: tuple[float, str] | None = None

    def __call__(self) -> str:
        """Return the text that it has, or had a minute ago at the most."""
        if self._known is None or self._now() >= self._known[0]:
            text = self._manager.get_secret_value(SecretId=self.name)["SecretString"]
            self._known = (self._now() + KEPT_SECONDS, text)
        return self._known[1]

    @cached_property
    def _manager(self) -> Any:
        config = Config(connect_timeout=2, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 4})
        return client("secretsmanager", config)

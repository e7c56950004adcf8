"""Word to the operator: the only SNS code."""

from functools import cached_property
from typing import Any

from botocore.config import Config

from backend.aws.clients import client


class Alerts:
    """One SNS topic. Who hears of it is the operator's to say, by its subscriptions."""

    def __init__(self, topic: str) -> None:
        """Take the topic's ARN; credentials, region and endpoint are the runtime's."""
        self.topic = topic

    @cached_property
    def _sns(self) -> Any:
        config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
        return client("sns", config)

    def send(self, subject: str, text: str) -> None:
        """Publish a message. Mail takes a subject of at most 100 ASCII characters, SNS a text of 256 KB."""
        self._sns.publish(TopicArn=self.topic, Subject=subject, Message=text)

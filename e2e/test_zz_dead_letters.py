"""What cannot be handled is kept. The last file of the run: three tries take a minute, in which other tests run."""

import json
from typing import Any

from e2e.cloud import Cloud, eventually


def test_dead_letters_hold_the_message_that_failed_three_times(cloud: Cloud, marker: str) -> None:
    """And none that did not: whoever looks finds what to redrive."""
    sqs = cloud.client("sqs")
    found: list[Any] = []

    def dead() -> bool:
        letters = sqs.receive_message(QueueUrl=cloud.outputs["DeadLetters"], MaxNumberOfMessages=10).get("Messages", [])
        found.extend(json.loads(letter["Body"]) for letter in letters)
        return any(record.get("marker") == marker for letter in found for record in letter["Records"])

    eventually(dead, seconds=150)
    assert all(any("marker" in record for record in letter["Records"]) for letter in found)

"""What cannot be handled is kept, and can be tried again.

The last file of the run: three tries take a minute, in which other tests run.
"""

import json
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

from e2e.cloud import ROOT, Cloud, eventually
from e2e.sending import begin, put, status, stored


def test_dead_letters_hold_the_message_that_failed_three_times(cloud: Cloud, marker: str) -> None:
    """And none that did not: whoever looks finds what to redrive."""
    sqs = cloud.client("sqs")
    found: list[Any] = []

    def dead() -> bool:
        letters = sqs.receive_message(
            QueueUrl=cloud.outputs["DeadLetters"], MaxNumberOfMessages=10, VisibilityTimeout=0
        ).get("Messages", [])
        found.extend(json.loads(letter["Body"]) for letter in letters)
        return any(record.get("marker") == marker for letter in found for record in letter["Records"])

    eventually(dead, seconds=150)
    assert all(any("marker" in record for record in letter["Records"]) for letter in found)


def test_redriving_gives_a_file_its_link_whose_event_is_among_the_dead_letters(cloud: Cloud) -> None:
    """`make redrive` moves all of them, says how many, and what can be handled now is."""
    bucket, sqs = cloud.outputs["Bucket"], cloud.client("sqs")
    events = cloud.s3.get_bucket_notification_configuration(Bucket=bucket)
    events.pop("ResponseMetadata")
    cloud.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    transfer = begin(cloud, b"lost", sign=1)
    put(cloud, transfer["urls"][0], b"lost")
    cloud.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=events)
    assert status(cloud, transfer)["state"] != "ready"
    letter = {"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": f"files/{transfer['id']}/1"}}}]}
    sqs.send_message(QueueUrl=cloud.outputs["DeadLetters"], MessageBody=json.dumps(letter))

    count = {"QueueUrl": cloud.outputs["DeadLetters"], "AttributeNames": ["ApproximateNumberOfMessages"]}
    letters = sqs.get_queue_attributes(**count)["Attributes"]["ApproximateNumberOfMessages"]

    command = [sys.executable, "-m", "infra.aws", "redrive", "--port", str(urlsplit(cloud.address).port)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.endswith(f"Dead letters put back to be tried again: {letters}\n")
    assert sqs.get_queue_attributes(**count)["Attributes"]["ApproximateNumberOfMessages"] == "0"
    stored(cloud, transfer)

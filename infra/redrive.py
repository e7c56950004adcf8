"""What `make redrive` runs: it moves dead letters back to the arrivals queue, where they get all their tries again."""

from __future__ import annotations

import os
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra import steps
from infra.outputs import outputs_of

BATCH = 10
# Long enough for SQS to ask all of its servers, and not only some.
WAIT_SECONDS = 1


def redrive(sqs: Any, dead_letters: str, arrivals: str) -> int:
    """Move all letters and return how many; one that dies again meanwhile stays. Raises Trouble if SQS refuses one.

    Each is sent before it is deleted, so one may come twice, which harms nothing, and none is lost. SQS can do this by
    itself (StartMessageMoveTask), but the local cloud cannot, and one way is enough.
    """
    sent: set[str] = set()
    while True:
        found = sqs.receive_message(QueueUrl=dead_letters, MaxNumberOfMessages=BATCH, WaitTimeSeconds=WAIT_SECONDS)
        letters = [letter for letter in found.get("Messages", []) if letter["MessageId"] not in sent]
        if not letters:
            return len(sent)
        entries = [{"Id": str(number), "MessageBody": letter["Body"]} for number, letter in enumerate(letters)]
        answer = sqs.send_message_batch(QueueUrl=arrivals, Entries=entries)
        done = answer.get("Successful", [])
        sent |= {entry["MessageId"] for entry in done}
        if done:
            gone = [{"Id": entry["Id"], "ReceiptHandle": letters[int(entry["Id"])]["ReceiptHandle"]} for entry in done]
            sqs.delete_message_batch(QueueUrl=dead_letters, Entries=gone)
        if answer.get("Failed"):
            raise steps.Trouble(f"After {len(sent)} dead letters SQS took no more: {answer['Failed'][0]['Message']}")


def main() -> int:
    """Redrive the deployed stack's dead letters, in the region that CDK would deploy to. Raises Trouble."""
    try:
        session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
        outputs = outputs_of(session.client("cloudformation"))
        moved = redrive(session.client("sqs"), outputs["DeadLetters"], outputs["Arrivals"])
    except (BotoCoreError, ClientError) as error:
        raise steps.Trouble(f"The dead letters could not be tried again: {error}") from None
    print(f"Dead letters put back to be tried again: {moved}")
    return 0


if __name__ == "__main__":
    steps.run_entry(main)

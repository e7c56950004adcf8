"""What the operator relies on: alarms, dead letters, takedowns, and the sweep of expired transfers."""

import json
import os
import time
from http import HTTPStatus
from typing import Any

from backend.aws.table.items import file_key
from e2e import sending
from e2e.cloud import eventually
from e2e.expiring import expire, sweep
from e2e.listening import heard, listening
from e2e.verify.report import Check, NotTriedError, came
from e2e.verify.target import PATIENCE_SECONDS, Target
from infra.aws import STACK
from infra.config import SWEEP_SCHEDULE
from infra.redrive import redrive

BODY = b"of make verify"
SCHEDULED = f"ENABLED {SWEEP_SCHEDULE}"
# What the operator reads, who gets the alarm, too.
REASON = "make verify tests whether this alarm reaches its subscribers. Nothing is wrong."


def alarm(target: Target) -> str:
    """Set off an alarm by hand and listen to the topic: only this shows that CloudWatch may use the topic and its key.

    The alarm must not be in ALARM yet, since only a change of state is published. CloudWatch then corrects the state.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
    """
    cloudwatch = target.cloud.client("cloudwatch")
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"{STACK}-")["MetricAlarms"]
    quiet = [each for each in alarms if each["StateValue"] != "ALARM"]
    if not quiet:
        raise NotTriedError("every alarm is in ALARM already: docs/runbook.md says what to do")
    name, before = quiet[0]["AlarmName"], quiet[0]["StateValue"]
    with listening(target.cloud, target.cloud.outputs["Alarms"]) as queue:
        began = time.monotonic()
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=REASON)
        try:
            eventually(lambda: name in _names(heard(target.cloud, queue)), PATIENCE_SECONDS)
        finally:
            cloudwatch.set_alarm_state(AlarmName=name, StateValue=before, StateReason=REASON)
    return f"{name} received after {time.monotonic() - began:.1f} s"


def _names(messages: list[Any]) -> list[str]:
    """Return the names of the alarms in messages; people's reports use the same topic."""
    alarms = [json.loads(each["Message"]) for each in messages if each.get("Subject", "").startswith("ALARM")]
    return [each["AlarmName"] for each in alarms]


def redriven(target: Target) -> str:
    """Put a file's event into the dead-letter queue and get its link with `make redrive`.

    Set its record back to pending first, as if its event had never been handled.
    """
    sqs, outputs = target.cloud.client("sqs"), target.cloud.outputs
    _no_dead_letters(target)
    transfer = target.send(BODY)
    target.cloud.client("dynamodb").update_item(
        TableName=outputs["Table"],
        Key={"pk": {"S": transfer["id"]}, "sk": {"S": file_key(1)}},
        UpdateExpression="SET #state = :pending",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":pending": {"S": "pending"}},
    )
    letter = {"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": f"files/{transfer['id']}/1"}}}]}
    sqs.send_message(QueueUrl=outputs["DeadLetters"], MessageBody=json.dumps(letter))
    moved = eventually(lambda: redrive(sqs, outputs["DeadLetters"], outputs["Arrivals"]), PATIENCE_SECONDS)
    eventually(lambda: sending.status(target.cloud, transfer)["files"][0]["state"] == "stored", PATIENCE_SECONDS)
    return came(f"{moved} moved, its file stored", ok=moved == 1)


def _no_dead_letters(target: Target) -> None:
    """Raise `NotTriedError` if there are other dead letters: only the operator decides about those."""
    found = target.cloud.client("sqs").get_queue_attributes(
        QueueUrl=target.cloud.outputs["DeadLetters"],
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )
    if any(count != "0" for count in found["Attributes"].values()):
        raise NotTriedError("there are dead letters already: docs/runbook.md says what to do")


def died(target: Target) -> str:
    """Send the links function an event that it cannot handle, and find it in the dead-letter queue.

    Alarms tell the operator, as they should.
    """
    if not target.slow:
        raise NotTriedError("takes as long as all tries of a message: make verify SLOW=1")
    sqs, outputs = target.cloud.client("sqs"), target.cloud.outputs
    _no_dead_letters(target)
    arrivals = sqs.get_queue_attributes(
        QueueUrl=outputs["Arrivals"], AttributeNames=["RedrivePolicy", "VisibilityTimeout"]
    )["Attributes"]
    tries = int(json.loads(arrivals["RedrivePolicy"])["maxReceiveCount"])
    seconds = tries * int(arrivals["VisibilityTimeout"]) + PATIENCE_SECONDS
    marker = f"verify-{os.urandom(8).hex()}"
    body = json.dumps({"Records": [{"eventSource": "aws:s3", "marker": marker}]})
    sqs.send_message(QueueUrl=outputs["Arrivals"], MessageBody=body)
    began = time.monotonic()

    def taken() -> bool:
        found = sqs.receive_message(QueueUrl=outputs["DeadLetters"], VisibilityTimeout=5, WaitTimeSeconds=5)
        ours = [letter for letter in found.get("Messages", []) if marker in letter["Body"]]
        for letter in ours:
            sqs.delete_message(QueueUrl=outputs["DeadLetters"], ReceiptHandle=letter["ReceiptHandle"])
        return bool(ours)

    eventually(taken, seconds)
    return f"a dead letter after {time.monotonic() - began:.0f} s"


def taken_down(target: Target) -> str:
    """Block a transfer: its page, its link and an earlier signed URL stop working, and the evidence is kept."""
    operators, transfer = target.operators, target.send(BODY)
    given = target.location_of(transfer)
    operators.take_down(transfer["id"])
    statuses = [
        target.cloud.call("GET", path).status for path in (f"t/{transfer['id']}", f"t/{transfer['id']}/files/1", given)
    ]
    kept = len(target.cloud.keys(transfer["id"], among="evidence"))
    gone = (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN)  # CloudFront may not list, so S3 tells it less
    ok = statuses[:2] == [HTTPStatus.GONE] * 2 and statuses[2] in gone and kept == 1
    return came(f"{statuses[0]}, {statuses[1]}, {statuses[2]}, {kept} kept", ok=ok)


def given_back(target: Target) -> str:
    """Undo a takedown."""
    operators, transfer = target.operators, target.send(BODY)
    operators.take_down(transfer["id"])
    operators.restore(transfer["id"])
    got, kept = target.get(transfer), len(target.cloud.keys(transfer["id"], among="evidence"))
    same = got.status == HTTPStatus.OK and got.data == BODY
    return came(f"{got.status}, {len(got.data)} bytes, {kept} kept", ok=same and kept == 0)


def erased(target: Target) -> str:
    """Erase a blocked transfer."""
    operators, transfer = target.operators, target.send(BODY)
    operators.take_down(transfer["id"])
    operators.erase(transfer["id"])
    status = target.cloud.call("GET", f"t/{transfer['id']}").status
    exists = target.exists(transfer)
    text = f"{status}, {'something' if exists else 'nothing'} left"
    return came(text, ok=status == HTTPStatus.NOT_FOUND and not exists)


def swept(target: Target) -> str:
    """Let a transfer expire, and call the function that the schedule calls.

    The function finds expired transfers through an index, which usually lags the table by less than a second.
    """
    transfer = target.send(BODY)
    expire(target.cloud, transfer)
    status = target.cloud.call("GET", f"t/{transfer['id']}").status

    def gone() -> bool:
        assert sweep(target.cloud)["failed"] == 0, "some transfers could not be swept"
        return not target.exists(transfer)

    eventually(gone, PATIENCE_SECONDS)
    return came(f"{status}, then nothing left", ok=status == HTTPStatus.GONE)


def schedule(target: Target) -> str:
    """Check that the schedule calls the sweep."""
    events = target.cloud.client("events")
    name = target.cloud.outputs["SweepFunction"]
    function = target.cloud.client("lambda").get_function_configuration(FunctionName=name)
    rules = events.list_rule_names_by_target(TargetArn=function["FunctionArn"])["RuleNames"]
    described = [events.describe_rule(Name=rule) for rule in rules]
    text = ", ".join(f"{rule['State']} {rule['ScheduleExpression']}" for rule in described)
    return came(text or "no rule", ok=text == SCHEDULED)


CHECKS = (
    Check("An alarm set off by hand", "a subscriber of the topic gets it", alarm),
    Check("Redriving a dead letter", "1 moved, its file stored", redriven),
    Check("Takedown", "page and link 410, an earlier URL 403 or 404, 1 file kept", taken_down),
    Check("Undoing a takedown", "200, the same bytes, none kept", given_back),
    Check("Erasing a blocked transfer", "404, nothing left", erased),
    Check("The sweep of an expired transfer", "410, then nothing left", swept),
    Check("The schedule of the sweep", SCHEDULED, schedule),
)
SLOW_CHECKS = (Check("An event that cannot be handled", "a dead letter after all its tries", died),)

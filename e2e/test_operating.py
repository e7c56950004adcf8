"""What an operator relies on: alarms are heard, and deploying again what is deployed changes nothing."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from e2e.cloud import Cloud, eventually
from infra import local, steps


def test_an_alarm_is_heard_by_whoever_subscribed(cloud: Cloud) -> None:
    """By its name, with the entry of the runbook."""
    sqs, topic = cloud.client("sqs"), cloud.outputs["Alarms"]
    queue = sqs.create_queue(QueueName="operator")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    let_in = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [let_in]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    alarm = {"AlarmName": "Sidestep-dead-letters", "StateReason": "a test"}
    cloudwatch = cloud.client("cloudwatch")
    cloudwatch.set_alarm_state(StateValue="ALARM", **alarm)

    def heard() -> Any:
        messages = sqs.receive_message(QueueUrl=queue).get("Messages", [])
        return [json.loads(json.loads(message["Body"])["Message"]) for message in messages]

    (told,) = eventually(heard)
    assert told["AlarmName"] == "Sidestep-dead-letters"
    assert told["AlarmDescription"].endswith("docs/runbook.md, under “Dead letters”.")
    cloudwatch.set_alarm_state(StateValue="OK", **alarm)
    sqs.delete_queue(QueueUrl=queue)


# What the tests' cloud has other settings for than a user's, see `conftest.cloud`, and what functions read them from.
SET = {
    "max_transfers_per_day": "MAX_TRANSFERS_PER_DAY",
    "max_transfers_per_day_per_sender": "MAX_TRANSFERS_PER_DAY_PER_SENDER",
    "log_level": "POWERTOOLS_LOG_LEVEL",
}


def test_a_second_deployment_changes_nothing(cloud: Cloud, tmp_path: Path) -> None:
    """The stack made anew from the same files is the one that is there, down to the hash of the functions' code."""
    port = urlsplit(cloud.address).port
    assert port
    assembly = tmp_path / "cdk.out"

    def cdk(what: str, *options: str | Path) -> str:
        command = [steps.CDK, what, *options, "--ci", "--no-color", "--no-notices", "--no-version-reporting"]
        done = subprocess.run(
            command,
            cwd=steps.ROOT,
            env=local.environment(os.environ, port),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    app = f"{steps.PYTHON} -m infra.app"
    told = cloud.client("lambda").get_function_configuration(FunctionName=cloud.outputs["WebFunction"])
    ours = [f"{name}={told['Environment']['Variables'][variable]}" for name, variable in SET.items()]
    settings = steps.context([f"local_port={port}", *ours])
    cdk("diff", "--fail", "--app", app, *settings, "--output", assembly)
    said = cdk("deploy", "--app", assembly, "--require-approval", "never")
    assert "Sidestep (no changes)" in said

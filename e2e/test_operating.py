"""What an operator relies on: alarms are heard, and deploying again what is deployed changes nothing."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from e2e.cloud import Cloud, eventually
from infra import deployment, local, steps


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


def test_a_second_deployment_changes_nothing(cloud: Cloud, tmp_path: Path) -> None:
    """The stack made anew, with the settings that it records, is the one that is there, down to the functions' code."""
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
    recorded = deployment.deployed_settings(cloud.client("cloudformation"))
    assert recorded
    assert recorded["upload_access"] == "open"
    settings = steps.context([f"local_port={port}", *(f"{name}={value}" for name, value in recorded.items())])
    cdk("diff", "--fail", "--app", app, *settings, "--output", assembly)
    said = cdk("deploy", "--app", assembly, "--require-approval", "never")
    assert "Sidestep (no changes)" in said

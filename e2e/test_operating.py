"""What an operator relies on: alarms are heard, and deploying again what is deployed changes nothing."""

import json
import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from e2e.cloud import Cloud, eventually
from e2e.listening import heard, listening
from infra import deployment, local, steps


def test_an_alarm_is_heard_by_whoever_subscribed(cloud: Cloud) -> None:
    """By its name, with the entry of the runbook."""
    alarm = {"AlarmName": "Sidestep-dead-letters", "StateReason": "a test"}
    cloudwatch = cloud.client("cloudwatch")
    with listening(cloud, cloud.outputs["Alarms"]) as queue:
        cloudwatch.set_alarm_state(StateValue="ALARM", **alarm)
        (message,) = eventually(lambda: heard(cloud, queue))
        told = json.loads(message["Message"])
        assert told["AlarmName"] == "Sidestep-dead-letters"
        assert told["AlarmDescription"].endswith("docs/runbook.md, under “Dead letters”.")
        cloudwatch.set_alarm_state(StateValue="OK", **alarm)


def test_a_second_deployment_changes_nothing(cloud: Cloud, tmp_path: Path) -> None:
    """Synthesizing the stack again, with its recorded settings, gives the deployed one, down to the functions' code."""
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

"""Nothing that cdk-nag and checkov find in what AWS gets is open; what is accepted says why (infra/findings.py)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from infra import steps
from infra.config import Config
from infra.tests.conftest import Stack, Synth
from infra.tests.test_edge import CLOUDFRONT, NAMED

SETTINGS = {
    "as it comes": Config(),
    "accounts": Config(upload_access="cognito", alert_email="ops@example.com"),
    "CloudFront": CLOUDFRONT,
    "CloudFront and domain names": NAMED,
    "public downloads": Config(public_downloads=True),
}


@pytest.fixture(scope="module")
def stacks(synth: Synth) -> dict[str, Stack]:
    """Return what AWS gets as it comes, and with each of the settings that bring more of it."""
    return {name: synth(config) for name, config in SETTINGS.items()}


@pytest.mark.parametrize("name", SETTINGS)
def test_cdk_nag_finds_nothing_open(stacks: dict[str, Stack], name: str) -> None:
    """The pack AwsSolutions, warnings too."""
    from cdk_nag import AwsSolutionsChecks  # noqa: PLC0415 - as CDK in conftest.py

    report = AwsSolutionsChecks().validate_scope(stacks[name].construct)
    found = [f"{each.rule_name} {at.construct_path}" for each in report.violations for at in each.violating_resources]
    assert not found, "\n".join(found)


def test_checkov_finds_nothing_open(stacks: dict[str, Stack], tmp_path: Path) -> None:
    """All its rules for CloudFormation; it asks nobody else."""
    if not steps.CHECKOV.exists():
        pytest.fail("checkov is not there: `make test` brings it.")
    for name, stack in stacks.items():
        Path(tmp_path, f"{name.replace(' ', '-')}.json").write_text(json.dumps(stack.template))
    options = ["--framework", "cloudformation", "--skip-download", "--output", "json"]
    done = subprocess.run(
        [steps.CHECKOV, "--directory", tmp_path, *options], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    report = json.loads(done.stdout)
    failed = report["results"]["failed_checks"]
    found = [f"{each['check_id']} {each['file_path']} {each['resource']}" for each in failed]
    assert not found, "\n".join(found)
    assert report["results"]["parsing_errors"] == []
    assert report["summary"]["resource_count"] == sum(len(stack.template["Resources"]) for stack in stacks.values())

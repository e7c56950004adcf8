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


@pytest.fixture(
    scope="module",
    params=[Config(), CLOUDFRONT, NAMED, Config(public_downloads=True)],
    ids=["as it comes", "CloudFront", "CloudFront and domain names", "public downloads"],
)
def aws(request: pytest.FixtureRequest, synth: Synth) -> Stack:
    """Return what AWS gets, also with the settings that bring more of it."""
    return synth(request.param)


def test_cdk_nag_finds_nothing_open(aws: Stack) -> None:
    """The pack AwsSolutions, warnings too."""
    from cdk_nag import AwsSolutionsChecks  # noqa: PLC0415 - as CDK in conftest.py

    report = AwsSolutionsChecks().validate_scope(aws.construct)
    found = [(each.rule_name, at.construct_path) for each in report.violations for at in each.violating_resources]
    assert found == []


def test_checkov_finds_nothing_open(aws: Stack, tmp_path: Path) -> None:
    """All its rules for CloudFormation; it asks nobody else."""
    if not steps.CHECKOV.exists():
        pytest.fail("checkov is not there: `make test` brings it.")
    template = tmp_path / "template.json"
    template.write_text(json.dumps(aws.template))
    options = ["--framework", "cloudformation", "--skip-download", "--output", "json"]
    done = subprocess.run(
        [steps.CHECKOV, "--file", template, *options], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    report = json.loads(done.stdout)
    assert [(each["check_id"], each["resource"]) for each in report["results"]["failed_checks"]] == []
    assert report["results"]["parsing_errors"] == []
    assert report["summary"]["resource_count"] == len(aws.template["Resources"])

"""cdk-nag, checkov and cfn-lint have no open findings in what AWS gets.

What is accepted says why (infra/findings.py).
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from botocore.session import get_session

from infra import steps
from infra.config import Config
from infra.tests.conftest import Stack, Synth
from infra.tests.test_edge import CLOUDFRONT, NAMED

# Reported long before CloudFormation rejects the template for its size, parameters, resources or outputs:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
NEAR_LIMITS = ("I1002", "I2010", "I3010", "I6010")
SETTINGS = {
    "as it comes": Config(),
    "accounts": Config(upload_access="cognito", alert_email="ops@example.com"),
    "an OpenID Connect provider": Config(
        upload_access="cognito",
        oidc_issuer="https://login.example.com",
        oidc_client_id="sidestep",
        oidc_client_secret_arn="arn:aws:secretsmanager:eu-central-1:111111111111:secret:oidc-AbCdEf",
    ),
    "open to all": Config(upload_access="open"),
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


@pytest.fixture(scope="module")
def templates(stacks: dict[str, Stack], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a template for each of them."""
    folder = tmp_path_factory.mktemp("templates")
    for name, stack in stacks.items():
        Path(folder, f"{name.replace(' ', '-')}.json").write_text(json.dumps(stack.template))
    return folder


def test_checkov_finds_nothing_open(stacks: dict[str, Stack], templates: Path) -> None:
    """All its rules for CloudFormation; it asks nobody else."""
    if not steps.CHECKOV.exists():
        pytest.fail("checkov is not there: `make test` brings it.")
    options = ["--framework", "cloudformation", "--skip-download", "--output", "json"]
    done = subprocess.run(
        [steps.CHECKOV, "--directory", templates, *options], capture_output=True, text=True, check=False, cwd=templates
    )
    report = json.loads(done.stdout)
    failed = report["results"]["failed_checks"]
    found = [f"{each['check_id']} {each['file_path']} {each['resource']}" for each in failed]
    assert not found, "\n".join(found)
    assert report["results"]["parsing_errors"] == []
    assert report["summary"]["resource_count"] == sum(len(stack.template["Resources"]) for stack in stacks.values())


def test_cfn_lint_finds_nothing_open(templates: Path) -> None:
    """No error and no warning in any region of AWS's main partition, offline, with the schemas that it ships."""
    program = steps.SECOND_BIN / "cfn-lint"
    if not program.exists():
        pytest.fail("cfn-lint is not there: `make test` brings it.")
    options = [
        "--format",
        "json",
        "--include-checks",
        *NEAR_LIMITS,
        "--regions",
        *get_session().get_available_regions("cloudformation"),
    ]
    done = subprocess.run(
        [program, *options, "--", *sorted(templates.iterdir())],
        capture_output=True,
        text=True,
        check=False,
        cwd=templates,
    )
    found = [
        f"{each['Rule']['Id']} {each['Filename']} {'/'.join(map(str, each['Location']['Path']))}: {each['Message']}"
        for each in json.loads(done.stdout)
    ]
    assert not found, "\n".join(found)
    assert done.returncode == 0, done.stderr

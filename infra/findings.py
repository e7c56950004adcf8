"""What cdk-nag and checkov find in the template and we keep as it is: said where it is caused, with the reason.

infra/tests/test_findings.py runs both; what is not accepted here fails it.
"""

from __future__ import annotations

from typing import Any, cast

from aws_cdk import Acknowledgment, CfnResource, Validations
from constructs import Construct

# https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html
CHECKOV = "checkov"


def accept(construct: Construct, reason: str, *findings: str) -> None:
    """Accept findings at a construct for a reason, which is one sentence.

    cdk-nag's (`AwsSolutions-S1`) are accepted below the construct, too; checkov's (`CKV_AWS_18`) at the very resource
    that the construct stands for.
    """
    of_checkov = [finding for finding in findings if finding.startswith("CKV_")]
    of_nag = [finding for finding in findings if finding not in of_checkov]
    Validations.of(construct).acknowledge(*(Acknowledgment(id=finding, reason=reason) for finding in of_nag))
    if of_checkov:
        resource = cast("CfnResource", construct.node.default_child or construct)
        before = cast("dict[str, list[Any]]", resource.get_metadata(CHECKOV) or {"skip": []})
        skips = [{"id": finding, "comment": reason} for finding in of_checkov]
        resource.add_metadata(CHECKOV, {"skip": [*before["skip"], *skips]})

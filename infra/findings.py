"""Accepts findings of cdk-nag, checkov and cfn-lint, at the construct that causes them and with the reason.

infra/tests/test_findings.py runs the three, and fails for any other finding.
"""

from __future__ import annotations

import re
from typing import Any, cast

from aws_cdk import Acknowledgment, CfnResource, Validations
from constructs import Construct

# https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html
CHECKOV = "checkov"
# https://github.com/aws-cloudformation/cfn-lint#metadata
CFN_LINT = "cfn-lint"


def accept(construct: Construct, reason: str, *findings: str) -> None:
    """Accept findings at a construct for a reason, which is one sentence.

    cdk-nag's (`AwsSolutions-S1`) are accepted below the construct, too; checkov's (`CKV_AWS_18`) and cfn-lint's
    (`W3005`) at the very resource that the construct stands for.
    """
    of_checkov = [finding for finding in findings if finding.startswith("CKV_")]
    of_cfn_lint = [finding for finding in findings if re.fullmatch(r"[EWI]\d{4}", finding)]
    of_nag = [finding for finding in findings if finding not in of_checkov + of_cfn_lint]
    Validations.of(construct).acknowledge(*(Acknowledgment(id=finding, reason=reason) for finding in of_nag))
    resource = cast("CfnResource", construct.node.default_child or construct)
    if of_checkov:
        before = cast("dict[str, list[Any]]", resource.get_metadata(CHECKOV) or {"skip": []})
        skips = [{"id": finding, "comment": reason} for finding in of_checkov]
        resource.add_metadata(CHECKOV, {"skip": [*before["skip"], *skips]})
    if of_cfn_lint:
        known = cast(
            "dict[str, Any]", resource.get_metadata(CFN_LINT) or {"config": {"ignore_checks": []}, "reasons": {}}
        )
        ignored = [*known["config"]["ignore_checks"], *of_cfn_lint]
        reasons = {**known["reasons"], **dict.fromkeys(of_cfn_lint, reason)}
        resource.add_metadata(CFN_LINT, {"config": {"ignore_checks": ignored}, "reasons": reasons})

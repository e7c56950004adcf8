"""What the deployed stack says of itself, on AWS and in the local cloud alike."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from infra import steps
from infra.aws import STACK


def outputs_of(cloudformation: Any) -> dict[str, str]:
    """Return the stack's outputs, as a client of CloudFormation tells them. Raises Trouble where there is no stack."""
    try:
        (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ValidationError":
            raise steps.Trouble(
                f"There is no stack {STACK} here; is it the right account and region, and `make deploy` done?"
            ) from error
        raise
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

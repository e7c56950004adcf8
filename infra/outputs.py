"""The outputs of the deployed stack, on AWS or in the local cloud."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from infra import steps
from infra.aws import STACK


def stack_of(cloudformation: Any) -> Any:
    """Return what CloudFormation tells of the stack, None where there is none. Raises what botocore does."""
    try:
        (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ValidationError":  # "Stack with id … does not exist"
            return None
        raise
    return stack


def outputs_of(cloudformation: Any) -> dict[str, str]:
    """Return the stack's outputs. Raises Trouble where there is no stack."""
    stack = stack_of(cloudformation)
    if stack is None:
        raise steps.Trouble(
            f"There is no stack {STACK} here; is it the right account and region, and `make deploy` done?"
        )
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

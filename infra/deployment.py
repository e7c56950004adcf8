"""What `make bootstrap`, `make deploy`, `make destroy` and `make diff` do once set-up has installed boto3.

They ask AWS for the account and what is deployed, ask the user before a setting changes, and call the CDK CLI.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from infra import settings, steps
from infra.aws import STACK, cdk
from infra.config import LINKS_CONCURRENCY, SENDERS_VISIT, Config, ConfigError, check_partition
from infra.outputs import stack_of

OUTPUTS = steps.ROOT / ".build" / "outputs.json"
# A stack in one of these has never been deployed, or is gone.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
NOT_DEPLOYED = ("REVIEW_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_COMPLETE")
# "Concurrent executions"; new accounts start with less than its default.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
CONCURRENCY_QUOTA = "L-B99A9384"
DEFAULT_CONCURRENCY = 1000


# ---- where we are ----


@dataclass(frozen=True)
class Place:
    """The account and region that everything goes to, and a session for them."""

    account: str
    region: str
    session: Any


def locate() -> Place:
    """Return the account and region. Raises Trouble if one is missing or in another partition."""
    try:
        # AWS's other tools read two variables for the region; boto3 reads only one.
        session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
        region = session.region_name
        if not region:
            raise steps.Trouble(
                "No region is set. Set one in AWS_REGION or your profile: AWS_REGION=eu-central-1 make …"
            )
        check_partition(f"The region {region}", session.get_partition_for_region(region))
        caller = session.client("sts").get_caller_identity()
        check_partition(f"The account {caller['Account']}", caller["Arn"].split(":")[1])
    except ConfigError as error:
        raise steps.Trouble(str(error)) from None
    except NoCredentialsError:
        raise steps.Trouble(
            "No AWS credentials were found. Run `aws configure`, or set AWS_PROFILE to a profile; see "
            "https://docs.aws.amazon.com/cli/latest/userguide/cli-chap-configure.html"
        ) from None
    except (BotoCoreError, ClientError) as error:
        raise steps.Trouble(f"AWS does not say whose credentials these are: {error}") from None
    place = Place(caller["Account"], region, session)
    print(f"AWS account {place.account}, region {place.region}", flush=True)
    return place


# ---- what is deployed ----


class UnknownSettings(Exception):  # noqa: N818 - it is a fact about the stack, not a fault
    """There is a stack, or may be, but its settings cannot be read; the text says why."""


def deployed_settings(cloudformation: Any) -> dict[str, str] | None:
    """Return the settings that the stack records, or None if there is no stack. Raises UnknownSettings and Trouble."""
    try:
        stack = stack_of(cloudformation)
    except (BotoCoreError, ClientError) as error:
        raise UnknownSettings(f"CloudFormation does not show the stack: {error}") from None
    if stack is None or stack["StackStatus"] in NOT_DEPLOYED:
        return None
    status = stack["StackStatus"]
    # A stack has no outputs while it changes.
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/outputs-section-structure.html
    if status.endswith("_IN_PROGRESS"):
        raise steps.Trouble(f"The stack {STACK} is being changed ({status}); try again when that has finished.")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    if "Settings" not in outputs:
        raise UnknownSettings("it was deployed by a version of Sidestep that did not record them")
    return cast("dict[str, str]", json.loads(outputs["Settings"]))


def confirm_changes(cloudformation: Any, config: Config, *, yes: bool) -> None:
    """Show which settings the deployment would change, and ask. Raises Trouble unless the user agrees."""
    try:
        deployed = deployed_settings(cloudformation)
    except UnknownSettings as reason:
        print(f"The deployed settings are not known: {reason}. This deployment sets:")
        for name, value in config.record().items():
            print(f"  {name}: {value}")
        print("  and all others to their defaults")
        _ask("Nothing was deployed.", yes=yes)
        return
    changes = [] if deployed is None else settings.changes(deployed, config)
    if not changes:
        return
    print("This deployment changes settings:")
    for change in changes:
        print(f"  {change}")
        if change.danger:
            print(f"    {change.danger}")
    kept = [settings.toml_line(change.name, change.old) for change in changes if change.new is not None]
    keep = f"To keep what is deployed, write into {settings.FILE.name}:"
    _ask("\n".join(["Nothing was deployed.", keep, *kept]), yes=yes)


def _ask(otherwise: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise steps.Trouble(f"There is no terminal to ask in. If this is what you want, add YES=1. {otherwise}")
    try:
        answer = input("Type yes to deploy: ")
    except EOFError:
        answer = ""
    if answer.strip().lower() != "yes":
        raise steps.Trouble(otherwise)


# ---- what the account allows ----


def tell_concurrency(lambda_: Any, config: Config, region: str) -> None:
    """Print how many functions may run at once, and warn if API Gateway lets more requests through; never fail."""
    try:
        limits = lambda_.get_account_settings()["AccountLimit"]
        total, free = limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]
    except (BotoCoreError, ClientError) as error:
        print(f"Could not read how many functions may run at once (lambda:GetAccountSettings): {error}")
        return
    print(f"Lambda concurrency in this account and region: {total}, of which {free} are not reserved.")
    needed = config.request_burst + LINKS_CONCURRENCY
    if free < needed:
        print(
            f"WARNING: these settings can need {needed}: {config.request_burst} for requests that come at once "
            f"(request_burst) and {LINKS_CONCURRENCY} for files that arrive. One first visit alone takes "
            f"{SENDERS_VISIT}. With less, pages load only partly and requests fail.\n"
            "AWS raises the limit on request, at no charge:\n"
            f"  aws service-quotas request-service-quota-increase --region {region} --service-code lambda"
            f" --quota-code {CONCURRENCY_QUOTA} --desired-value {DEFAULT_CONCURRENCY}"
        )


# ---- the targets ----


def bootstrap() -> int:
    """Create what CDK needs in the account and region. Raises Trouble."""
    place = locate()
    # In a folder without cdk.json: with it, the CLI would synthesize the app first, although it has account and region.
    OUTPUTS.parent.mkdir(exist_ok=True)
    if cdk("bootstrap", f"aws://{place.account}/{place.region}", folder=OUTPUTS.parent, region=place.region):
        raise steps.Trouble("The account and region could not be prepared for CDK, for the reason above.")
    return 0


def diff(config: Config) -> int:
    """Show how the deployed stack would change. Raises Trouble."""
    place = locate()
    if cdk("diff", STACK, *settings.context(config), region=place.region):
        raise steps.Trouble("There is no comparison, for the reason above.")
    return 0


def deploy(words: Sequence[str], *, yes: bool = False) -> int:
    """Deploy, print the address, and keep the settings in the file. Raises Trouble."""
    config = settings.chosen(words)
    settings.edited(settings.FILE, steps.settings(words))  # fails before anything is deployed
    place = locate()
    confirm_changes(place.session.client("cloudformation"), config, yes=yes)
    OUTPUTS.parent.mkdir(exist_ok=True)
    options = [*settings.context(config), *(["--require-approval", "never"] if yes else [])]
    if cdk("deploy", STACK, *options, "--outputs-file", OUTPUTS, region=place.region):
        raise steps.Trouble(
            "The deployment failed for the reason above; an account and region that are new to CDK need "
            "`make bootstrap` once."
        )
    report(cast("dict[str, dict[str, str]]", json.loads(OUTPUTS.read_text()))[STACK])
    tell_concurrency(place.session.client("lambda"), config, place.region)
    # The operator may have edited the file meanwhile: a deployment takes minutes.
    text = settings.edited(settings.FILE, steps.settings(words))
    if text is not None:
        settings.write(settings.FILE, text)
        print(f"{settings.FILE.name} now has these settings, for the next deployment, too.")
    return 0


def destroy() -> int:
    """Say what goes and what stays, ask, and delete the stack. Raises Trouble."""
    place = locate()
    if stack_of(place.session.client("cloudformation")) is None:
        raise steps.Trouble(f"There is no stack {STACK} here.")
    print(
        f"This deletes the stack {STACK}: its address with all its links, the functions, logs, queues and alarms.\n"
        "The bucket with the files, the table of transfers and the user pool stay, and go on costing, until you delete "
        "them yourself."
    )
    try:
        answer = input(f"Type {STACK} to go on: ")
    except EOFError:
        answer = ""
    if answer.strip() != STACK:
        raise steps.Trouble("Nothing was deleted.")
    if cdk("destroy", STACK, "--force", region=place.region):
        raise steps.Trouble("The stack could not be deleted, for the reason above.")
    return 0


def report(outputs: dict[str, str]) -> None:
    """Print what the operator needs to know about the deployment."""
    print(f"Sidestep is deployed: {outputs['Address']}")
    print(f"Its dashboard in CloudWatch: {outputs['Dashboard']}")
    for setting, output in (("domain_name", "PagesLeadTo"), ("downloads_domain_name", "DownloadsLeadTo")):
        if output in outputs:
            print(f"Create a DNS record (CNAME or alias) that points {setting} to {outputs[output]}.")
    if "Passphrase" in outputs:
        region = outputs["Passphrase"].split(":")[3]
        print(
            "Senders are asked for a passphrase. Read it with\n"
            f"  aws secretsmanager get-secret-value --region {region} --secret-id {outputs['Passphrase']}"
            " --query SecretString --output text"
        )
    if "UserPool" in outputs:
        pool = f"--region {outputs['UserPool'].split('_')[0]} --user-pool-id {outputs['UserPool']}"
        print(
            "People need an account to send. Add one, and make its owner an operator if you like, with\n"
            f"  aws cognito-idp admin-create-user {pool} --username somebody@example.com\n"
            f"  aws cognito-idp admin-add-user-to-group {pool} --username somebody@example.com --group-name operators"
        )


def main() -> int:
    """Read the arguments, which infra/aws.py has already checked."""
    parser = argparse.ArgumentParser(prog="python -m infra.deployment")
    parser.add_argument("what", choices=["bootstrap", "deploy", "destroy", "diff"])
    parser.add_argument("settings", nargs="*")
    parser.add_argument("--yes", action="store_true")
    arguments = parser.parse_args()
    match arguments.what:
        case "bootstrap":
            return bootstrap()
        case "destroy":
            return destroy()
        case "diff":
            return diff(settings.chosen(arguments.settings))
        case _:
            return deploy(arguments.settings, yes=arguments.yes)


if __name__ == "__main__":
    steps.run_entry(main)

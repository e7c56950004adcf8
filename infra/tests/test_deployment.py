"""What `make bootstrap`, `deploy` and `diff` ask and print; nothing is deployed, and all services are fakes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from infra import deployment, settings, steps
from infra.config import Config

BEGINNING = "Sidestep is deployed: https://x/\nIts dashboard in CloudWatch: d\n"
NOWHERE = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Aws:
    """A session, and CloudFormation, Lambda and STS of an account, with a stack in it or none."""

    def __init__(self, stack: dict[str, Any] | None = None, *, partition: str = "aws", concurrency: int = 1000) -> None:
        """Start with a stack as CloudFormation describes it."""
        self.stack = stack
        self.refusal = ClientError(
            {"Error": {"Code": "ValidationError", "Message": "Stack with id Sidestep does not exist"}}, "DescribeStacks"
        )
        self.arn = f"arn:{partition}:iam::111111111111:user/ann"
        self.limits = {"ConcurrentExecutions": concurrency + 5, "UnreservedConcurrentExecutions": concurrency}
        self.region_name: str | None = None

    def client(self, _service: str) -> Aws:
        """Return any service."""
        return self

    def get_partition_for_region(self, region: str) -> str:
        """Tell AWS's own partition and China's."""
        return "aws-cn" if region.startswith("cn-") else "aws"

    def get_caller_identity(self) -> dict[str, str]:
        """Tell who asks."""
        return {"Account": "111111111111", "Arn": self.arn}

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        """Return the stack, or refuse."""
        if self.stack is None:
            raise self.refusal
        return {"Stacks": [{"StackName": StackName, **self.stack}]}

    def get_account_settings(self) -> dict[str, Any]:
        """Return the limits, or refuse."""
        if not self.limits:
            raise denied("lambda:GetAccountSettings")
        return {"AccountLimit": self.limits}


def denied(action: str) -> ClientError:
    """Return how AWS refuses somebody without the right."""
    return ClientError({"Error": {"Code": "AccessDenied", "Message": f"not authorized to perform: {action}"}}, action)


def stack(recorded: dict[str, str] | None, status: str = "UPDATE_COMPLETE") -> dict[str, Any]:
    """Return a stack as CloudFormation describes it."""
    outputs = [{"OutputKey": "Address", "OutputValue": "https://x/"}]
    outputs += [{"OutputKey": "Settings", "OutputValue": json.dumps(recorded)}] if recorded is not None else []
    return {"StackStatus": status, "Outputs": outputs}


Answers = Callable[..., None]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Return a function that puts somebody with an answer at the terminal, or takes the terminal away."""

    def put(answer: str | None) -> None:
        def asked(_question: str) -> str:
            assert answer is not None, "nobody may be asked"
            return answer

        monkeypatch.setattr("builtins.input", asked)
        monkeypatch.setattr("sys.stdin", type("Stdin", (), {"isatty": lambda _: answer is not None})())

    put(None)
    return put


# ---- where it goes ----


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that sets the variables of a shell in which AWS is not configured otherwise."""

    def put(**variables: str) -> None:
        for name in [name for name in os.environ if name.startswith(("AWS_", "AMAZON_"))]:
            monkeypatch.delenv(name)
        for name, value in {**NOWHERE, **variables}.items():
            monkeypatch.setenv(name, value)

    put()
    return put


def test_no_region_is_told(shell: Callable[..., None]) -> None:
    """The CDK CLI would take us-east-1 without a word."""
    shell(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    with pytest.raises(steps.Trouble, match=r"^No region is set\. Set one in AWS_REGION"):
        deployment.locate()


def test_no_credentials_are_told(shell: Callable[..., None]) -> None:
    """And says how to get some."""
    shell(AWS_REGION="eu-central-1")
    with pytest.raises(steps.Trouble, match=r"^No AWS credentials were found\. Run `aws configure`"):
        deployment.locate()


def test_a_profile_that_does_not_exist_is_told(shell: Callable[..., None]) -> None:
    """In boto3's own words."""
    shell(AWS_REGION="eu-central-1", AWS_PROFILE="nobody")
    with pytest.raises(steps.Trouble, match=r"whose credentials these are: The config profile \(nobody\)"):
        deployment.locate()


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_a_region_of_another_partition_is_refused(region: str, partition: str, shell: Callable[..., None]) -> None:
    """Before asking AWS who the user is: the stack contains names of the partition aws."""
    shell(AWS_REGION=region)
    with pytest.raises(
        steps.Trouble, match=f"^The region {region} is in AWS's partition {partition}, and Sidestep runs"
    ):
        deployment.locate()


def test_an_account_of_another_partition_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the region's name looks like."""
    account = Aws(partition="aws-iso")
    account.region_name = "eu-central-1"
    monkeypatch.setattr(deployment.boto3, "Session", lambda **_: account)
    with pytest.raises(steps.Trouble, match=r"^The account 111111111111 is in AWS's partition aws-iso, and"):
        deployment.locate()


# ---- what is deployed ----


@pytest.mark.parametrize(
    "deployed",
    [None, *(stack(None, status) for status in ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "CREATE_FAILED"))],
)
def test_a_first_deployment_asks_nothing(deployed: dict[str, Any] | None, answers: Answers) -> None:
    """Nor does the next try after one that failed or was cancelled."""
    answers(None)
    deployment.confirm_changes(Aws(deployed), Config(upload_access="open"), yes=False)


def test_the_same_settings_ask_nothing(answers: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    """An upgrade asks nothing."""
    answers(None)
    deployment.confirm_changes(Aws(stack({"upload_access": "cognito"})), Config(upload_access="cognito"), yes=False)
    assert capsys.readouterr().out == ""


def test_a_change_is_shown_and_deployed_by_yes(answers: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    """Old value, new value, and consequences."""
    answers("yes")
    deployment.confirm_changes(Aws(stack({"upload_access": "cognito"})), Config(), yes=False)
    shown = capsys.readouterr().out
    assert "  upload_access: cognito → passphrase\n    Nobody can sign in with their account any more" in shown


@pytest.mark.parametrize("answer", ["", "y", "no"])
def test_anything_but_yes_deploys_nothing(answer: str, answers: Answers) -> None:
    """And says how to keep what is deployed, in lines for the file."""
    answers(answer)
    with pytest.raises(steps.Trouble) as trouble:
        deployment.confirm_changes(Aws(stack({"upload_access": "cognito", "max_files": "5"})), Config(), yes=False)
    assert str(trouble.value) == (
        "Nothing was deployed.\n"
        "To keep what is deployed, write into settings.toml:\n"
        "max_files = 5\n"
        'upload_access = "cognito"'
    )


def test_without_a_terminal_a_change_is_refused(answers: Answers) -> None:
    """A pipeline must not deploy what nobody has seen."""
    answers(None)
    with pytest.raises(steps.Trouble, match=r"^There is no terminal .* add YES=1\. Nothing was deployed\."):
        deployment.confirm_changes(Aws(stack({"upload_access": "cognito"})), Config(), yes=False)


def test_yes_in_advance_is_enough(answers: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    """It is still shown."""
    answers(None)
    deployment.confirm_changes(Aws(stack({"upload_access": "cognito"})), Config(), yes=True)
    assert "upload_access: cognito → passphrase" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        (Aws(stack(None)), "it was deployed by a version of Sidestep that did not record them"),
        (Aws(), "CloudFormation does not show the stack: An error occurred (AccessDenied)"),
        (Aws(), "CloudFormation does not show the stack: Could not connect"),
    ],
)
def test_what_cannot_be_compared_is_asked_about(
    account: Aws, reason: str, answers: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is unknown whether something changes, so it shows what it will set."""
    unreachable = EndpointConnectionError(endpoint_url="https://cloudformation")
    refusal: Any = denied("cloudformation:DescribeStacks") if "AccessDenied" in reason else unreachable
    account.refusal = refusal
    answers("no")
    with pytest.raises(steps.Trouble, match=r"^Nothing was deployed\.$"):
        deployment.confirm_changes(account, Config(max_files=5), yes=False)
    shown = capsys.readouterr().out
    assert reason in shown
    assert "\n  max_files: 5\n" in shown


def test_a_stack_that_is_being_changed_is_left_alone(answers: Answers) -> None:
    """CloudFormation shows no outputs during a change, which must not look like a first deployment."""
    answers("yes")
    with pytest.raises(steps.Trouble, match=r"is being changed \(UPDATE_IN_PROGRESS\); try again"):
        deployment.confirm_changes(Aws(stack(None, "UPDATE_IN_PROGRESS")), Config(), yes=True)


# ---- what the account allows ----


def test_enough_concurrency_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Sidestep cannot use what other functions have reserved."""
    deployment.tell_concurrency(Aws(concurrency=465), Config(), "eu-central-1")
    assert (
        capsys.readouterr().out
        == "Lambda concurrency in this account and region: 470, of which 465 are not reserved.\n"
    )


def test_too_little_concurrency_says_how_to_get_more(capsys: pytest.CaptureFixture[str]) -> None:
    """As in accounts that are new."""
    deployment.tell_concurrency(Aws(concurrency=10), Config(), "eu-central-1")
    said = capsys.readouterr().out
    assert "WARNING: these settings can need 465: 460 for requests that come at once (request_burst) and 5" in said
    assert "--region eu-central-1 --service-code lambda --quota-code L-B99A9384 --desired-value 1000\n" in said


def test_concurrency_that_may_not_be_read_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The deployment is done by then."""
    account = Aws()
    account.limits = {}
    deployment.tell_concurrency(account, Config(), "eu-central-1")
    assert capsys.readouterr().out.startswith("Could not read how many functions may run at once (lambda:GetAccount")


# ---- the targets ----


class Cli:
    """The CDK CLI, which notes how it was called and says that it deployed."""

    def __init__(self, status: int = 0) -> None:
        """End with this status."""
        self.status = status
        self.calls = list[tuple[tuple[object, ...], dict[str, object]]]()

    def __call__(self, *arguments: object, **options: object) -> int:
        """Note the call and write outputs."""
        self.calls.append((arguments, options))
        if arguments[0] == "deploy":
            deployment.OUTPUTS.write_text(json.dumps({"Sidestep": {"Address": "https://x/", "Dashboard": "d"}}))
        return self.status


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: Answers) -> Cli:
    """Return a CDK CLI, in an account without a stack and a checkout without settings, and nobody at the terminal."""
    answers(None)
    made = Cli()
    monkeypatch.setattr(deployment, "cdk", made)
    monkeypatch.setattr(deployment, "OUTPUTS", tmp_path / "build" / "outputs.json")
    monkeypatch.setattr(settings, "FILE", tmp_path / "settings.toml")
    monkeypatch.setattr(deployment, "locate", lambda: deployment.Place("111111111111", "eu-central-1", Aws()))
    return made


def test_bootstrap_names_the_place_and_stays_away_from_the_app(cli: Cli) -> None:
    """Where there is a cdk.json, the CLI synthesizes the app first, for nothing."""
    assert deployment.bootstrap() == 0
    assert cli.calls == [
        (
            ("bootstrap", "aws://111111111111/eu-central-1"),
            {"folder": deployment.OUTPUTS.parent, "region": "eu-central-1"},
        )
    ]
    assert not (deployment.OUTPUTS.parent / "cdk.json").exists()


def test_a_deployment_with_new_settings_is_what_the_next_bare_one_deploys(cli: Cli) -> None:
    """`make deploy SETTINGS=…`, then `make deploy`: the same options, to the place that was looked at."""
    deployment.deploy(["upload_access=cognito"])
    deployment.deploy([])
    options = ("--context", "upload_access=cognito", "--outputs-file", deployment.OUTPUTS)
    assert cli.calls == [(("deploy", "Sidestep", *options), {"region": "eu-central-1"})] * 2


def test_a_deployment_that_fails_leaves_the_file_alone(cli: Cli) -> None:
    """What it holds is what was deployed."""
    cli.status = 1
    with pytest.raises(steps.Trouble, match=r"failed for the reason above; .* need `make bootstrap` once"):
        deployment.deploy(["upload_access=cognito"])
    assert not settings.FILE.exists()


def test_a_file_that_cannot_take_the_settings_is_told_before_anything_is_deployed(cli: Cli) -> None:
    """Not after a quarter of an hour."""
    settings.FILE.write_text("expiry_choices = [\n604800]\n")
    with pytest.raises(steps.Trouble, match="cannot be edited"):
        deployment.deploy(["expiry_choices=604800,864000"])
    assert cli.calls == []


def test_yes_in_advance_answers_the_cdk_cli_too(cli: Cli) -> None:
    """Otherwise it would fail without a terminal."""
    deployment.deploy([], yes=True)
    ((arguments, _),) = cli.calls
    assert arguments[2:4] == ("--require-approval", "never")


def test_a_comparison_takes_the_same_settings(cli: Cli) -> None:
    """`make diff` shows what `make deploy` would do."""
    deployment.diff(Config(max_files=5))
    assert cli.calls == [(("diff", "Sidestep", "--context", "max_files=5"), {"region": "eu-central-1"})]


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ({}, BEGINNING),
        (
            {"PagesLeadTo": "d-1.example", "DownloadsLeadTo": "d2.example"},
            (
                f"{BEGINNING}"
                "Create a DNS record (CNAME or alias) that points domain_name to d-1.example.\n"
                "Create a DNS record (CNAME or alias) that points downloads_domain_name to d2.example.\n"
            ),
        ),
    ],
)
def test_a_deployment_says_where_it_is_and_which_records_are_left_to_make(
    outputs: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operator creates the records if the stack may not."""
    deployment.report({"Address": "https://x/", "Dashboard": "d", **outputs})
    assert capsys.readouterr().out == said

"""What the operator is told: the topic, each alarm, its entry in the runbook, and the dashboard."""

from __future__ import annotations

import json
import re
from typing import Any, cast

import pytest

from infra import steps
from infra.config import Config
from infra.tests.conftest import Stack, Synth, flat

RUNBOOK = steps.ROOT / "docs" / "runbook.md"
BACKEND = steps.ROOT / "backend"

TOPIC = "{AlertsTopicCF7C81C9}"
KEY = "{AlertsKey9E1197AF.Arn}"
API = {"ApiName": "Sidestep", "Stage": "{WebApiDeploymentStageprodF4393467}"}
LINKS = {"service": "links"}
LINKS_FUNCTION = {"FunctionName": "{LinksFunctionA5D9F812}"}
SWEEP_FUNCTION = {"FunctionName": "{SweepFunctionA7728703}"}
DEAD_LETTERS = {"QueueName": "{LinksDeadLetters9B7AD151.QueueName}"}
ARRIVALS = {"QueueName": "{LinksArrivals11E3430B.QueueName}"}

# Namespace, metric, dimensions; statistic and seconds; when it goes off: how many of how many, and what silence means.
ALARMS = {
    "api-errors": ("AWS/ApiGateway", "5XXError", API, "Average", 300, "> 0.05", "1 of 1", "notBreaching"),
    "links-crashes": ("AWS/Lambda", "Errors", LINKS_FUNCTION, "Sum", 300, "> 0", "1 of 1", "notBreaching"),
    "links-failures": ("Sidestep", "Failures", LINKS, "Sum", 300, "> 2", "1 of 1", "notBreaching"),
    "dead-letters": (
        *("AWS/SQS", "ApproximateNumberOfMessagesVisible", DEAD_LETTERS),
        *("Maximum", 300, "> 0", "1 of 1", "notBreaching"),
    ),
    "slow-links": ("Sidestep", "SecondsToLink", LINKS, "p99", 300, "> 60", "1 of 1", "notBreaching"),
    "waiting-arrivals": (
        *("AWS/SQS", "ApproximateAgeOfOldestMessage", ARRIVALS),
        *("Maximum", 300, "> 600", "1 of 1", "notBreaching"),
    ),
    "sweep-crashes": ("AWS/Lambda", "Errors", SWEEP_FUNCTION, "Sum", 900, "> 0", "2 of 3", "notBreaching"),
    "sweep-failures": (
        *("Sidestep", "SweepFailures", {"service": "sweep"}),
        *("Sum", 900, "> 0", "2 of 3", "notBreaching"),
    ),
    "sweep-stopped": ("AWS/Lambda", "Invocations", SWEEP_FUNCTION, "Sum", 3600, "< 1", "1 of 1", "breaching"),
    "daily-bytes": (
        *("Sidestep", "BytesReserved", {"service": "web"}),
        *("Sum", 86_400, "> 800000", "1 of 1", "notBreaching"),
    ),
}
# Only where operators have accounts.
WITH_ACCOUNTS = {
    "takedown-crashes": (
        *("AWS/Lambda", "Errors", {"FunctionName": "{OperatorsTakedownFunction60E3F207}"}),
        *("Sum", 300, "> 0", "1 of 1", "notBreaching"),
    ),
    "takedown-given-up": (
        *("AWS/Lambda", "AsyncEventsDropped", {"FunctionName": "{OperatorsTakedownFunction60E3F207}"}),
        *("Sum", 300, "> 0", "1 of 1", "notBreaching"),
    ),
}
SIGNS = {"GreaterThanThreshold": ">", "LessThanThreshold": "<"}


@pytest.fixture(scope="module")
def alarms(synth: Synth) -> dict[str, dict[str, Any]]:
    """Return the alarms' properties by name, without the stack's in front."""
    stack = synth(Config(max_bytes_per_day=1_000_000, upload_access="cognito"))
    found = [alarm["Properties"] for alarm in stack.all("CloudWatch::Alarm").values()]
    return {alarm["AlarmName"].removeprefix("Sidestep-"): alarm for alarm in found}


def test_there_is_an_alarm_for_each_of_these(alarms: dict[str, dict[str, Any]], aws: Stack) -> None:
    """Two more than ten, which are free of charge in an account, and only where operators have a page."""
    assert set(alarms) == set(ALARMS) | set(WITH_ACCOUNTS)
    without = [alarm["Properties"]["AlarmName"] for alarm in aws.all("CloudWatch::Alarm").values()]
    assert {name.removeprefix("Sidestep-") for name in without} == set(ALARMS)


@pytest.mark.parametrize("name", ALARMS | WITH_ACCOUNTS)
def test_when_an_alarm_goes_off(alarms: dict[str, dict[str, Any]], name: str) -> None:
    """Which metric, how it is summed up and for how long, what is too much, and how silence is taken."""
    alarm = alarms[name]
    assert (
        alarm["Namespace"],
        alarm["MetricName"],
        {dimension["Name"]: flat(dimension["Value"]) for dimension in alarm["Dimensions"]},
        alarm.get("Statistic") or alarm["ExtendedStatistic"],
        alarm["Period"],
        f"{SIGNS[alarm['ComparisonOperator']]} {alarm['Threshold']:g}",
        f"{alarm['DatapointsToAlarm']} of {alarm['EvaluationPeriods']}",
        alarm["TreatMissingData"],
    ) == (ALARMS | WITH_ACCOUNTS)[name]


def test_one_arrival_that_fails_does_not_look_as_if_nobody_took_any(
    alarms: dict[str, dict[str, Any]], aws: Stack
) -> None:
    """SQS counts its age until its third receive: only then may the alarm on the oldest one go off."""
    visibility = aws.properties("SQS::Queue", "LinksArrivals")["VisibilityTimeout"]
    assert alarms["waiting-arrivals"]["Threshold"] > 3 * visibility


@pytest.mark.parametrize("name", ALARMS | WITH_ACCOUNTS)
def test_an_alarm_tells_the_operator_and_only_when_it_goes_off(alarms: dict[str, dict[str, Any]], name: str) -> None:
    """By the topic."""
    assert [flat(action) for action in alarms[name]["AlarmActions"]] == [TOPIC]
    assert not {"OKActions", "InsufficientDataActions"} & set(alarms[name])


def test_each_alarm_names_its_entry_in_the_runbook_and_there_is_no_other_entry(
    alarms: dict[str, dict[str, Any]],
) -> None:
    """What the operator reads in the mail is a heading there."""
    named = [re.search(r"docs/runbook\.md, under “(.+)”\.$", alarm["AlarmDescription"]) for alarm in alarms.values()]
    headings = re.findall(r"^## (.+)$", RUNBOOK.read_text(), re.MULTILINE)
    assert sorted(match[1] if match else "" for match in named) == sorted(headings)
    assert {heading.lower().replace(" ", "-") for heading in headings} == set(alarms)


def test_the_runbook_names_logs_and_outputs_that_are_there(accounts: Stack) -> None:
    """Its commands find them by these names."""
    text = RUNBOOK.read_text()
    groups = [name.rstrip("0123456789ABCDEF") for name in accounts.all("Logs::LogGroup")]
    assert set(re.findall(r"^logs (\w+)", text, re.MULTILINE)) <= set(groups)
    assert set(re.findall(r"\$\(output (\w+)\)", text)) <= set(accounts.template["Outputs"])


def test_every_metric_of_ours_is_one_that_a_function_writes(aws: Stack) -> None:
    """In the alarms and on the dashboard: a name that nobody writes would be silent for ever."""
    written = re.findall(r'add_metric\(\s*name="(\w+)"', "".join(path.read_text() for path in BACKEND.rglob("*.py")))
    asked = [alarm["Properties"] for alarm in aws.all("CloudWatch::Alarm").values()]
    watched = {alarm["MetricName"] for alarm in asked if alarm["Namespace"] == "Sidestep"}
    assert watched | {metric[1] for metric in shown(aws) if metric[0] == "Sidestep"} <= set(written)


def test_the_topic_is_encrypted_with_a_key_that_alarms_may_use(aws: Stack) -> None:
    """The key is turned over each year, and this account's alarms may use it; AWS's own they could not."""
    assert flat(aws.properties("SNS::Topic")["KmsMasterKeyId"]) == KEY
    key = aws.properties("KMS::Key")
    assert key["EnableKeyRotation"] is True
    owner, alarms = key["KeyPolicy"]["Statement"]
    assert (owner["Action"], flat(owner["Principal"]["AWS"])) == (
        "kms:*",
        "arn:{AWS::Partition}:iam::{AWS::AccountId}:root",
    )
    assert alarms["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    is_of_this_account(alarms)


def test_only_alarms_of_this_account_and_only_by_tls(aws: Stack) -> None:
    """Roles of this account need their own right to publish."""
    denied, allowed = aws.properties("SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Action"]) == ("Deny", "sns:Publish")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert (allowed["Effect"], allowed["Action"], flat(allowed["Resource"])) == ("Allow", "sns:Publish", TOPIC)
    is_of_this_account(allowed)


def is_of_this_account(statement: dict[str, Any]) -> None:
    """Check that a statement is for CloudWatch on behalf of an alarm of this account and region."""
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    condition = statement["Condition"]
    assert set(condition) == {"ArnLike", "StringEquals"}
    arn = "arn:{AWS::Partition}:cloudwatch:{AWS::Region}:{AWS::AccountId}:alarm:*"
    assert flat(condition["ArnLike"]["aws:SourceArn"]) == arn
    assert condition["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_the_local_topic_speaks_plain_http(local: Stack) -> None:
    """The local cloud has no TLS, so nothing is denied for lack of it."""
    statements = local.properties("SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    assert [statement["Effect"] for statement in statements] == ["Allow"]


def test_who_is_told(aws: Stack, synth: Synth) -> None:
    """Nobody, until the settings name an address."""
    assert not aws.all("SNS::Subscription")
    told = synth(Config(alert_email="ops@example.com")).properties("SNS::Subscription")
    assert (told["Protocol"], told["Endpoint"], flat(told["TopicArn"])) == ("email", "ops@example.com", TOPIC)


def test_what_another_construct_needs_to_publish() -> None:
    """The topic, and the key that it is encrypted with."""
    from aws_cdk import Stack as CdkStack  # noqa: PLC0415 - as in conftest.py

    from infra.monitoring import Alerts  # noqa: PLC0415 - likewise

    stack = CdkStack()
    grants = [stack.resolve(grant.to_statement_json()) for grant in Alerts(stack, "Alerts", config=Config()).grants()]
    assert [(grant["Effect"], grant["Action"], flat(grant["Resource"])) for grant in grants] == [
        ("Allow", "sns:Publish", TOPIC),
        ("Allow", ["kms:Decrypt", "kms:GenerateDataKey"], KEY),
    ]


def test_the_dashboard_answers_three_questions_below_the_alarms(aws: Stack) -> None:
    """All alarms at the top, then uploads, links and costs, each with its graphs."""
    first, *others = widgets(aws)
    assert first["type"] == "alarm"
    assert first["properties"]["alarms"] == [f"{{{name}.Arn}}" for name in aws.all("CloudWatch::Alarm")]
    questions = [widget["properties"]["markdown"] for widget in others if widget["type"] == "text"]
    assert [question.removeprefix("## ") for question in questions] == [
        "Are uploads working?",
        "How fast do links appear?",
        "What does it cost, by the day?",
    ]
    assert {(metric[0], metric[1]) for metric in shown(aws)} == {
        ("AWS/ApiGateway", "4XXError"),
        ("AWS/ApiGateway", "5XXError"),
        ("AWS/ApiGateway", "Count"),
        ("AWS/ApiGateway", "Latency"),
        ("AWS/DynamoDB", "ConsumedReadCapacityUnits"),
        ("AWS/DynamoDB", "ConsumedWriteCapacityUnits"),
        ("AWS/Lambda", "Duration"),
        ("AWS/Lambda", "Errors"),
        ("AWS/S3", "BucketSizeBytes"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("Sidestep", "BytesFreed"),
        ("Sidestep", "BytesReserved"),
        ("Sidestep", "BytesStored"),
        ("Sidestep", "Failures"),
        ("Sidestep", "SecondsToLink"),
        ("Sidestep", "SweepFailures"),
        ("Sidestep", "TransfersCreated"),
    }


def test_gb_seconds_are_of_all_functions_at_their_memory(aws: Stack) -> None:
    """Milliseconds of each, together, in seconds, times the memory that they all have."""
    expressions = [metric[0]["expression"] for graph in graphs(aws) for metric in graph if isinstance(metric[0], dict)]
    assert expressions == [f"(web + links + sweep) / 1000 * {1769 / 1024}"]
    assert len(aws.all("Lambda::Function")) == 3


def widgets(stack: Stack) -> list[dict[str, Any]]:
    """Return what lies on the dashboard."""
    return json.loads(flat(stack.properties("CloudWatch::Dashboard")["DashboardBody"]))["widgets"]


def graphs(stack: Stack) -> list[list[list[Any]]]:
    """Return the rows of each graph's metrics."""
    return [widget["properties"]["metrics"] for widget in widgets(stack) if widget["type"] == "metric"]


def shown(stack: Stack) -> list[list[str]]:
    """Return all metrics of all graphs, each beginning with namespace and name."""
    return [cast("list[str]", metric) for graph in graphs(stack) for metric in graph if isinstance(metric[0], str)]

"""The functions, the way of arrivals and the schedule: platform, logs, settings, queue, tries, dead letters."""

from __future__ import annotations

import sys

import pytest

from infra.config import Config
from infra.tests.conftest import Stack, Synth, flat

EACH = pytest.mark.parametrize(
    ("name", "service"), [("WebFunction", "web"), ("LinksFunction", "links"), ("SweepFunction", "sweep")]
)


@EACH
def test_how_a_function_runs(aws: Stack, name: str, service: str) -> None:
    """Python 3.13 on ARM64 with one vCPU, traced, from one bundle."""
    function = aws.properties("Lambda::Function", name)
    assert function["Handler"] == f"backend.{service}.handler"
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    assert (function["MemorySize"], function["TracingConfig"]) == (1769, {"Mode": "Active"})
    assert function["Code"] == aws.properties("Lambda::Function", "WebFunction")["Code"]


@pytest.mark.parametrize(("name", "seconds"), [("WebFunction", 300), ("LinksFunction", 20), ("SweepFunction", 300)])
def test_how_long_a_function_may_take(aws: Stack, name: str, seconds: int) -> None:
    """Web may see a slow CompleteMultipartUpload through; links only looks and notes; sweep goes on next time."""
    assert aws.properties("Lambda::Function", name)["Timeout"] == seconds


@EACH
def test_a_local_function_runs_in_this_python(local: Stack, name: str, service: str) -> None:
    """The local cloud runs functions in the Python that its environment was made from."""
    function = local.properties("Lambda::Function", name)
    assert function["Runtime"] == f"python3.{sys.version_info.minor}"
    assert function["Handler"] == f"backend.{service}.handler"


@EACH
def test_what_a_function_is_told(aws: Stack, name: str, service: str) -> None:
    """The environment holds exactly what backend/settings.py and backend/pages/brand.py read."""
    environment = aws.properties("Lambda::Function", name)["Environment"]["Variables"]
    assert {key: flat(value) for key, value in environment.items()} == {
        "TABLE_NAME": "{StoreTransfers9B2937E9}",
        "BUCKET_NAME": "sidestep-{AWS::StackId}[2]",
        "ALERTS_TOPIC_ARN": "{AlertsTopicCF7C81C9}",
        "MAX_FILE_BYTES": "2199023255552",
        "MAX_TRANSFER_BYTES": "2199023255552",
        "MAX_FILES": "10000",
        "MAX_TRANSFERS_PER_DAY": "10000",
        "MAX_BYTES_PER_DAY": "4398046511104",
        "MAX_TRANSFERS_PER_DAY_PER_SENDER": "1000",
        "MAX_BYTES_PER_DAY_PER_SENDER": "2199023255552",
        "EXPIRY_CHOICES": "3600,86400,604800,2592000",
        "DEFAULT_EXPIRY": "604800",
        "UPLOAD_URL_SECONDS": "900",
        "DOWNLOAD_URL_SECONDS": "300",
        "UPLOAD_ACCESS": "passphrase",
        "SESSION_SECONDS": "604800",
        **({"PASSPHRASE_SECRET": "{AccessPassphrase6C61315E.Id}"} if service == "web" else {}),
        "PUBLIC_DOWNLOADS": "false",
        "BRAND_NAME": "Sidestep",
        "BRAND_ACCENT": "",
        "BRAND_LEGAL": "",
        "POWERTOOLS_SERVICE_NAME": service,
        "POWERTOOLS_METRICS_NAMESPACE": "Sidestep",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


def test_a_takedown_has_15_minutes_three_times_within_an_hour(accounts: Stack) -> None:
    """As docs/runbook.md says."""
    assert accounts.properties("Lambda::Function", "OperatorsTakedown")["Timeout"] == 900
    called = accounts.properties("Lambda::EventInvokeConfig", "OperatorsTakedown")
    assert (called["MaximumEventAgeInSeconds"], called["MaximumRetryAttempts"]) == (3_600, 2)


def test_the_bucket_is_called_what_functions_are_told(aws: Stack) -> None:
    """The name that functions get is written out, not referred to, so it must be the bucket's."""
    told = aws.properties("Lambda::Function", "WebFunction")["Environment"]["Variables"]["BUCKET_NAME"]
    assert told == aws.properties("S3::Bucket")["BucketName"]


@EACH
def test_a_function_logs_to_its_own_group(aws: Stack, name: str, service: str) -> None:
    """Each function has a log group of its own, which its role may write to."""
    (group,) = [key for key in aws.all("Logs::LogGroup") if key.startswith(f"{service.title()}Logs")]
    assert aws.properties("Lambda::Function", name)["LoggingConfig"] == {"LogGroup": {"Ref": group}}


def test_logs_do_not_stay_for_ever(synth: Synth) -> None:
    """All four log groups keep as many days as the settings say."""
    groups = synth(Config(log_retention_days=7)).all("Logs::LogGroup")
    assert [group["Properties"]["RetentionInDays"] for group in groups.values()] == [7, 7, 7, 7]


def test_arrivals_are_taken_by_the_few(aws: Stack) -> None:
    """Five workers at the most take ten arrivals at a time, and only the ones that failed come back."""
    assert aws.properties("Lambda::EventSourceMapping") == {
        "EventSourceArn": {"Fn::GetAtt": ["LinksArrivals11E3430B", "Arn"]},
        "FunctionName": {"Ref": "LinksFunctionA5D9F812"},
        "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 5},
    }


def test_arrivals_are_tried_ten_times_and_then_kept(aws: Stack) -> None:
    """An arrival that links cannot handle goes to the dead-letter queue, but not because of a short outage."""
    assert aws.properties("SQS::Queue", "LinksArrivals")["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["LinksDeadLetters9B7AD151", "Arn"]},
        "maxReceiveCount": 10,
    }


def test_lambda_has_time_to_try_again_while_links_is_throttled(aws: Stack) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: six times the function's timeout."""
    visibility = aws.properties("SQS::Queue", "LinksArrivals")["VisibilityTimeout"]
    assert visibility >= 6 * aws.properties("Lambda::Function", "LinksFunction")["Timeout"]


def test_arrivals_wait_for_two_weeks_if_nobody_can_take_them(aws: Stack) -> None:
    """SQS's own default is four days, after which they would be gone without a dead letter."""
    assert aws.properties("SQS::Queue", "LinksArrivals")["MessageRetentionPeriod"] == 14 * 86_400


def test_dead_letters_are_kept_for_two_weeks(aws: Stack) -> None:
    """Long enough for someone to come back from holiday."""
    assert aws.properties("SQS::Queue", "LinksDeadLetters")["MessageRetentionPeriod"] == 14 * 86_400


@pytest.mark.parametrize("name", ["LinksArrivals", "LinksDeadLetters"])
def test_a_queue_is_encrypted_at_rest_and_on_the_way(aws: Stack, name: str) -> None:
    """SQS encrypts with its own keys and refuses plain HTTP."""
    assert aws.properties("SQS::Queue", name)["SqsManagedSseEnabled"] is True
    statements = aws.properties("SQS::QueuePolicy", name)["PolicyDocument"]["Statement"]
    (denied,) = [statement for statement in statements if statement["Effect"] == "Deny"]
    assert (denied["Action"], denied["Principal"]) == ("sqs:*", {"AWS": "*"})
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_local_queues_speak_plain_http(local: Stack) -> None:
    """The local cloud has no TLS, so nothing is denied for lack of it."""
    policies = [policy["Properties"]["PolicyDocument"] for policy in local.all("SQS::QueuePolicy").values()]
    assert {statement["Effect"] for policy in policies for statement in policy["Statement"]} == {"Allow"}


def test_what_expired_is_swept_every_quarter_of_an_hour(aws: Stack) -> None:
    """One schedule, which is on, calls sweep and nothing else; the last run has long ended when the next one begins."""
    assert aws.properties("Events::Rule") == {
        "ScheduleExpression": "rate(15 minutes)",
        "Targets": [
            {
                "Id": "Sweep",
                "Arn": {"Fn::GetAtt": ["SweepFunctionA7728703", "Arn"]},
                "RetryPolicy": {"MaximumEventAgeInSeconds": 900},
            }
        ],
    }
    assert aws.properties("Lambda::Function", "SweepFunction")["Timeout"] < 15 * 60


def test_calls_of_sweep_do_not_pile_up_while_it_cannot_run(aws: Stack) -> None:
    """By default, Lambda keeps each for six hours and tries it three times; the schedule's next call is enough."""
    called = aws.properties("Lambda::EventInvokeConfig", "Sweep")
    assert (called["MaximumEventAgeInSeconds"], called["MaximumRetryAttempts"]) == (900, 0)


@EACH
def test_no_function_keeps_workers_from_the_others(aws: Stack, name: str, service: str) -> None:
    """A young account may run ten in all."""
    assert "ReservedConcurrentExecutions" not in aws.properties("Lambda::Function", name), service


def test_no_function_besides_ours(aws: Stack) -> None:
    """CDK puts no helper of its own into the account."""
    assert len(aws.all("Lambda::Function")) == 3
    assert not [kind for kind in (r["Type"] for r in aws.template["Resources"].values()) if "Custom" in kind]

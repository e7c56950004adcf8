"""Who may do what: each role, each permission, whole."""

from __future__ import annotations

from typing import Any, cast

import pytest

from infra.config import Config
from infra.tests.conftest import Stack, Synth, flat

BUCKET = "arn:{AWS::Partition}:s3:::sidestep-{AWS::StackId}[2]"
ARRIVALS = "{LinksArrivals11E3430B.Arn}"
TABLE = "{StoreTransfers9B2937E9.Arn}"
XRAY = (["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*")
LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]

WEB = [
    (["secretsmanager:GetSecretValue"], "{AccessPassphrase6C61315E.Id}"),
    (
        ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
        f"{BUCKET}/files/*",
    ),
    (
        [
            "dynamodb:BatchGetItem",
            "dynamodb:BatchWriteItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        ],
        TABLE,
    ),
    (["sns:Publish"], "{AlertsTopicCF7C81C9}"),
    (["kms:Decrypt", "kms:GenerateDataKey"], "{AlertsKey9E1197AF.Arn}"),
    (LOGS, "{WebLogsD9759FC4.Arn}"),
    XRAY,
]
LINKS = [
    (["s3:DeleteObject", "s3:GetObject"], f"{BUCKET}/files/*"),
    (["s3:ListBucket"], BUCKET),
    (["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"], TABLE),
    (["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], ARRIVALS),
    (LOGS, "{LinksLogs45B17B0E.Arn}"),
    XRAY,
]
SWEEP = [
    (["s3:AbortMultipartUpload", "s3:DeleteObject"], f"{BUCKET}/files/*"),
    (["dynamodb:Query"], f"{TABLE}/index/by_expiry"),
    (["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:Query", "dynamodb:UpdateItem"], TABLE),
    (LOGS, "{SweepLogsA7192123.Arn}"),
    XRAY,
]

MOVE = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
OPERATORS = [
    (MOVE, f"{BUCKET}/files/*"),
    (MOVE, f"{BUCKET}/evidence/*"),
    (["s3:ListBucket"], BUCKET),
    (["dynamodb:Query"], f"{TABLE}/index/by_created"),
    (
        [
            "dynamodb:BatchGetItem",
            "dynamodb:BatchWriteItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        ],
        TABLE,
    ),
]


TAKEDOWN = [
    (["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject"], f"{BUCKET}/files/*"),
    (["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], f"{BUCKET}/evidence/*"),
    (["s3:ListBucket"], BUCKET),
    (["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"], TABLE),
    (LOGS, "{OperatorsTakedownLogs06871B70.Arn}"),
    XRAY,
]


def granted(role: dict[str, Any]) -> list[tuple[list[str], str]]:
    """Return (actions, resource) of every statement of a role; each must be a plain Allow."""
    statements = cast("list[dict[str, Any]]", [s for p in role["Policies"] for s in p["PolicyDocument"]["Statement"]])
    assert all(set(statement) == {"Action", "Effect", "Resource"} for statement in statements)
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    as_list = [(s["Action"] if isinstance(s["Action"], list) else [s["Action"]], s["Resource"]) for s in statements]
    return [(cast("list[str]", actions), flat(resource)) for actions, resource in as_list]


@pytest.mark.parametrize(("role", "expected"), [("WebRole", WEB), ("LinksRole", LINKS), ("SweepRole", SWEEP)])
def test_a_function_may_do_exactly_this(aws: Stack, role: str, expected: list[tuple[list[str], str]]) -> None:
    """A function's role holds its grants, its own log group and X-Ray, on exact resources, and nothing else."""
    properties = aws.properties("IAM::Role", role)
    assert granted(properties) == expected
    assert "ManagedPolicyArns" not in properties


def test_what_operators_block_on_their_page_is_moved_with_exactly_these_rights(accounts: Stack, aws: Stack) -> None:
    """Only where they have accounts; and web alone may have it done."""
    assert granted(accounts.properties("IAM::Role", "OperatorsTakedownRole")) == TAKEDOWN
    invoke = (["lambda:InvokeFunction"], "{OperatorsTakedownFunction60E3F207.Arn}")
    assert invoke in granted(accounts.properties("IAM::Role", "WebRole"))
    may_invoke = [name for name, role in accounts.all("IAM::Role").items() if "lambda:Invoke" in str(role)]
    assert [name.rstrip("0123456789ABCDEF") for name in may_invoke] == ["WebRole"]
    called = [flat(one["Properties"]["FunctionName"]) for one in accounts.all("Lambda::Permission").values()]
    assert not [name for name in called if "Takedown" in name]
    assert "Takedown" not in str(aws.template["Resources"])


def test_operators_may_do_exactly_this(aws: Stack) -> None:
    """People of this account whom its administrators let take the role; nobody else, and no service."""
    role = aws.properties("IAM::Role", "OperatorsRole")
    assert granted(role) == OPERATORS
    assert "ManagedPolicyArns" not in role
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert (trust["Action"], trust["Effect"]) == ("sts:AssumeRole", "Allow")
    assert {who: flat(arn) for who, arn in trust["Principal"].items()} == {
        "AWS": "arn:{AWS::Partition}:iam::{AWS::AccountId}:root"
    }


@pytest.mark.parametrize(
    ("where", "who"), [("aws", ["OperatorsRole"]), ("accounts", ["OperatorsRole", "OperatorsTakedownRole"])]
)
def test_no_function_that_answers_others_reaches_the_evidence(
    where: str, who: list[str], request: pytest.FixtureRequest
) -> None:
    """Nor, then, any URL that one could sign."""
    stack: Stack = request.getfixturevalue(where)
    roles = {name: role["Properties"] for name, role in stack.all("IAM::Role").items()}
    reaching = {
        name
        for name, role in roles.items()
        for _, resource in (granted(role) if "Policies" in role else [])
        if resource.startswith(BUCKET) and resource not in (BUCKET, f"{BUCKET}/files/*")
    }
    assert sorted(name.rstrip("0123456789ABCDEF") for name in reaching) == who


def test_no_other_role_and_no_policy_besides(aws: Stack) -> None:
    """One for each function, the operators' and the account's for access logs; policies stand only inside them."""
    assert [name.rstrip("0123456789ABCDEF") for name in aws.all("IAM::Role")] == [
        "LinksRole",
        "OperatorsRole",
        "WebRole",
        "WebApiCloudWatchRole",
        "SweepRole",
    ]
    assert not aws.all("IAM::Policy")
    assert not aws.all("IAM::ManagedPolicy")


def test_the_account_log_role_is_as_aws_wants_it(aws: Stack) -> None:
    """API Gateway's own role for access logs is the managed one, and stays for the account's other APIs."""
    role = aws.one("IAM::Role", "WebApiCloudWatchRole")
    (managed,) = role["Properties"]["ManagedPolicyArns"]
    assert flat(managed) == "arn:{AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    assert "Policies" not in role["Properties"]
    assert role["DeletionPolicy"] == "Retain"
    assert aws.one("ApiGateway::Account")["DeletionPolicy"] == "Retain"


def test_local_rights_are_aws_rights(synth: Synth, aws: Stack) -> None:
    """The local cloud enforces the same roles as AWS, so that a missing right shows there."""
    assert synth(Config(local_port=4566)).all("IAM::Role") == aws.all("IAM::Role")


def test_who_may_invoke_what(aws: Stack) -> None:
    """The gateway's one stage may call web by any route and links by its two, the schedule sweep; nobody else any."""
    api = "arn:{AWS::Partition}:execute-api:{AWS::Region}:{AWS::AccountId}:{WebApi27F67B01}/prod"
    permissions = [permission["Properties"] for permission in aws.all("Lambda::Permission").values()]
    assert {(flat(p["FunctionName"]), p["Principal"], flat(p["SourceArn"])) for p in permissions} == {
        ("{WebFunctionB8DF7D3F.Arn}", "apigateway.amazonaws.com", f"{api}/*/*"),
        ("{LinksFunctionA5D9F812.Arn}", "apigateway.amazonaws.com", f"{api}/GET/api/transfers/*"),
        ("{LinksFunctionA5D9F812.Arn}", "apigateway.amazonaws.com", f"{api}/GET/t/*/files/*"),
        ("{SweepFunctionA7728703.Arn}", "events.amazonaws.com", "{SweepScheduleE6028B01.Arn}"),
    }
    assert {p["Action"] for p in permissions} == {"lambda:InvokeFunction"}


@pytest.mark.parametrize("where", ["aws", "local"])
def test_only_our_bucket_may_announce(where: str, request: pytest.FixtureRequest) -> None:
    """S3 may put messages into the queue of arrivals on behalf of our bucket in our account, and nobody else may."""
    stack: Stack = request.getfixturevalue(where)
    statements = stack.properties("SQS::QueuePolicy", "LinksArrivals")["PolicyDocument"]["Statement"]
    (allowed,) = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert (allowed["Action"], flat(allowed["Resource"])) == ("sqs:SendMessage", ARRIVALS)
    assert allowed["Principal"] == {"Service": "s3.amazonaws.com"}
    assert set(allowed["Condition"]) == {"ArnEquals", "StringEquals"}
    assert flat(allowed["Condition"]["ArnEquals"]["aws:SourceArn"]) == BUCKET
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}

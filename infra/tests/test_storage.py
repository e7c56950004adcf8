"""The bucket and the table."""

from __future__ import annotations

import pytest

from backend.aws.table.items import CREATED_INDEX, EXPIRY_INDEX
from backend.rules.transfer import evidence_key
from infra.config import Config
from infra.tests.conftest import Stack, Synth, flat


def test_the_bucket_is_private(aws: Stack) -> None:
    """Nothing can make an object public, whoever tries."""
    bucket = aws.properties("S3::Bucket")
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_public_downloads_open_the_files_to_readers_and_nothing_else(synth: Synth) -> None:
    """One action on one prefix for everybody; ACLs stay blocked, and what is denied over plain HTTP stays denied."""
    stack = synth(Config(public_downloads=True))
    assert stack.properties("S3::Bucket")["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": False,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": False,
    }
    statements = stack.properties("S3::BucketPolicy")["PolicyDocument"]["Statement"]
    (allowed,) = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert flat(allowed.pop("Resource")) == "arn:{AWS::Partition}:s3:::sidestep-{AWS::StackId}[2]/files/*"
    assert allowed == {"Effect": "Allow", "Action": "s3:GetObject", "Principal": {"AWS": "*"}}
    assert [statement["Action"] for statement in statements if statement["Effect"] == "Deny"] == ["s3:*", "s3:*"]


def test_public_files_are_sent_with_what_they_are_saved_as(synth: Synth) -> None:
    """The page may send the two headers that S3 keeps with such a file."""
    stack = synth(Config(public_downloads=True))
    send = stack.properties("S3::Bucket")["CorsConfiguration"]["CorsRules"][0]
    assert send["AllowedHeaders"] == ["content-disposition", "content-type", "if-none-match", "x-amz-checksum-sha256"]


def test_the_bucket_is_encrypted(aws: Stack) -> None:
    """S3 encrypts with its own keys."""
    (rule,) = aws.properties("S3::Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_the_bucket_speaks_tls_only(aws: Stack) -> None:
    """Everything is denied over plain HTTP and over TLS older than 1.2."""
    statements = aws.properties("S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert [(s["Effect"], s["Action"], s["Principal"], s["Condition"]) for s in statements] == [
        ("Deny", "s3:*", {"AWS": "*"}, {"Bool": {"aws:SecureTransport": "false"}}),
        ("Deny", "s3:*", {"AWS": "*"}, {"NumericLessThan": {"s3:TlsVersion": 1.2}}),
    ]


def test_the_local_bucket_speaks_plain_http(local: Stack) -> None:
    """The local cloud has no TLS, so nothing is denied for lack of it."""
    assert not local.all("S3::BucketPolicy")


@pytest.mark.parametrize(
    ("where", "origin"),
    [
        ("aws", "https://{WebApi27F67B01}.execute-api.{AWS::Region}.{AWS::URLSuffix}"),
        ("local", "http://localhost:4566"),
    ],
)
def test_cors_lets_in_our_page_alone(where: str, origin: str, request: pytest.FixtureRequest) -> None:
    """The page's origin may PUT parts and GET files, with the headers that takes, and no other origin may."""
    stack: Stack = request.getfixturevalue(where)
    rules = stack.properties("S3::Bucket")["CorsConfiguration"]["CorsRules"]
    assert [[flat(o) for o in rule.pop("AllowedOrigins")] for rule in rules] == [[origin], [origin]]
    assert rules == [
        {
            "Id": "send",
            "AllowedMethods": ["PUT"],
            "AllowedHeaders": ["if-none-match", "x-amz-checksum-sha256"],
            "ExposedHeaders": ["ETag", "x-amz-checksum-sha256"],
            "MaxAge": 3600,
        },
        {
            "Id": "receive",
            "AllowedMethods": ["GET", "HEAD"],
            "AllowedHeaders": ["range"],
            "ExposedHeaders": ["ETag", "x-amz-checksum-sha256", "Content-Length", "Content-Range"],
            "MaxAge": 3600,
        },
    ]


def test_the_bucket_empties_itself(aws: Stack) -> None:
    """Of incomplete uploads and of files, the day after the longest expiry."""
    assert aws.properties("S3::Bucket")["LifecycleConfiguration"]["Rules"] == [
        {
            "Id": "abort-incomplete-uploads",
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 31},
        },
        {"Id": "expire-files", "Status": "Enabled", "Prefix": "files/", "ExpirationInDays": 31},
    ]


def test_uploads_and_files_live_as_long_as_the_longest_expiry(synth: Synth) -> None:
    """The setting for expiries moves the bucket's rules with it."""
    stack = synth(Config(expiry_choices=(3600, 90_000), default_expiry=3600))
    uploads, files = stack.properties("S3::Bucket")["LifecycleConfiguration"]["Rules"]
    assert (uploads["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"], files["ExpirationInDays"]) == (3, 3)


def test_no_rule_erases_evidence(aws: Stack) -> None:
    """What a takedown has kept goes when an operator erases it, and not before."""
    rules = aws.properties("S3::Bucket")["LifecycleConfiguration"]["Rules"]
    erasing = [rule["Prefix"] for rule in rules if any(key.startswith("Expiration") for key in rule)]
    assert erasing == ["files/"]
    assert not evidence_key("a" * 26, 1).startswith(tuple(erasing))


def test_s3_announces_every_new_file(aws: Stack) -> None:
    """Whatever way an object comes under files/, the queue of arrivals hears of it, and of no other object."""
    assert aws.properties("S3::Bucket")["NotificationConfiguration"] == {
        "QueueConfigurations": [
            {
                "Event": "s3:ObjectCreated:*",
                "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "files/"}]}},
                "Queue": {"Fn::GetAtt": ["LinksArrivals11E3430B", "Arn"]},
            }
        ]
    }


def test_s3_may_announce_before_it_is_told_to(aws: Stack) -> None:
    """S3 tries the queue when the bucket is made, so the queue's policy comes first."""
    (policy,) = [name for name in aws.all("SQS::QueuePolicy") if name.startswith("LinksArrivals")]
    assert policy in aws.one("S3::Bucket")["DependsOn"]


def test_the_table(aws: Stack) -> None:
    """Keys, two indexes, on demand, items that expire, and 35 days of point-in-time recovery."""
    assert aws.properties("DynamoDB::Table") == {
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": "id_shard", "AttributeType": "S"},
            {"AttributeName": "expires_at", "AttributeType": "N"},
            {"AttributeName": "created", "AttributeType": "N"},
        ],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": [
                    {"AttributeName": "id_shard", "KeyType": "HASH"},
                    {"AttributeName": sort_key, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for index, sort_key in ((EXPIRY_INDEX, "expires_at"), (CREATED_INDEX, "created"))
        ],
        "BillingMode": "PAY_PER_REQUEST",
        "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    }


KEPT = pytest.mark.parametrize("kind", ["S3::Bucket", "DynamoDB::Table", "Cognito::UserPool"])


@KEPT
def test_data_outlives_the_stack_on_aws_but_not_a_first_deployment_that_fails(kind: str, accounts: Stack) -> None:
    """Files, transfers and accounts are kept when the stack is deleted or one of them replaced."""
    resource = accounts.one(kind)
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


@KEPT
def test_nothing_keeps_cloudformation_from_deleting_what_a_failed_deployment_made(kind: str, accounts: Stack) -> None:
    """With deletion protection it could not, and the stack would be stuck in ROLLBACK_FAILED."""
    assert not {"DeletionProtection", "DeletionProtectionEnabled"} & set(accounts.properties(kind))


@KEPT
def test_nothing_outlives_the_local_stack(kind: str, synth: Synth) -> None:
    """The local cloud keeps all in memory anyway."""
    resource = synth(Config(local_port=4566, upload_access="cognito")).one(kind)
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Delete", "Delete")

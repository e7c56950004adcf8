"""CloudFront in front of the bucket, and the operator's own domain names."""

from __future__ import annotations

import json
import textwrap
from dataclasses import replace
from typing import Any, cast

import pytest

from infra.config import CLOUDFRONT_MAX_BYTES, Config
from infra.edge import pem
from infra.tests.conftest import Stack, Synth, flat
from infra.tests.test_rights import LINKS, granted

KEY = "arn:aws:kms:eu-central-1:111111111111:key/0f"
# Made by openssl for this test; its private half was thrown away.
PUBLIC_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEdYpjK55Uk8HWOQG0RSpMotpsc3Ru"
    "dxohu37B3I596jPFF1gb/atZ+7K/BDKFFuatsDhOnzv2UMPgp4Ac0pnvnQ=="
)
CLOUDFRONT = Config(
    cloudfront_downloads=True,
    downloads_key_arn=KEY,
    downloads_public_key=PUBLIC_KEY,
    max_file_bytes=CLOUDFRONT_MAX_BYTES,
)
NAMED = replace(
    CLOUDFRONT,
    domain_name="files.example.com",
    certificate_arn="arn:aws:acm:eu-central-1:111111111111:certificate/a",
    downloads_domain_name="get.example.com",
    downloads_certificate_arn="arn:aws:acm:us-east-1:111111111111:certificate/b",
    hosted_zone_id="Z0123456789",
)
CLOUDFRONT_NAME = "{EdgeDistribution0060737B.DomainName}"
UNIQUE = "sidestep-{AWS::StackId}[2]"
DISTRIBUTION = "arn:{AWS::Partition}:cloudfront::{AWS::AccountId}:distribution/{EdgeDistribution0060737B}"


@pytest.fixture(scope="module")
def edge(synth: Synth) -> Stack:
    """Return what AWS gets with CloudFront in front of downloads."""
    return synth(CLOUDFRONT)


@pytest.fixture(scope="module")
def named(synth: Synth) -> Stack:
    """Return what AWS gets with domain names for all of it."""
    return synth(NAMED)


def test_there_is_nothing_of_it_unless_it_is_wanted(aws: Stack) -> None:
    """Neither distribution nor domain name, and nobody may sign with any key."""
    kinds = {resource["Type"].split("::")[1] for resource in aws.template["Resources"].values()}
    assert not kinds & {"CloudFront", "Route53"}
    assert not aws.all("ApiGateway::DomainName")
    assert "kms:Sign" not in json.dumps(aws.template)
    assert "DOWNLOADS_ORIGIN" not in aws.properties("Lambda::Function", "LinksFunction")["Environment"]["Variables"]


def distribution(stack: Stack) -> dict[str, Any]:
    """Return the distribution's configuration."""
    return stack.properties("CloudFront::Distribution")["DistributionConfig"]


def test_nothing_is_served_that_our_key_has_not_signed(edge: Stack) -> None:
    """By one behaviour for all addresses, over HTTPS alone, for reading alone."""
    found = distribution(edge)
    assert "CacheBehaviors" not in found
    assert found["DefaultCacheBehavior"] == {
        "AllowedMethods": ["GET", "HEAD", "OPTIONS"],
        "CachePolicyId": {"Ref": "EdgeNothingKept28788546"},
        "Compress": False,
        "TargetOriginId": "SidestepEdgeDistributionOrigin165B413A1",
        "TrustedKeyGroups": [{"Ref": "EdgeKeys28DE6F80"}],
        "ViewerProtocolPolicy": "https-only",
    }
    (key,) = edge.properties("CloudFront::KeyGroup")["KeyGroupConfig"]["Items"]
    assert edge.all("CloudFront::PublicKey").keys() == {key["Ref"]}


def test_the_public_key_is_the_operators(edge: Stack) -> None:
    """As PEM, which is what CloudFront takes."""
    told = edge.properties("CloudFront::PublicKey")["PublicKeyConfig"]["EncodedKey"]
    first, *lines, last, end = told.split("\n")
    assert (first, last, end) == ("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----", "")
    assert lines == textwrap.wrap(PUBLIC_KEY, 64)


def test_pem_is_what_readers_of_keys_take() -> None:
    """A library that knows the format finds a P-256 key in it."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    key = load_pem_public_key(pem(PUBLIC_KEY).encode())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)


def test_another_key_is_another_resource(synth: Synth, edge: Stack) -> None:
    """CloudFront exchanges no key, so a new one is made beside the old one and then takes its place."""
    other = PUBLIC_KEY.replace("AEdYpj", "AEdYpk")
    changed = synth(replace(CLOUDFRONT, downloads_public_key=other))
    assert not changed.all("CloudFront::PublicKey").keys() & edge.all("CloudFront::PublicKey").keys()
    names = [stack.properties("CloudFront::PublicKey")["PublicKeyConfig"]["Name"] for stack in (edge, changed)]
    assert flat(names[0]) != flat(names[1])


def test_nothing_is_kept_and_answers_are_told_apart_by_all_that_they_depend_on(edge: Stack) -> None:
    """What S3 is asked for and who asks; and S3 gets to see just that."""
    policy = edge.properties("CloudFront::CachePolicy")["CachePolicyConfig"]
    assert (policy["MinTTL"], policy["DefaultTTL"], policy["MaxTTL"]) == (0, 0, 1)
    assert policy["ParametersInCacheKeyAndForwardedToOrigin"] == {
        "CookiesConfig": {"CookieBehavior": "none"},
        "EnableAcceptEncodingBrotli": False,
        "EnableAcceptEncodingGzip": False,
        "HeadersConfig": {
            "HeaderBehavior": "whitelist",
            "Headers": ["Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method"],
        },
        "QueryStringsConfig": {
            "QueryStringBehavior": "whitelist",
            "QueryStrings": ["response-cache-control", "response-content-disposition", "response-content-type"],
        },
    }


def test_cloudfront_asks_the_bucket_in_its_own_name(edge: Stack) -> None:
    """By origin access control, which signs each request."""
    (origin,) = distribution(edge)["Origins"]
    assert origin["DomainName"] == {"Fn::GetAtt": ["StoreBucket4FBDE984", "RegionalDomainName"]}
    assert origin["OriginAccessControlId"] == {"Fn::GetAtt": ["EdgeAccess447D0B8A", "Id"]}
    access = edge.properties("CloudFront::OriginAccessControl")["OriginAccessControlConfig"]
    assert (access["SigningBehavior"], access["SigningProtocol"]) == ("always", "sigv4")


def test_two_deployments_in_an_account_do_not_meet(edge: Stack) -> None:
    """CloudFront's names are the account's, whatever the region."""
    for kind, config in (
        ("PublicKey", "PublicKeyConfig"),
        ("KeyGroup", "KeyGroupConfig"),
        ("CachePolicy", "CachePolicyConfig"),
        ("OriginAccessControl", "OriginAccessControlConfig"),
    ):
        assert flat(edge.properties(f"CloudFront::{kind}")[config]["Name"]).startswith(UNIQUE), kind


def test_nobody_else_reads_a_file_and_no_presigned_url_does(edge: Stack) -> None:
    """This distribution may; the links function may look at what arrived; everybody else is denied, whoever it is."""
    statements = edge.properties("S3::BucketPolicy")["PolicyDocument"]["Statement"]
    reading = [statement for statement in statements if statement["Action"] == "s3:GetObject"]
    assert {flat(statement["Resource"]) for statement in reading} == {
        "arn:{AWS::Partition}:s3:::sidestep-{AWS::StackId}[2]/files/*"
    }
    found = [(statement["Effect"], statement["Principal"], flat_conditions(statement)) for statement in reading]
    assert found == [
        (
            "Allow",
            {"Service": "cloudfront.amazonaws.com"},
            {"StringEquals": {"aws:SourceArn": DISTRIBUTION, "aws:SourceAccount": "{AWS::AccountId}"}},
        ),
        (
            "Deny",
            {"AWS": "*"},
            {
                "ArnNotEquals": {"aws:PrincipalArn": "{LinksRole87B38B91.Arn} {OperatorsRole2BF05B14.Arn}"},
                "StringNotEquals": {"aws:SourceArn": DISTRIBUTION},
            },
        ),
        ("Deny", {"AWS": "*"}, {"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}),
    ]
    assert edge.properties("S3::Bucket")["PublicAccessBlockConfiguration"]["RestrictPublicBuckets"] is True


def test_the_operators_button_may_read_past_the_distribution_as_well(synth: Synth) -> None:
    """As the operators' own role: it copies what is blocked to the evidence."""
    accounts = synth(replace(CLOUDFRONT, upload_access="cognito"))
    statements = accounts.properties("S3::BucketPolicy")["PolicyDocument"]["Statement"]
    (readers,) = [
        statement["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]
        for statement in statements
        if "ArnNotEquals" in statement["Condition"]
    ]
    names = [flat(reader)[1:].removesuffix(".Arn}").rstrip("0123456789ABCDEF") for reader in readers]
    assert names == ["LinksRole", "OperatorsRole", "OperatorsTakedownRole"]


def flat_conditions(statement: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return a statement's conditions in one line each."""
    return {
        operator: {
            key: " ".join(map(flat, cast("list[Any]", value))) if isinstance(value, list) else flat(value)
            for key, value in keys.items()
        }
        for operator, keys in statement["Condition"].items()
    }


def test_links_may_sign_with_that_key_and_nobody_else_may(edge: Stack) -> None:
    """One right more, on one key; the private half is KMS's, so there is none to read."""
    links, *end = LINKS[:3], *LINKS[3:]
    assert granted(edge.properties("IAM::Role", "LinksRole")) == [*links, (["kms:Sign"], KEY), *end]
    for role in ("WebRole", "SweepRole"):
        assert not [actions for actions, _ in granted(edge.properties("IAM::Role", role)) if "kms:Sign" in actions]


@pytest.mark.parametrize("name", ["WebFunction", "LinksFunction", "SweepFunction"])
def test_functions_are_told_of_cloudfront(edge: Stack, named: Stack, name: str) -> None:
    """Where downloads are, for the page's policy, and with which key they are signed."""
    told = edge.properties("Lambda::Function", name)["Environment"]["Variables"]
    assert flat(told["DOWNLOADS_ORIGIN"]) == "https://{EdgeDistribution0060737B.DomainName}"
    assert told["DOWNLOADS_KEY_ARN"] == KEY
    assert told["DOWNLOADS_KEY_ID"] == {"Ref": next(iter(edge.all("CloudFront::PublicKey")))}
    named_told = named.properties("Lambda::Function", name)["Environment"]["Variables"]
    assert named_told["DOWNLOADS_ORIGIN"] == "https://get.example.com"


def test_pages_answer_at_the_operators_name_by_tls_1_2(named: Stack) -> None:
    """At its root: the stage is not in the address."""
    assert named.properties("ApiGateway::DomainName") == {
        "DomainName": "files.example.com",
        "EndpointConfiguration": {"Types": ["REGIONAL"]},
        "RegionalCertificateArn": "arn:aws:acm:eu-central-1:111111111111:certificate/a",
        "SecurityPolicy": "TLS_1_2",
    }
    assert named.properties("ApiGateway::BasePathMapping") == {
        "DomainName": {"Ref": "WebDomainB6745A35"},
        "RestApiId": {"Ref": "WebApi27F67B01"},
        "Stage": {"Ref": "WebApiDeploymentStageprodF4393467"},
    }
    assert named.template["Outputs"]["Address"]["Value"] == "https://files.example.com/"


def test_the_bucket_knows_the_page_by_either_name(named: Stack) -> None:
    """Links that were given out before there was a domain name go on working."""
    rules = named.properties("S3::Bucket")["CorsConfiguration"]["CorsRules"]
    gateway = "https://{WebApi27F67B01}.execute-api.{AWS::Region}.{AWS::URLSuffix}"
    for rule in rules:
        assert [flat(origin) for origin in rule["AllowedOrigins"]] == [gateway, "https://files.example.com"]


def test_downloads_come_from_the_operators_name_by_tls_1_2(named: Stack) -> None:
    """With its certificate from us-east-1."""
    found = distribution(named)
    assert found["Aliases"] == ["get.example.com"]
    assert found["ViewerCertificate"] == {
        "AcmCertificateArn": "arn:aws:acm:us-east-1:111111111111:certificate/b",
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SslSupportMethod": "sni-only",
    }


def test_the_zone_leads_both_names_to_us(named: Stack) -> None:
    """By alias records, which cost nothing."""
    records = [record["Properties"] for record in named.all("Route53::RecordSet").values()]
    assert {record["HostedZoneId"] for record in records} == {"Z0123456789"}
    assert {
        (record["Name"], record["Type"], *(flat(value) for value in record["AliasTarget"].values()))
        for record in records
    } == {
        (
            "files.example.com",
            "A",
            "{WebDomainB6745A35.RegionalDomainName}",
            "{WebDomainB6745A35.RegionalHostedZoneId}",
        ),
        ("get.example.com", "A", CLOUDFRONT_NAME, "Z2FDTNDATAQYW2"),
        ("get.example.com", "AAAA", CLOUDFRONT_NAME, "Z2FDTNDATAQYW2"),
    }


def test_without_a_zone_the_operator_makes_the_records(synth: Synth, named: Stack) -> None:
    """Wherever the domain is kept, and is told where they have to lead."""
    stack = synth(replace(NAMED, hosted_zone_id=""))
    assert not stack.all("Route53::RecordSet")
    targets = {"PagesLeadTo": "{WebDomainB6745A35.RegionalDomainName}", "DownloadsLeadTo": CLOUDFRONT_NAME}
    assert {name: flat(stack.template["Outputs"][name]["Value"]) for name in targets} == targets
    assert not targets.keys() & named.template["Outputs"].keys()

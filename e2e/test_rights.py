"""Each function's role with the credentials that its function has: it may do what it needs, and nothing else.

What it needs is read off the deployed role, which `infra/tests/test_rights.py` lists; what it may not is all the rest
of `deeds.py`. That every right is needed, the other tests here say: without it they fail.
"""

import io
import json
import zipfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from e2e import deeds
from e2e.cloud import Cloud
from e2e.deeds import Deed

FUNCTIONS = ["WebFunction", "LinksFunction", "SweepFunction"]
DENIED = {"403", "AccessDenied", "AccessDeniedException", "AuthorizationError"}
# The local cloud has no X-Ray, and compares the name of a log group with the right to its streams, which ends in `:*`.
NOT_HERE = {
    *("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
    *("logs:CreateLogStream", "logs:PutLogEvents"),
}
KEYS = {
    "aws_access_key_id": "AWS_ACCESS_KEY_ID",
    "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "aws_session_token": "AWS_SESSION_TOKEN",
}
TELL = "import os\ndef handler(event, context):\n    return {name: os.environ[key] for name, key in event.items()}\n"


class Role:
    """A role: what is granted to it, and calls made with credentials of its own."""

    def __init__(self, cloud: Cloud, arn: str, credentials: dict[str, str]) -> None:
        """Read its policy."""
        session = cast("Any", boto3.Session)(region_name=deeds.REGION, **credentials)
        endpoint = cloud.client("s3").meta.endpoint_url
        self.client = cache(lambda service: session.client(service, endpoint_url=endpoint))
        iam, name = cloud.client("iam"), arn.rsplit("/", 1)[1]
        (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
        statements = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]["Statement"]
        self.granted = {
            (action, statement["Resource"])
            for statement in statements
            for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        }

    @classmethod
    def of_function(cls, cloud: Cloud, name: str) -> "Role":
        """Have a function of the same role tell what Lambda gives it; no other way is open into it."""
        lambda_ = cloud.client("lambda")
        described = lambda_.get_function_configuration(FunctionName=name)
        bundle = io.BytesIO()
        with zipfile.ZipFile(bundle, "w") as archive:
            archive.writestr("index.py", TELL)
        lambda_.create_function(
            FunctionName="tell",
            Runtime=described["Runtime"],
            Role=described["Role"],
            Handler="index.handler",
            Code={"ZipFile": bundle.getvalue()},
        )
        told = lambda_.invoke(FunctionName="tell", Payload=json.dumps(KEYS))
        lambda_.delete_function(FunctionName="tell")
        return cls(cloud, described["Role"], json.loads(told["Payload"].read()))

    @classmethod
    def of_people(cls, cloud: Cloud, arn: str) -> "Role":
        """Assume a role as the account's administrator may."""
        given = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="rights")["Credentials"]
        keys = {"aws_access_key_id": "AccessKeyId", "aws_secret_access_key": "SecretAccessKey"}
        return cls(
            cloud, arn, {name: given[key] for name, key in (keys | {"aws_session_token": "SessionToken"}).items()}
        )

    def may(self, deed: Deed) -> bool:
        """Tell whether the role's policy says so."""
        return any(action == deed.action and fnmatchcase(deed.resource, resource) for action, resource in self.granted)

    def can(self, deed: Deed) -> bool:
        """Try it, and tell whether it was let in; what comes of it otherwise does not matter."""
        try:
            getattr(self.client(deed.service), deed.method)(**deed.arguments)
        except ClientError as error:
            return error.response.get("Error", {}).get("Code") not in DENIED
        return True


@pytest.fixture(scope="module")
def everything(cloud: Cloud) -> Iterator[list[Deed]]:
    """Return all that there is to do in the local cloud."""
    with all_that_there_is(cloud) as found:
        yield found


@pytest.fixture(scope="module")
def everything_with_accounts(cloud_of_accounts: Cloud) -> Iterator[list[Deed]]:
    """Return the same where people have accounts."""
    with all_that_there_is(cloud_of_accounts) as found:
        yield found


@contextmanager
def all_that_there_is(cloud: Cloud) -> Generator[list[Deed]]:
    """Name all that can be done, on ours and on what is none of the functions' business."""
    out = cloud.outputs
    secrets = cloud.client("secretsmanager")
    secret = secrets.create_secret(Name="of-somebody-else", SecretString="x")["ARN"]
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix="/aws/cloudformation/")["logGroups"]
    # The topic's own, the only one there is; the local cloud does not tell it of a topic.
    (key_arn,) = [key["KeyArn"] for key in cloud.client("kms").list_keys()["Keys"]]
    role = cloud.client("lambda").get_function_configuration(FunctionName=out["WebFunction"])["Role"]
    places = (
        deeds.on_objects(out["Bucket"], f"files/{deeds.NOBODY}/1"),
        deeds.on_objects(out["Bucket"], f"evidence/{deeds.NOBODY}/1"),
        deeds.on_objects(out["Bucket"], "elsewhere"),
        deeds.on_objects(deeds.OTHER_BUCKET, f"files/{deeds.NOBODY}/1"),
        deeds.on_bucket(out["Bucket"]),
        deeds.on_bucket(deeds.OTHER_BUCKET),
        deeds.on_table(out["Table"]),
        deeds.on_table(deeds.OTHER_TABLE),
        deeds.on_index(out["Table"], "by_expiry", "expiry_shard"),
        deeds.on_index(out["Table"], "by_created", "id_shard"),
        deeds.on_queue(out["Arrivals"]),
        deeds.on_queue(out["DeadLetters"]),
        *(deeds.on_logs(group["logGroupName"]) for group in groups),
        *(deeds.on_function(out[function]) for function in [*FUNCTIONS, "TakedownFunction"] if function in out),
        deeds.on_secret(secret),
        deeds.on_topic(out["Alarms"]),
        deeds.on_key(key_arn),
        deeds.on_account(role),
    )
    yield [deed for place in places for deed in place]
    secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    key = {"pk": {"S": deeds.NOBODY}, "sk": {"S": "rights"}}
    cloud.client("dynamodb").delete_item(TableName=out["Table"], Key=key)


@pytest.mark.parametrize("output", [*FUNCTIONS, "OperatorRole"])
def test_a_role_can_do_what_it_is_granted_and_nothing_else(cloud: Cloud, everything: list[Deed], output: str) -> None:
    """Each of its rights lets it in, and each of some two hundred other deeds is refused."""
    try_all(cloud, everything, output)


@pytest.mark.parametrize("output", ["WebFunction", "TakedownFunction"])
def test_so_it_is_with_the_rights_that_there_are_only_with_accounts(
    cloud_of_accounts: Cloud, everything_with_accounts: list[Deed], output: str
) -> None:
    """Web has the takedown function called and lists all transfers; takedown moves files to the evidence."""
    try_all(cloud_of_accounts, everything_with_accounts, output)


def try_all(cloud: Cloud, everything: list[Deed], output: str) -> None:
    """Try everything in the role that an output names."""
    of = Role.of_people if output == "OperatorRole" else Role.of_function
    role = of(cloud, cloud.outputs[output])
    tried = [(deed, role.may(deed), role.can(deed)) for deed in everything if deed.action not in NOT_HERE]
    assert [(deed.action, deed.resource, deed.method) for deed, may, can in tried if may != can] == []
    assert {deed.action for deed, may, _ in tried if may} == {action for action, _ in role.granted} - NOT_HERE
    assert sum(not may for _, may, _ in tried) > 150

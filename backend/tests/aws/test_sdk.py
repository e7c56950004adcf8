"""Makes every call to AWS with the installed botocore, which must support each name, each parameter and each URL.

botocore checks and spells everything as ever, and nothing is sent. `make test` runs this with the newest botocore and
with the oldest one that a function starts with.
"""

import ast
import base64
import json
import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError
from botocore.model import OperationModel

import backend
from backend.aws import clients as aws
from backend.aws.bucket import COPY_BYTES, Objects, StoredPart
from backend.aws.cdn import Edge
from backend.aws.secret import Secret
from backend.aws.table.records import BusyError, Records
from backend.aws.takedown_function import Takedowns
from backend.aws.topic import Alerts
from backend.rules.transfer import File, Transfer

# What botocore's paginators use themselves, and errors that we raise as it would.
NEVER_SENT = {"MaxItems", "PageSize", "Error", "Code", "Message"}
ROOT = Path(backend.__file__).parent
SHA256 = "A" * 43 + "="
ANSWERS = {
    "BatchGetItem": '{"Responses": {}}',
    "CreateMultipartUpload": "<A><UploadId>up</UploadId></A>",
    "GetSecretValue": '{"SecretString": "secret"}',
    "ListParts": "<A><Part><PartNumber>1</PartNumber><Size>5</Size><ETag>e</ETag>"
    f"<ChecksumSHA256>{SHA256}</ChecksumSHA256></Part></A>",
    "Publish": "<A><PublishResult/></A>",
    "Query": '{"Items": []}',
    "Sign": json.dumps({"Signature": base64.b64encode(b"signature").decode()}),
    "UploadPartCopy": "<A><ETag>e</ETag></A>",
}
HEAD = {"content-length": "5", "last-modified": "Sat, 28 Nov 2026 00:00:00 GMT", "x-amz-checksum-sha256": SHA256}
REFUSED = {
    "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
    "Item": {"deleted": {"BOOL": False}},
}
PART = StoredPart(number=1, size=5, sha256=SHA256, etag="e")
FILE = File(number=1, name="a", size=5, type="", part_size=5)
TRANSFER = Transfer(id="t", created=1, expires_at=2, ttl=3, owner_token_hash="h", last_number=1, account="a")


class Aws:
    """AWS at the other end of botocore's connection. `sent` has the calls received, each with its parameters."""

    def __init__(self) -> None:
        """Start with no calls."""
        self.sent: list[tuple[str, Mapping[str, Any]]] = []
        self.failures: dict[str, AWSResponse | Exception] = {}

    def note(self, params: Mapping[str, Any], model: OperationModel, **_: Any) -> None:
        """Record a call before botocore serializes it; calls that are only signed come here, too."""
        self.sent.append((xform_name(model.name), params))

    def answer(self, event_name: str, **_: Any) -> Any:
        """Respond to a call, the first time with its failure if there is one."""
        call = event_name.rpartition(".")[2]
        failure = self.failures.pop(call, None)
        if isinstance(failure, Exception):
            raise failure
        return failure or answered(200, ANSWERS.get(call, ""), HEAD if call == "HeadObject" else {})


def answered(status: int, body: str, headers: Mapping[str, str]) -> AWSResponse:
    """Return an answer as botocore gets it from urllib3."""
    raw: Any = BytesIO(body.encode())
    raw.stream = lambda: iter([body.encode()])
    return AWSResponse("https://aws.example", status, HTTPHeaders.from_dict(headers), raw)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Let all clients that are made from now on talk to this one."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    aws.session.cache_clear()
    made = Aws()
    aws.session().register("before-parameter-build", made.note)
    aws.session().register("before-send", made.answer)
    yield made
    aws.session.cache_clear()


def ask_the_bucket(cloud: Aws) -> None:
    """Make every call of S3."""
    bucket = Objects("bucket")
    bucket.start("k", saved_as="attachment")
    bucket.sign_whole("k", size=5, sha256=SHA256, seconds=60, saved_as="attachment")
    bucket.sign_part("k", upload_id="up", number=1, size=5, sha256=SHA256, seconds=60)
    bucket.sign_download("k", disposition="attachment", seconds=60)
    bucket.parts("k", "up")
    # A caller that gets no response may ask what happened.
    cloud.failures["CompleteMultipartUpload"] = ConnectionClosedError(endpoint_url="https://aws.example")
    bucket.complete("k", "up", [PART], size=5)
    bucket.abort("k", "up")
    bucket.head("k")
    bucket.copy("k", "l", size=5)
    bucket.copy("k", "l", size=COPY_BYTES + 1)
    bucket.delete(["k"])


def ask_the_table() -> None:
    """Make every call of DynamoDB, with every parameter; another test covers the expressions."""
    records = Records("table")
    records.create(TRANSFER, [FILE])
    records.remember_sent(TRANSFER, name="a", bytes_=5)
    records.transfer("t")
    records.some_files("t", [1])
    records.log("t", 10)
    records.finish_adding(TRANSFER, [FILE], token="t")
    list(records.newest())
    list(records.expired(1))
    records.forget_tries("c")
    records.forget("t")


def ask_the_others() -> None:
    """Make every call of SNS, Secrets Manager, Lambda and KMS."""
    Alerts("arn:aws:sns:eu-central-1:111111111111:alerts").send("subject", "text")
    Secret("arn:aws:secretsmanager:eu-central-1:111111111111:secret:s", now=lambda: 0)()
    Takedowns("takedown").begin("t")
    key = "arn:aws:kms:eu-central-1:111111111111:key/0f"
    Edge("https://edge.example", key_arn=key, key_id="K", now=lambda: 0).sign("k", {}, seconds=60)


def test_botocore_knows_every_call_that_stands_in_the_source(cloud: Aws) -> None:
    """Each call is made here with at least the same parameters, and botocore rejects none."""
    ask_the_bucket(cloud)
    ask_the_table()
    ask_the_others()
    missing = [
        f"{place}: {call}({', '.join(sorted(params))})"
        for place, call, params in calls()
        if not any(call == name and params <= sent.keys() for name, sent in cloud.sent)
    ]
    assert not missing, "\n".join(missing)
    assert {name for name, _ in cloud.sent} == {call for _, call, _ in calls()}
    assert parameters() - {key for _, sent in cloud.sent for key in keys(sent)} <= NEVER_SENT


def calls() -> Iterator[tuple[str, str, set[str]]]:
    """Yield each call to AWS in the backend's source: its location, its name, its parameters."""
    for path, tree, names in sources():
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="paginate", value=ast.Call(args=[ast.Constant(value=str(name))]))
                ):
                    found, keywords = name, node.keywords
                case ast.Call(func=ast.Attribute(attr=name)) if name in names:
                    found, keywords = name, node.keywords
                case ast.Constant(value=str(name)) if name in names:  # to be signed
                    found, keywords = name, []
                case _:
                    continue
            params = {each.arg for each in keywords if each.arg} - {"PaginationConfig"}
            yield f"{path.name}:{node.lineno}", found, params


def parameters() -> set[str]:
    """Return the names of all parameters, however deep, that the source has as keys of a dictionary."""
    found: set[str] = set()
    for _, tree, _ in sources():
        for node in ast.walk(tree):
            match node:
                case ast.Dict():
                    spelled = node.keys
                case ast.Subscript(ctx=ast.Store()):
                    spelled = [node.slice]
                case _:
                    continue
            names = [key.value for key in spelled if isinstance(key, ast.Constant)]
            found |= {name for name in names if isinstance(name, str) and name[:1].isupper()}
    return found


def sources() -> Iterator[tuple[Path, ast.Module, set[str]]]:
    """Yield each module that makes clients, with the names of all their operations."""
    for path in set(ROOT.rglob("*.py")) - set(ROOT.glob("tests/**/*.py")):
        tree = ast.parse(path.read_text())
        names: set[str] = set()
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id="client"), args=[ast.Constant(value=str(service)), *_]):
                    model = aws.session().get_service_model(service)
                    names |= {xform_name(name) for name in model.operation_names}
                case _:
                    pass
        if names:
            yield path, tree, names


def keys(sent: Any) -> Iterator[str]:
    """Yield the keys of nested parameters."""
    match sent:
        case dict():
            for key, value in sent.items():
                yield key
                yield from keys(value)
        case list():
            for value in sent:
                yield from keys(value)
        case _:
            pass


def test_the_oldest_that_is_tried_is_the_oldest_that_starts() -> None:
    """The lock of the oldest SDK has exactly the oldest version that a function starts with."""
    (pinned,) = re.findall(r"^botocore==(\S+)", (ROOT.parent / "requirements/oldest.txt").read_text(), re.MULTILINE)
    assert tuple(map(int, pinned.split("."))) == aws.OLDEST_BOTOCORE


def test_checksums_are_read_from_s3s_answers(cloud: Aws) -> None:  # noqa: ARG001  it answers
    """Of a part and of a whole object."""
    bucket = Objects("bucket")
    assert bucket.parts("k", "up") == [PART]
    found = bucket.head("k")
    assert found
    assert found.sha256 == SHA256


def test_a_refused_write_tells_what_is_there(cloud: Aws) -> None:
    """DynamoDB returns the item: somebody else is adding files now, and the transfer is not gone."""
    cloud.failures["UpdateItem"] = answered(400, json.dumps(REFUSED), {})
    with pytest.raises(BusyError):
        Records("table").finish_adding(TRANSFER, [FILE], token="t")

"""How the table's code handles a write that botocore sent again because the response was lost."""

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from backend.aws.table.records import Records
from backend.rules.transfer import Transfer
from backend.tests.script import scripted

TRANSFER = Transfer(id="a" * 26, created=1, expires_at=9, ttl=99, owner_token_hash="h", last_number=0)
LOST = ConnectionClosedError(endpoint_url="https://aws.example")


def refused(code: str) -> tuple[int, str]:
    """Return DynamoDB's refusal."""
    return 400, f'{{"__type": "com.amazonaws.dynamodb.v20120810#{code}"}}'


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set credentials, and do not wait between retries."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


def test_a_transfer_whose_creation_was_answered_by_nobody_is_there() -> None:
    """The second try finds the first one's item; that used to be an error, and the sender made another transfer."""
    with scripted("dynamodb") as script:
        script.answers = {"PutItem": [LOST, refused("ConditionalCheckFailedException")]}
        Records("table").create(TRANSFER, [])
    assert script.calls == ["PutItem", "PutItem"]


def test_a_transfer_that_could_not_be_created_is_not_taken_for_one() -> None:
    """Any other error is raised."""
    with scripted("dynamodb") as script:
        script.answers = {"PutItem": [refused("ValidationException")]}
        with pytest.raises(ClientError):
            Records("table").create(TRANSFER, [])

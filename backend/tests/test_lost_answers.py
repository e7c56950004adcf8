"""What the table makes of a write whose answer was lost, so that botocore has sent it again."""

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from backend.records import Records
from backend.tests.script import scripted
from backend.transfers import Transfer

TRANSFER = Transfer(id="a" * 26, created=1, expires_at=9, ttl=99, owner_token_hash="h", last_number=0)
LOST = ConnectionClosedError(endpoint_url="https://aws.example")


def refused(code: str) -> tuple[int, str]:
    """Return DynamoDB's refusal."""
    return 400, f'{{"__type": "com.amazonaws.dynamodb.v20120810#{code}"}}'


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have credentials, and wait for nothing."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


def test_a_transfer_whose_creation_was_answered_by_nobody_is_there() -> None:
    """The second try finds the first one's item; before, the sender was told of a fault, and made another transfer."""
    with scripted("dynamodb") as script:
        script.answers = {"PutItem": [LOST, refused("ConditionalCheckFailedException")]}
        Records("table").create(TRANSFER, [])
    assert script.calls == ["PutItem", "PutItem"]


def test_a_transfer_that_could_not_be_created_is_not_taken_for_one() -> None:
    """Whatever else DynamoDB says is told."""
    with scripted("dynamodb") as script:
        script.answers = {"PutItem": [refused("ValidationException")]}
        with pytest.raises(ClientError):
            Records("table").create(TRANSFER, [])

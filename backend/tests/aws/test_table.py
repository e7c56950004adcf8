"""The table's code where no implementation of DynamoDB can be brought into the state that matters."""

import pytest

from backend.aws import clients as aws
from backend.aws.table.records import Records
from backend.tests.aws.test_expressions import TRANSFER, Table


def test_a_transfer_that_is_in_two_shards_at_once_is_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is blocked while the shards are queried, one after the other."""
    monkeypatch.setattr(aws, "session", lambda: Table("everything").session)
    assert list(Records("table").newest()) == [(TRANSFER.created, TRANSFER.id)]

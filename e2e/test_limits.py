"""A day's limits against the deployed stack: many requests at once, what each role gives back, what a sender sees."""

import os
import re
import time
from collections import Counter
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from backend.rules.addresses import household
from backend.rules.quota import Amount, Budget
from e2e.cloud import Answer, Cloud, eventually
from e2e.conftest import Watch
from e2e.expiring import expire, sweep
from e2e.sending import put
from e2e.test_api import AT_ONE_TIME
from e2e.test_page import link_of, pick, rows, write

EACH = 100


def limits_of(cloud: Cloud, whose: str) -> Amount:
    """Return what the deployed function allows in a day."""
    told = cloud.client("lambda").get_function_configuration(FunctionName=cloud.outputs["WebFunction"])["Environment"]
    end = "_PER_DAY" + ("_PER_SENDER" if whose != "total" else "")
    return Amount(
        transfers=int(told["Variables"][f"MAX_TRANSFERS{end}"]), bytes=int(told["Variables"][f"MAX_BYTES{end}"])
    )


def today(whose: str) -> dict[str, Any]:
    """Return the key of what is reserved today, in all or by a sender."""
    budget = Budget.of(whose, time.time())
    return {"pk": {"S": f"day#{budget.day}"}, "sk": {"S": whose if whose == "total" else f"sender#{budget.sender}"}}


def used(cloud: Cloud, whose: str) -> Amount:
    """Return that."""
    found = cloud.client("dynamodb").get_item(TableName=cloud.outputs["Table"], Key=today(whose), ConsistentRead=True)
    item = found.get("Item", {})
    return Amount(**{name: int(item.get(name, {"N": "0"})["N"]) for name in ("transfers", "bytes")})


@contextmanager
def left(cloud: Cloud, whose: str, *, transfers: int | None = None, size: int | None = None) -> Generator[None]:
    """Leave only so much of today, as the table's administrator; afterwards there is as much again as there was."""
    key, most, before = today(whose), limits_of(cloud, whose), used(cloud, whose)
    taken = {
        ":transfers": 0 if transfers is None else most.transfers - before.transfers - transfers,
        ":bytes": 0 if size is None else most.bytes - before.bytes - size,
    }

    def add(sign: int) -> None:
        cloud.client("dynamodb").update_item(
            TableName=cloud.outputs["Table"],
            Key=key,
            UpdateExpression="ADD transfers :transfers, #bytes :bytes",
            ExpressionAttributeNames={"#bytes": "bytes"},
            ExpressionAttributeValues={name: {"N": str(sign * value)} for name, value in taken.items()},
        )

    add(1)
    try:
        yield
    finally:
        add(-1)


@pytest.fixture
def senders() -> Iterator[str]:
    """Return addresses that nobody has sent from: the local cloud's gateway takes a header for the caller's."""
    return (f"2001:db8:{os.urandom(2).hex()}:{os.urandom(2).hex()}::1" for _ in cycle([0]))


def begin(cloud: Cloud, address: str, *sizes: int) -> Answer:
    """Ask for a transfer of files of these sizes."""
    files = [{"name": "a", "size": size} for size in sizes]
    body = {"files": files, "parts": [{"file": 1, "number": 1}]}
    return cloud.call("POST", "api/transfers", body=body, headers={"X-Forwarded-For": address})


def test_of_a_hundred_transfers_at_once_a_sender_begins_as_many_as_the_day_allows(
    cloud: Cloud, senders: Iterator[str]
) -> None:
    """Exactly; the others hear until when, and others go on."""
    mine, others = next(senders), next(senders)
    with left(cloud, household(mine), transfers=10), ThreadPoolExecutor(AT_ONE_TIME) as pool:
        answers = list(pool.map(lambda _: begin(cloud, mine, 1), range(100)))
        assert begin(cloud, others, 1).status == HTTPStatus.CREATED
    assert Counter(answer.status for answer in answers) == {HTTPStatus.CREATED: 10, HTTPStatus.TOO_MANY_REQUESTS: 90}
    assert used(cloud, household(mine)) == Amount(transfers=10, bytes=10)
    refused = next(answer for answer in answers if answer.status != HTTPStatus.CREATED)
    assert refused.error["limit"] == "max_transfers_per_day_per_sender"
    free = datetime.fromisoformat(refused.error["free_at"])
    assert free.strftime("%H:%M:%S %Z") == "00:00:00 UTC"
    assert abs((free - datetime.now(UTC)).total_seconds() - int(refused.headers["Retry-After"])) < 60


def test_of_a_hundred_transfers_at_once_all_senders_begin_as_many_as_the_day_has_bytes_for(
    cloud: Cloud, senders: Iterator[str]
) -> None:
    """Exactly, nothing is left reserved for the others, and what is taken back can be had again."""
    each = [next(senders) for _ in range(4)]
    before = used(cloud, "total")
    with left(cloud, "total", size=10 * EACH + EACH - 1):
        with ThreadPoolExecutor(AT_ONE_TIME) as pool:
            answers = list(pool.map(lambda n: begin(cloud, each[n % 4], EACH), range(100)))
        made = [answer.json for answer in answers if answer.status == HTTPStatus.CREATED]
        assert len(made) == 10
        assert {answer.error["limit"] for answer in answers if answer.status != HTTPStatus.CREATED} == {
            "max_bytes_per_day"
        }
        assert sum(used(cloud, household(sender)).bytes for sender in each) == 10 * EACH
        for transfer in made[:2]:
            cloud.call("DELETE", f"api/transfers/{transfer['id']}", token=transfer["owner_token"])
        again = [begin(cloud, each[0], EACH).status for _ in range(3)]
        assert again == [HTTPStatus.CREATED, HTTPStatus.CREATED, HTTPStatus.TOO_MANY_REQUESTS]
    after = used(cloud, "total")
    assert (after.transfers - before.transfers, after.bytes - before.bytes) == (12, 10 * EACH)


def test_each_function_may_give_back_what_never_arrives(cloud: Cloud, senders: Iterator[str]) -> None:
    """Web what is removed, links what fails, sweep what expires; what has arrived counts on."""
    address = next(senders)
    sender = household(address)
    transfer = begin(cloud, address, 1, 20, 300, 4_000).json
    place, token = f"api/transfers/{transfer['id']}", transfer["owner_token"]
    assert used(cloud, sender).bytes == 4_321
    assert put(cloud, transfer["urls"][0], b"x").status == HTTPStatus.OK
    cloud.call("DELETE", f"{place}/files/2", token=token)
    assert used(cloud, sender).bytes == 4_301
    cloud.s3.put_object(Bucket=cloud.outputs["Bucket"], Key=f"files/{transfer['id']}/3", Body=b"wrong")
    eventually(lambda: cloud.call("GET", place).json["counts"] == {"files": 3, "stored": 1, "failed": 1})
    eventually(lambda: used(cloud, sender).bytes == 4_001)
    expire(cloud, transfer)
    sweep(cloud)
    assert used(cloud, sender) == Amount(transfers=1, bytes=1)


def test_a_sender_reads_which_limit_is_reached_and_until_when_in_their_language_and_time(
    browser: Browser, cloud: Cloud, watch: Watch, tmp_path: Path
) -> None:
    """And may try again."""
    watch.forgive("status of 429")
    context = browser.new_context(locale="de-DE", timezone_id="Asia/Tokyo")
    page: Page = context.new_page()
    watch.attach(page)
    page.goto(cloud.address)
    with left(cloud, "127.0.0.1", size=4):
        pick(page, write(tmp_path / "a.txt", b"12345"))
        expect(rows(page)).to_have_attribute("data-state", "failed")
        said = rows(page).inner_text().replace("\u00a0", " ")
        assert "Das ist mehr, als von den heutigen 2,2 TB je Absender übrig ist." in said
        assert re.search(r"\w+, \d+\. \w+ um 0?9:00 ", said)
    rows(page).locator("[data-act=retry]").click()
    link_of(page)
    assert watch.unforgiven() == []
    context.close()

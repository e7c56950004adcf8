"""The transfers table: the only DynamoDB code. How its items look, `items` knows."""

import heapq
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from functools import cached_property
from itertools import groupby
from typing import Any, Literal

from botocore.config import Config
from botocore.exceptions import ClientError

from backend.aws.clients import client
from backend.aws.table import items
from backend.aws.table.items import (
    ACCESS,
    BLOCKED_SHARD,
    CREATED_INDEX,
    EXPIRY_INDEX,
    SHARDS_OF_IDS,
    Item,
    Place,
    Whose,
)
from backend.rules.quota import Amount, Budget
from backend.rules.report import Report
from backend.rules.tally import SHARDS, Event, Tally, entry_of, shard_of
from backend.rules.transfer import DAY, NEVER, Content, Download, File, FileState, Sent, Transfer
from backend.rules.tries import Tries

# Enough that no two writes to an item share a mark.
MARK_BYTES = 8
MAX_WRITES = 25
MAX_GETS = 100

Stored = Literal["now", "before", "wrong_size", "unwanted"]


class BusyError(Exception):
    """Another call is adding files to this transfer, or somebody else deals with it."""


class FullError(Exception):
    """The transfer cannot take so much more; `what` of it is too much."""

    def __init__(self, what: Literal["files", "bytes"]) -> None:
        """Take which of the two."""
        super().__init__(f"too many {what}")
        self.what: Literal["files", "bytes"] = what


class GoneError(Exception):
    """The transfer has been deleted, or never was."""


class BlockedError(Exception):
    """The transfer has been blocked by an operator."""


class Records:
    """The transfers table. Every write that depends on what is there is one conditional write."""

    def __init__(self, table: str) -> None:
        """Take the table's name; credentials, region and endpoint are the runtime's."""
        self.table = table

    @cached_property
    def _db(self) -> Any:
        return _client(attempts=4)

    @cached_property
    def _db_once(self) -> Any:
        """For what must not be repeated where only the answer was lost."""
        return _client(attempts=1)

    # Reading

    def transfer(self, transfer: str) -> Transfer | None:
        """Return the transfer, or None."""
        found = self._one(transfer, "transfer")
        return items.transfer(transfer, found) if found else None

    def overview(self, transfer: str) -> tuple[Transfer, Tally] | None:
        """Return the transfer and what happened to its files, read in one query that does not touch the files."""
        found: Transfer | None = None
        lists: dict[int, Sequence[str]] = {}
        for item in self._query(transfer, "pk = :pk AND sk >= :from", {":from": "tally"}):
            if item["sk"] == "transfer":
                found = items.transfer(transfer, item)
            else:
                lists[int(item["sk"].removeprefix("tally#"))] = item["log"]
        return (found, Tally(lists)) if found else None

    def files(self, transfer: str, first: int, last: int) -> list[File]:
        """Return the files numbered `first` to `last`, in order."""
        between = {":from": items.file_key(first), ":to": items.file_key(last)}
        return [items.file(item) for item in self._query(transfer, "pk = :pk AND sk BETWEEN :from AND :to", between)]

    def some_files(self, transfer: str, numbers: Sequence[int]) -> dict[int, File]:
        """Return the files with these numbers, as far as they exist."""
        found = self._some([items.key(transfer, items.file_key(number)) for number in sorted(set(numbers))])
        return {file.number: file for file in map(items.file, found)}

    def log(self, transfer: str, most: int) -> list[Download]:
        """Return the last downloads, at most so many, newest first."""
        between = {":from": "log#", ":to": items.after("log#")}
        found = self._query(transfer, "pk = :pk AND sk BETWEEN :from AND :to", between, last=most)
        return [items.download(item) for item in found]

    def _one(self, partition: str, sort: str) -> Item | None:
        key = items.key(partition, sort)
        item = self._db.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        return items.plain(item) if item else None

    def _some(self, keys: Sequence[Item]) -> Iterator[Item]:
        for batch in _batches(keys, MAX_GETS):
            wanted = {self.table: {"Keys": batch, "ConsistentRead": True}}
            for wait in _patience():
                answer = self._db.batch_get_item(RequestItems=wanted)
                yield from map(items.plain, answer["Responses"].get(self.table, []))
                wanted = answer.get("UnprocessedKeys")
                if not wanted:
                    break
                wait()

    def _query(
        self, transfer: str, condition: str, values: Mapping[str, str], *, last: int | None = None
    ) -> Iterator[Item]:
        """Yield what fits, in order; with `last`, only so many of the last ones, backwards."""
        pages = self._db.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=items.values({":pk": transfer, **values}),
            ConsistentRead=True,
            ScanIndexForward=last is None,
            PaginationConfig={"MaxItems": last, "PageSize": last},
        )
        for page in pages:
            yield from (items.plain(item) for item in page["Items"])

    # Making and growing

    def create(self, transfer: Transfer, files: Sequence[File]) -> None:
        """Write a new transfer; its own item last, so that whoever sees it sees all its files."""
        self._put_files(transfer, files)
        item = items.of_transfer(transfer)
        try:
            self._db.put_item(TableName=self.table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except ClientError as error:
            # Nobody else has this id: botocore has retried a write whose response was lost.
            if _code(error) != "ConditionalCheckFailedException":
                raise

    def remember_sent(self, transfer: Transfer, *, name: str, bytes_: int) -> None:
        """Note under its account that a transfer was sent."""
        item = {"id": transfer.id, "name": name, "bytes": bytes_, "ttl": transfer.ttl}
        self._db.put_item(TableName=self.table, Item=items.item(*items.sent_place(transfer), item))

    def sent(self, account: str, most: int) -> list[Sent]:
        """Return what an account has sent, at most so many, newest first; some of it may be gone."""
        found = self._query(f"account#{account}", "pk = :pk", {}, last=most)
        return [Sent(id=item["id"], name=item["name"], bytes=item["bytes"]) for item in found]

    def some_transfers(self, ids: Sequence[str]) -> dict[str, Transfer]:
        """Return the transfers with these ids, as far as they exist."""
        found = self._some([items.key(transfer, "transfer") for transfer in sorted(set(ids))])
        return {item["pk"]: items.transfer(item["pk"], item) for item in found}

    def begin_adding(
        self, transfer: str, more: Content, *, first: int | None, token: str, until: int, now: int, most: Content
    ) -> Transfer:
        """Reserve the right to add `more` until `until`; one call at a time, so that numbers have no gaps.

        Raises `BusyError` while another call adds, and where the first of them would not get the number `first`;
        `FullError` past `most`, `GoneError` for a deleted transfer.
        """
        expected = {} if first is None else {":expected": first - 1}
        room = Content(files=most.files - more.files, bytes=most.bytes - more.bytes)
        try:
            answer = self._update(
                transfer,
                "transfer",
                "SET adding = :token, adding_until = :until",
                "attribute_exists(pk) AND deleted = :no AND last_number <= :files AND #bytes <= :bytes"
                " AND (attribute_not_exists(adding) OR adding_until < :now)"
                + (" AND last_number = :expected" if expected else ""),
                {
                    ":token": token,
                    ":until": until,
                    ":now": now,
                    ":no": False,
                    ":files": room.files,
                    ":bytes": room.bytes,
                    **expected,
                },
                returning="ALL_NEW",
                counted=True,
            )
        except _ConditionFailed as failed:
            if failed.item is None or failed.item["deleted"]:
                raise GoneError from failed
            if failed.item["last_number"] > room.files:
                raise FullError("files") from failed
            if failed.item["bytes"] > room.bytes:
                raise FullError("bytes") from failed
            raise BusyError from failed
        return items.transfer(transfer, answer)

    def finish_adding(self, transfer: Transfer, files: Sequence[File], *, token: str) -> None:
        """Write the files and count them in; raise `BusyError` where the reservation was lost meanwhile."""
        self._put_files(transfer, files)
        try:
            self._update(
                transfer.id,
                "transfer",
                "SET last_number = :last ADD #bytes :bytes REMOVE adding, adding_until",
                "adding = :token AND deleted = :no",
                {
                    ":last": files[-1].number,
                    ":bytes": sum(file.size for file in files),
                    ":token": token,
                    ":no": False,
                },
                counted=True,
            )
        except _ConditionFailed as failed:
            raise (GoneError if failed.item is None or failed.item["deleted"] else BusyError) from failed

    def stop_adding(self, transfer: str, *, token: str) -> None:
        """Let others add files, where nothing was added."""
        with suppress(_ConditionFailed):  # the reservation was lost, or the transfer is gone
            self._update(transfer, "transfer", "REMOVE adding, adding_until", "adding = :token", {":token": token})

    def _put_files(self, transfer: Transfer, files: Sequence[File]) -> None:
        self._write([{"PutRequest": {"Item": items.of_file(file, transfer)}} for file in files])

    def _write(self, requests: Sequence[Item]) -> None:
        for batch in _batches(requests, MAX_WRITES):
            left = {self.table: list(batch)}
            for wait in _patience():
                left = self._db.batch_write_item(RequestItems=left).get("UnprocessedItems")
                if not left:
                    break
                wait()

    # What happens to a file

    def keep_upload(self, transfer: str, number: int, upload_id: str) -> str | None:
        """Keep a pending file's multipart upload unless it has one; return the one that counts, None if not pending."""
        try:
            self._update(
                transfer,
                items.file_key(number),
                "SET upload_id = :id",
                "#state = :pending AND attribute_not_exists(upload_id)",
                {":id": upload_id, ":pending": "pending"},
            )
        except _ConditionFailed as failed:
            pending = failed.item is not None and failed.item["state"] == "pending"
            return failed.item.get("upload_id") if failed.item and pending else None
        return upload_id

    def note_conflict(self, transfer: str, number: int, upload_id: str, *, now: int, stale: int) -> int | None:
        """Note that S3 does not complete this upload because of another write; return since when, in epoch seconds.

        A conflict noted before `stale` is over; then this is a new one. Return None if the file is not pending, or has
        another upload.
        """
        try:
            self._update(
                transfer,
                items.file_key(number),
                "SET conflict_at = :now",
                "#state = :pending AND upload_id = :id AND (attribute_not_exists(conflict_at) OR conflict_at < :stale)",
                {":now": now, ":pending": "pending", ":id": upload_id, ":stale": stale},
            )
        except _ConditionFailed as failed:
            found = failed.item or {}
            waits = found.get("state") == "pending" and found.get("upload_id") == upload_id
            return found["conflict_at"] if waits else None
        return now

    def drop_upload(self, transfer: str, number: int, upload_id: str) -> bool:
        """Make a pending file forget this multipart upload; return False if it is not pending or has another."""
        try:
            self._update(
                transfer,
                items.file_key(number),
                "REMOVE upload_id, conflict_at",
                "#state = :pending AND upload_id = :id",
                {":pending": "pending", ":id": upload_id},
                counted=True,
            )
        except _ConditionFailed:
            return False
        return True

    def store(
        self, transfer: str, number: int, *, size: int, sha256: str | None, link: str, public_url: str | None = None
    ) -> Stored:
        """Mark a pending file that was declared with this size as stored, once. Safe to repeat.

        `before`: an earlier call did it. `wrong_size`: it waits for another size. `unwanted`: it is no file that waits.
        """
        outcome: Stored = "now"
        try:
            item = self._update(
                transfer,
                items.file_key(number),
                "SET #state = :stored, sha256 = :sha256, link = :link, public_url = :public_url REMOVE #budget",
                "#state = :pending AND #size = :size",
                {
                    ":pending": "pending",
                    ":stored": "stored",
                    ":size": size,
                    ":sha256": sha256,
                    ":link": link,
                    ":public_url": public_url,
                },
                returning="ALL_NEW",
            )
        except _ConditionFailed as failed:
            if failed.item is None or failed.item["state"] not in ("pending", "stored"):
                return "unwanted"
            if failed.item["state"] == "pending":
                return "wrong_size"
            item, outcome = failed.item, "before"
        self._tell(transfer, number, "stored", item["ttl"])
        return outcome

    def fail(self, transfer: str, number: int, reason: str) -> File | None:
        """Mark a pending file as failed, with words for people, and return what it was; None where it is no such file.

        Safe to repeat. Its `budget` is then for the caller to give back to; it has none for a second one, nor where
        whoever erases the whole transfer does that.
        """
        try:
            item = self._update(
                transfer,
                items.file_key(number),
                "SET #state = :failed, reason = :reason REMOVE #budget",
                "#state IN (:pending, :failed)",
                {":pending": "pending", ":failed": "failed", ":reason": reason},
                returning="ALL_OLD",
            )
        except _ConditionFailed:
            return None
        self._tell(transfer, number, "failed", item["ttl"])
        whole = self.transfer(transfer)
        return _left_to(items.file(item), erased=whole is None or whole.deleted)

    def remove_file(self, transfer: str, number: int) -> File | None:
        """Empty a file's record, and return what it was, its `budget` as with `fail`; None where the transfer is gone.

        It keeps its number, and the upload's id for an abort that must be repeated. Safe to repeat.
        """
        try:
            item = self._update(
                transfer,
                items.file_key(number),
                "SET #state = :removed, #name = :none, #type = :none REMOVE link, public_url, sha256, reason, #budget",
                "attribute_exists(pk)",
                {":removed": "removed", ":none": ""},
                returning="ALL_OLD",
            )
        except _ConditionFailed:
            return None
        self._tell(transfer, number, "removed", item["ttl"])
        was = items.file(item)
        if was.state == "removed":
            return was
        less = {":less": -was.size, ":no": False}
        try:
            self._update(transfer, "transfer", "ADD #bytes :less", "deleted = :no", less, once=True)
        except _ConditionFailed:
            return _left_to(was, erased=True)
        return was

    def _tell(self, transfer: str, number: int, event: Event, ttl: int) -> None:
        entry = entry_of(event, number)
        with suppress(_ConditionFailed):  # told before
            self._update(
                transfer,
                f"tally#{shard_of(number):02}",
                "SET #log = list_append(if_not_exists(#log, :empty), :entries), #ttl = :ttl",
                "NOT contains(#log, :entry)",
                {":entry": entry, ":entries": [entry], ":empty": [], ":ttl": ttl},
            )

    def count_download(self, transfer: str, number: int, most: int | None) -> bool:
        """Count one download; return False, and count nothing, where `most` have been made."""
        condition = "attribute_exists(pk)"
        values: dict[str, Any] = {":one": 1}
        if most is not None:
            condition += " AND (attribute_not_exists(downloads) OR downloads < :most)"
            values[":most"] = most
        try:
            self._update(transfer, items.file_key(number), "ADD downloads :one", condition, values, counted=True)
        except _ConditionFailed:
            return False
        return True

    def log_download(self, transfer: Transfer, download: Download, *, unique: str, source: str, resumes: int) -> None:
        """Keep a counted download for the owner, and let its source go on with it so many times."""
        self._update(
            transfer.id,
            f"log#{download.at:013}#{unique}",
            "SET #at = :at, #file = :file, #bytes = :bytes, #source = :source, #ttl = :ttl",
            None,
            {":ttl": transfer.ttl, **{f":{name}": value for name, value in asdict(download).items()}},
        )
        self._update(
            transfer.id,
            items.source_key(download.file, source),
            "SET resumes = :resumes, #ttl = :ttl",
            None,
            {":resumes": resumes, ":ttl": transfer.ttl},
        )

    def resume_download(self, transfer: str, number: int, source: str) -> bool:
        """Let a source go on with a download that was counted; return False where it has none, or none any more."""
        values = {":one": 1, ":none": 0}
        try:
            self._update(
                transfer,
                items.source_key(number, source),
                "SET resumes = resumes - :one",
                "resumes > :none",
                values,
                counted=True,
            )
        except _ConditionFailed:
            return False
        return True

    # A day's limits

    def reserve(
        self, budget: Budget, whose: Whose, amount: Amount, *, most: Amount
    ) -> Literal["transfers", "bytes"] | None:
        """Count an amount, which is within `most`, into a day's; return None, or what it would be too much of.

        One conditional write: of any number at once as many are counted in as there is room for.
        """
        room = Amount(transfers=most.transfers - amount.transfers, bytes=most.bytes - amount.bytes)
        try:
            self._update(
                *items.day_place(budget, whose),
                "SET #ttl = :ttl ADD #transfers :transfers, #bytes :bytes",
                "attribute_not_exists(pk) OR (#transfers <= :most_transfers AND #bytes <= :most_bytes)",
                {
                    ":ttl": budget.free_at + DAY,
                    ":transfers": amount.transfers,
                    ":bytes": amount.bytes,
                    ":most_transfers": room.transfers,
                    ":most_bytes": room.bytes,
                },
                counted=True,
            )
        except _ConditionFailed as failed:
            return "transfers" if failed.item and failed.item["transfers"] > room.transfers else "bytes"
        return None

    def give_back(self, budget: Budget, whose: Whose, amount: Amount) -> None:
        """Take a reserved amount out of a day's again.

        Tried once: done twice, it would let more through than is allowed, and not done, somewhat less for a day.
        """
        less = {":transfers": -amount.transfers, ":bytes": -amount.bytes}
        with suppress(_ConditionFailed):  # forgotten already
            update = "ADD #transfers :transfers, #bytes :bytes"
            self._update(*items.day_place(budget, whose), update, "attribute_exists(pk)", less, once=True)

    # Changing and ending

    def change(self, transfer: str, changes: Mapping[str, Any]) -> Transfer:
        """Set fields of a transfer; raise `GoneError` for a deleted one, `BlockedError` for a blocked one."""
        try:
            answer = self._update(
                transfer,
                "transfer",
                "SET " + ", ".join(f"#{name} = :{name}" for name in changes),
                "attribute_exists(pk) AND deleted = :no AND attribute_not_exists(blocked_at)",
                {":no": False, **{f":{name}": value for name, value in changes.items()}},
                returning="ALL_NEW",
            )
        except _ConditionFailed as failed:
            blocked = failed.item is not None and not failed.item["deleted"]
            raise (BlockedError if blocked else GoneError) from failed
        return items.transfer(transfer, answer)

    def begin_try(self, seen: Transfer, *, until: int) -> Transfer | None:
        """Count a try of the password as wrong before it is compared, and let no other be made before `until` (ms).

        Return the transfer as it is now; None, with nothing counted, where it is not as it was `seen` any more. So of
        any number of tries that begin at once one is made.
        """
        try:
            answer = self._update(
                seen.id,
                "transfer",
                "SET wrong_tries = :wrong, next_try = :until, comparing = :yes",
                "deleted = :no AND password_hash = :hash"
                " AND (attribute_not_exists(next_try) OR (wrong_tries = :seen AND next_try = :free))",
                {
                    ":wrong": seen.wrong_tries + 1,
                    ":until": until,
                    ":yes": True,
                    ":no": False,
                    ":hash": seen.password_hash,
                    ":seen": seen.wrong_tries,
                    ":free": seen.next_try,
                },
                returning="ALL_NEW",
                counted=True,
            )
        except _ConditionFailed:
            return None
        return items.transfer(seen.id, answer)

    def end_try(self, begun: Transfer, *, wrong: int, next_try: int) -> bool:
        """Say what came of a try: so many wrong ones in a row, and when the next may be made (ms).

        Return False, and change nothing, where the password was changed meanwhile, or another try has begun.
        """
        try:
            self._update(
                begun.id,
                "transfer",
                "SET wrong_tries = :wrong, next_try = :next, comparing = :no",
                "password_hash = :hash AND wrong_tries = :mine AND next_try = :until",
                {
                    ":wrong": wrong,
                    ":next": next_try,
                    ":no": False,
                    ":hash": begun.password_hash,
                    ":mine": begun.wrong_tries,
                    ":until": begun.next_try,
                },
            )
        except _ConditionFailed:
            return False
        return True

    # Signing in

    def tries(self, counter: str) -> Tries:
        """Return what is known of wrong tries of the passphrase."""
        known = self._one(ACCESS, counter) or {}
        return Tries(wrong=known.get("wrong", 0), next_try=known.get("next_try", 0))

    def replace_tries(self, counter: str, seen: Tries, by: Tries, *, ttl: int) -> bool:
        """Put others in place of what was `seen`; return False, and change nothing, where others came first."""
        try:
            self._update(
                ACCESS,
                counter,
                "SET wrong = :wrong, next_try = :next, #ttl = :ttl",
                "attribute_not_exists(pk) OR (wrong = :seen AND next_try = :free)",
                {
                    ":wrong": by.wrong,
                    ":next": by.next_try,
                    ":ttl": ttl,
                    ":seen": seen.wrong,
                    ":free": seen.next_try,
                },
                counted=True,
            )
        except _ConditionFailed:
            return False
        return True

    def forget_tries(self, counter: str) -> None:
        """Begin anew."""
        self._db.delete_item(TableName=self.table, Key=items.key(ACCESS, counter))

    def take_back_try(self, counter: str) -> None:
        """Count one less: it was right."""
        with suppress(_ConditionFailed):  # the table has forgotten it meanwhile
            self._update(ACCESS, counter, "ADD wrong :less", "wrong > :none", {":less": -1, ":none": 0})

    # Reports of abuse

    def reporter(self, budget: Budget) -> tuple[int, int]:
        """Return how many reports a source has sent on a day, and when it may send the next (epoch seconds)."""
        found = self._one(*items.reporter_place(budget))
        return (found["sent"], found["next_at"]) if found else (0, 0)

    def count_reporter(self, budget: Budget, *, seen: int, next_at: int) -> bool:
        """Count a report of a source that had sent `seen`; return False, and count nothing, where another was first."""
        try:
            self._update(
                *items.reporter_place(budget),
                "SET sent = :sent, next_at = :next, #ttl = :ttl",
                "attribute_not_exists(sent) OR sent = :seen",
                {":sent": seen + 1, ":next": next_at, ":ttl": budget.free_at + DAY, ":seen": seen},
                counted=True,
            )
        except _ConditionFailed:
            return False
        return True

    def report(self, transfer: Transfer, report: Report, *, unique: str) -> None:
        """Keep a report of abuse, and count it."""
        item = items.item(transfer.id, f"report#{report.at:013}#{unique}", {**asdict(report), "ttl": transfer.ttl})
        self._db.put_item(TableName=self.table, Item=item)
        with suppress(_ConditionFailed):  # the transfer went meanwhile; the table forgets its report
            self._update(transfer.id, "transfer", "ADD reports :one", "attribute_exists(pk)", {":one": 1})

    def reports(self, transfer: str) -> list[Report]:
        """Return all reports of a transfer, oldest first."""
        between = {":from": "report#", ":to": items.after("report#")}
        found = self._query(transfer, "pk = :pk AND sk BETWEEN :from AND :to", between)
        return [items.report(item) for item in found]

    def begin_alert(self, transfer: str, *, now: int, pause: int) -> Transfer | None:
        """Note that the operator is told of a transfer now, and return it; None within `pause` seconds of the last."""
        try:
            answer = self._update(
                transfer,
                "transfer",
                "SET alerted_at = :now",
                "attribute_exists(pk) AND (attribute_not_exists(alerted_at) OR alerted_at <= :before)",
                {":now": now, ":before": now - pause},
                returning="ALL_NEW",
                counted=True,
            )
        except _ConditionFailed:
            return None
        return items.transfer(transfer, answer)

    def undo_alert(self, begun: Transfer) -> None:
        """Take back what `begin_alert` noted, where the operator could not be told."""
        with suppress(_ConditionFailed):
            mine = {":mine": begun.alerted_at, ":never": 0}
            self._update(begun.id, "transfer", "SET alerted_at = :never", "alerted_at = :mine", mine)

    # What operators do

    def newest(self, before: tuple[int, str] | None = None) -> Iterator[tuple[int, str]]:
        """Yield when each transfer was created, and its id, newest first, from behind `before` on; blocked ones, too.

        The index lags a little. Only so much of it is read as is asked for.
        """
        shards = [self._newest_of(shard, before) for shard in (*SHARDS_OF_IDS, BLOCKED_SHARD)]
        # A transfer that is blocked between two shards' queries appears in both.
        return (place for place, _ in groupby(heapq.merge(*shards, reverse=True)))

    def _newest_of(self, shard: str, before: tuple[int, str] | None) -> Iterator[tuple[int, str]]:
        until = {":until": before[0]} if before else {}
        pages = self._db.get_paginator("query").paginate(
            TableName=self.table,
            IndexName=CREATED_INDEX,
            KeyConditionExpression="id_shard = :shard" + (" AND created <= :until" if until else ""),
            ExpressionAttributeValues=items.values({":shard": shard, **until}),
            ScanIndexForward=False,
            PaginationConfig={"PageSize": 100},
        )
        # Of those that were created in one second the index keeps no order that could be gone on with.
        found = ((each["created"], each["pk"]) for page in pages for each in map(items.plain, page["Items"]))
        for _, same in groupby(found, key=lambda place: place[0]):
            yield from (place for place in sorted(same, reverse=True) if before is None or place < before)

    def block(self, transfer: str, now: int) -> Transfer:
        """Block a transfer, from this write on, and take it from sweep and TTL. Safe to repeat.

        Raises `GoneError` for one that is deleted, or never was.
        """
        try:
            answer = self._update(
                transfer,
                "transfer",
                "SET blocked_at = if_not_exists(blocked_at, :now), id_shard = :shard, #ttl = :never",
                "attribute_exists(pk) AND deleted = :no",
                {":now": now, ":shard": BLOCKED_SHARD, ":never": NEVER, ":no": False},
                returning="ALL_NEW",
            )
        except _ConditionFailed as failed:
            raise GoneError from failed
        return items.transfer(transfer, answer)

    def begin_handling(self, transfer: str, *, token: str, now: int, until: int) -> None:
        """Have a blocked transfer to oneself until `until`.

        Raises `BusyError` where somebody else has it, `GoneError` for one that is not blocked.
        """
        try:
            self._update(
                transfer,
                "transfer",
                "SET handling = :token, handling_until = :until",
                # The caller's own token is there where botocore repeats a write whose answer was lost.
                "attribute_exists(blocked_at)"
                " AND (attribute_not_exists(handling) OR handling_until <= :now OR handling = :token)",
                {":token": token, ":until": until, ":now": now},
            )
        except _ConditionFailed as failed:
            raise (BusyError if failed.item and "blocked_at" in failed.item else GoneError) from failed

    def renew_handling(self, transfer: str, *, token: str, until: int) -> bool:
        """Have it for longer; return False where it has become somebody else's, or nobody's."""
        try:
            values = {":token": token, ":until": until}
            self._update(transfer, "transfer", "SET handling_until = :until", "handling = :token", values)
        except _ConditionFailed:
            return False
        return True

    def end_handling(self, transfer: str, *, token: str) -> None:
        """Let others have it."""
        with suppress(_ConditionFailed):  # they have already, or it is erased
            self._update(
                transfer, "transfer", "REMOVE handling, handling_until", "handling = :token", {":token": token}
            )

    def set_secured(self, transfer: str, *, secured: bool) -> None:
        """Note whether all files of a blocked transfer are among the evidence."""
        with suppress(_ConditionFailed):  # it is not blocked any more
            values = {":secured": secured}
            self._update(transfer, "transfer", "SET secured = :secured", "attribute_exists(blocked_at)", values)

    def unblock(self, seen: Transfer, *, expires_at: int, ttl: int, stood_still: int) -> None:
        """Give a blocked transfer back with these times; raise `GoneError` where it is not blocked as `seen`."""
        try:
            self._update(
                seen.id,
                "transfer",
                "SET id_shard = :shard, expires_at = :expires, #ttl = :ttl, stood_still = :still, secured = :no"
                " REMOVE blocked_at",
                "blocked_at = :seen",
                {
                    ":shard": seen.id[0],
                    ":expires": expires_at,
                    ":ttl": ttl,
                    ":still": stood_still,
                    ":no": False,
                    ":seen": seen.blocked_at,
                },
                counted=True,
            )
        except _ConditionFailed as failed:
            raise GoneError from failed

    def end_blocked(self, transfer: str, now: int) -> Transfer:
        """Mark a blocked transfer as deleted, so that the sweep could go on with it; raise `GoneError` for others."""
        try:
            answer = self._update(
                transfer,
                "transfer",
                "SET deleted = :yes, expires_at = :now, id_shard = :shard REMOVE blocked_at",
                "attribute_exists(blocked_at)",
                {":yes": True, ":now": now, ":shard": transfer[0]},
                returning="ALL_NEW",
                counted=True,
            )
        except _ConditionFailed as failed:
            raise GoneError from failed
        return items.transfer(transfer, answer)

    def kept_otherwise(self, transfer: Transfer, ttl: int) -> list[Place]:
        """Return the places of a transfer's items that the table would not forget at `ttl`, but for its own."""
        found = self._query(transfer.id, "pk = :pk AND sk < :own", {":own": "transfer"})
        account = [items.sent_place(transfer)] if transfer.account else []
        return [(transfer.id, item["sk"]) for item in found if item["ttl"] != ttl] + account

    def keep(self, place: Place, ttl: int) -> None:
        """Have the table forget an item at `ttl`."""
        with suppress(_ConditionFailed):  # it is gone
            self._update(*place, "SET #ttl = :ttl", "attribute_exists(pk)", {":ttl": ttl})

    def hold(self, transfer: str, number: int) -> None:
        """Note that a stored file's bytes are among the evidence."""
        self._turn(transfer, number, "stored", "held")

    def release(self, transfer: str, number: int) -> None:
        """Note that a held file is stored again, before its bytes are back: what S3 tells of must be wanted."""
        self._turn(transfer, number, "held", "stored")

    def _turn(self, transfer: str, number: int, before: FileState, after: FileState) -> None:
        values = {":before": before, ":after": after}
        with suppress(_ConditionFailed):  # an earlier call did it
            self._update(transfer, items.file_key(number), "SET #state = :after", "#state = :before", values)

    # Expiring

    def expired(self, now: int) -> Iterator[str]:
        """Return the ids of all transfers that had expired by `now`, page by page.

        The index lags a little: what it names may have been extended or be gone, see `end`. Each minute another shard
        comes first, so that transfers which take long hold up different ones each time.
        """
        first = now // 60 % len(SHARDS_OF_IDS)
        for shard in SHARDS_OF_IDS[first:] + SHARDS_OF_IDS[:first]:
            pages = self._db.get_paginator("query").paginate(
                TableName=self.table,
                IndexName=EXPIRY_INDEX,
                KeyConditionExpression="id_shard = :shard AND expires_at <= :now",
                ExpressionAttributeValues=items.values({":shard": shard, ":now": now}),
            )
            for page in pages:
                yield from (items.plain(item)["pk"] for item in page["Items"])

    def end(self, transfer: str, now: int) -> Transfer | None:
        """Mark a transfer as deleted if it has expired by `now`, and return it.

        None if it lives on, is blocked or is gone.
        """
        try:
            answer = self._update(
                transfer,
                "transfer",
                "SET deleted = :yes",
                "expires_at <= :now AND attribute_not_exists(blocked_at)",
                {":yes": True, ":now": now},
                returning="ALL_NEW",
            )
        except _ConditionFailed:
            return None
        return items.transfer(transfer, answer)

    def forget_files(self, transfer: str, files: Sequence[File]) -> None:
        """Delete these files' records: from then on S3's word of one of them finds nothing that it could be for."""
        keys = [items.file_key(file.number) for file in files]
        self._write([{"DeleteRequest": {"Key": items.key(transfer, key)}} for key in keys])

    def shorten(self, transfer: str, last: int) -> bool:
        """Note that of a deleted transfer only the files up to number `last` are left; False where that was known."""
        try:
            self._update(
                transfer,
                "transfer",
                "SET last_number = :last",
                "deleted = :yes AND last_number > :last",
                {":last": last, ":yes": True},
            )
        except _ConditionFailed:
            return False
        return True

    def forget(self, transfer: str) -> None:
        """Delete what is left of a transfer whose files are forgotten, its own item last: by it the rest is found.

        A download that is being signed just now may be logged afterwards; the table forgets that by itself.
        """
        keys = [f"tally#{shard:02}" for shard in range(SHARDS)]
        downloads = {":from": "log#", ":to": items.after("source#")}
        keys += [item["sk"] for item in self._query(transfer, "pk = :pk AND sk BETWEEN :from AND :to", downloads)]
        self._write([{"DeleteRequest": {"Key": items.key(transfer, key)}} for key in keys])
        self._db.delete_item(TableName=self.table, Key=items.key(transfer, "transfer"))

    def _update(
        self,
        transfer: str,
        sort: str,
        update: str,
        condition: str | None,
        values: Mapping[str, Any],
        *,
        returning: str = "NONE",
        once: bool = False,
        counted: bool = False,
    ) -> Item:
        """Update an item and return what `returning` names of it. Raises `_ConditionFailed`.

        botocore repeats an update when its response is lost. Pass `counted` for one that must not happen twice, or
        whose condition no longer holds afterwards: it leaves a mark in the item, so a repetition knows its first try.
        """
        mark = os.urandom(MARK_BYTES).hex()
        if counted:
            rest = update.removeprefix("SET ")
            update = f"SET written_by = :mark{', ' if rest != update else ' '}{rest}"
            first = "(attribute_not_exists(written_by) OR written_by <> :mark)"
            condition = f"{first} AND ({condition})" if condition else first
            values = {**values, ":mark": mark}
        names = {sign: sign[1:] for sign in re.findall(r"#\w+", f"{update} {condition}")}
        conditions = {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        try:
            answer = (self._db_once if once else self._db).update_item(
                TableName=self.table,
                Key=items.key(transfer, sort),
                UpdateExpression=update,
                ExpressionAttributeValues=items.values(values),
                ReturnValues=returning,
                **(conditions if condition else {}),
                **({"ExpressionAttributeNames": names} if names else {}),
            )
        except ClientError as error:
            if _code(error) != "ConditionalCheckFailedException":
                raise
            item = items.plain(error.response.get("Item") or {})
            if item.get("written_by") == mark:
                return item
            raise _ConditionFailed(item or None) from error
        return items.plain(answer.get("Attributes", {}))


class _ConditionFailed(Exception):  # noqa: N818  it is an outcome, not an error
    """A conditional write did not find what it needs; `item` is what it found."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("condition failed")
        self.item = item


def _client(*, attempts: int) -> Any:
    config = Config(connect_timeout=2, read_timeout=4, retries={"mode": "standard", "total_max_attempts": attempts})
    return client("dynamodb", config)


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _patience() -> Iterator[Any]:
    """Give DynamoDB ever more time for what it could not process; after that, let the caller's caller repeat."""
    for attempt in range(6):
        yield lambda seconds=0.05 * 2**attempt: time.sleep(seconds)
    raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "unprocessed items remain"}}, "Batch")


def _batches(things: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (things[first : first + size] for first in range(0, len(things), size))


def _left_to(file: File, *, erased: bool) -> File:
    """Return a file without its budget where its whole transfer is being erased: that call may have seen it there."""
    return replace(file, budget=None) if erased else file

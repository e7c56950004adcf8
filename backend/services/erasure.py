"""How transfers and files are erased, whoever wants it. Whatever interrupts it, it can be repeated, and goes on."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from backend.aws.bucket import S3_THREADS, Objects
from backend.aws.table.records import Records
from backend.rules.transfer import File, Transfer, key_of
from backend.services.quotas import give_back

# Files at a time: what S3 deletes in one request.
PAGE = 1_000
# Beyond every file's number, so that records are found which a call wrote that never came to count them in.
NO_END = 999_999


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What went: `bytes` of stored files, and whether nothing is left."""

    bytes: int
    whole: bool


def _always() -> bool:
    return True


def erase_transfer(
    records: Records, objects: Objects, transfer: Transfer, *, now: float, in_time: Callable[[], bool] = _always
) -> Erased:
    """Erase all of a transfer that has been marked as deleted; stop between two pages of files when time is up.

    What was reserved today for files that never arrived is given back; `now` is in epoch seconds.
    From the last page to the first: the transfer's own record says how far it came, and the next call goes on there.
    """
    freed, last = 0, transfer.last_number
    while last:
        if not in_time():
            return Erased(bytes=freed, whole=False)
        first = max(1, last - PAGE + 1)
        files = records.files(transfer.id, first, NO_END)
        _abort(objects, transfer.id, files)
        # Before the objects: what arrives after this has no record, and is deleted when S3 tells of it; what arrived
        # before is deleted here. Keys follow from numbers, so a repetition needs no record to find its objects.
        records.forget_files(transfer.id, files)
        objects.delete([key_of(transfer.id, number) for number in range(first, last + 1)])
        last = first - 1
        if records.shorten(transfer.id, last):  # of several calls at once, one gives back what this page had
            give_back(records, files, now)
        freed += sum(file.size for file in files if file.state == "stored")
    records.forget(transfer.id)
    return Erased(bytes=freed, whole=True)


def erase_file(objects: Objects, transfer_id: str, file: File) -> None:
    """Erase what S3 has of one file. The upload first: afterwards it cannot become an object any more."""
    _abort(objects, transfer_id, [file])
    objects.delete([key_of(transfer_id, file.number)])


def _abort(objects: Objects, transfer_id: str, files: Sequence[File]) -> None:
    begun = [(key_of(transfer_id, file.number), file.upload_id) for file in files if file.upload_id]
    with ThreadPoolExecutor(S3_THREADS) as pool:
        list(pool.map(lambda upload: objects.abort(*upload), begun))

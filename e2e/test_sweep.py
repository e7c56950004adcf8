"""What is over is gone: the deployed sweep function, called as its schedule calls it."""

from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from e2e.cloud import Cloud, eventually
from e2e.expiring import expire, items, sweep
from e2e.sending import MIB, begin, put, sha256, status, stored

SMALL_FILES = 2_500
FILES_A_CALL = 1_000


def test_of_2500_expired_files_nothing_is_left_and_a_live_transfer_is_untouched(cloud: Cloud) -> None:
    """Neither object, upload nor record; a second run has nothing to do."""
    live = begin(cloud, b"live", sign=1)
    put(cloud, live["urls"][0], b"live")
    stored(cloud, live)
    part = bytes(16 * MIB)
    transfer = begin(cloud, part + b"tail")
    place, token = f"api/transfers/{transfer['id']}", transfer["owner_token"]
    sign = {"parts": [{"file": 1, "number": 1, "sha256": sha256(part)}]}
    signed = cloud.call("POST", f"{place}/parts", body=sign, token=token).json["urls"][0]
    assert put(cloud, signed, part).status == HTTPStatus.OK
    for first in range(0, SMALL_FILES, FILES_A_CALL):
        more = {"files": [{"name": "small", "size": 1}] * min(FILES_A_CALL, SMALL_FILES - first)}
        assert cloud.call("POST", f"{place}/files", body=more, token=token).status == HTTPStatus.CREATED

    def store(number: int) -> None:
        cloud.s3.put_object(Bucket=cloud.outputs["Bucket"], Key=f"files/{transfer['id']}/{number}", Body=b"x")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(store, range(2, SMALL_FILES + 2)))
    # No arrival is under way any more: one that met the sweep could leave a line of the tally to the table's TTL.
    eventually(lambda: status(cloud, transfer)["counts"]["stored"] == SMALL_FILES, seconds=240)

    expire(cloud, transfer)
    assert cloud.call("GET", f"t/{transfer['id']}/files/2").status == HTTPStatus.GONE
    report = sweep(cloud)
    assert (report["failed"], report["finished"]) == (0, True)
    assert report["swept"] >= 1
    assert cloud.keys(transfer["id"]) == []
    assert cloud.incomplete_uploads(transfer["id"]) == []
    assert items(cloud, transfer) == []
    assert sweep(cloud) == {"swept": 0, "failed": 0, "finished": True}
    assert status(cloud, live)["state"] == "ready"
    assert cloud.keys(live["id"]) == [f"files/{live['id']}/1"]


def test_a_deletion_that_was_interrupted_is_brought_to_its_end(cloud: Cloud) -> None:
    """Where its records are there still, and where only the transfer's own is."""
    for forgotten in (False, True):
        transfer = begin(cloud, b"1", sign=1)
        put(cloud, transfer["urls"][0], b"1")
        stored(cloud, transfer)
        expire(cloud, transfer, deleted={"BOOL": True})
        if forgotten:
            key = {"pk": {"S": transfer["id"]}, "sk": {"S": "file#000001"}}
            cloud.client("dynamodb").delete_item(TableName=cloud.outputs["Table"], Key=key)
        assert sweep(cloud)["failed"] == 0
        assert cloud.keys(transfer["id"]) == []
        assert items(cloud, transfer) == []


def test_what_arrives_after_the_sweep_does_not_stay(cloud: Cloud) -> None:
    """A PUT whose URL was signed while the transfer lived."""
    transfer = begin(cloud, b"late", sign=1)
    expire(cloud, transfer)
    sweep(cloud)
    assert put(cloud, transfer["urls"][0], b"late").status == HTTPStatus.OK
    eventually(lambda: not cloud.keys(transfer["id"]))
    assert items(cloud, transfer) == []


def test_the_schedule_calls_the_function(cloud: Cloud) -> None:
    """Every quarter of an hour."""
    events = cloud.client("events")
    function = cloud.client("lambda").get_function(FunctionName=cloud.outputs["SweepFunction"])["Configuration"]
    (rule,) = events.list_rule_names_by_target(TargetArn=function["FunctionArn"])["RuleNames"]
    described = events.describe_rule(Name=rule)
    assert (described["State"], described["ScheduleExpression"]) == ("ENABLED", "rate(15 minutes)")

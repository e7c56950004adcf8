"""`make verify` on a local cloud: every check that can run is ok, each can fail, and nothing is left behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from backend.aws.bucket import Objects
from backend.aws.table.records import Records
from backend.services.operating import Operators
from e2e.cloud import ROOT, Cloud, LocalCloud
from e2e.expiring import expire
from e2e.verify import __main__ as program, operating, uploading
from e2e.verify.report import Check, outcome_of
from e2e.verify.target import Target
from infra import local, steps

# Checks that need AWS itself, or a deployment without a passphrase.
NOT_TRIED = {
    "Download from CloudFront, its name with quotes, two spaces and non-ASCII": "the local cloud has no CloudFront",
    "Range requests to CloudFront": "the local cloud has no CloudFront",
    "Download from CloudFront without a signature": "the local cloud has no CloudFront",
    "Signed download from S3, past CloudFront": "the local cloud has no CloudFront",
    "Download from a public address": "public_downloads is off",
    "Versions in takedown": "this function exists only with upload_access=cognito",
    "Lambda concurrency of the account": "the local cloud reports a made-up number",
    "The address without its trailing slash": "the local cloud treats it like the one with the slash",
    "The gateway's own 401": "the gateway checks tokens only with upload_access=cognito",
    "A request of over 10 MB": "the local cloud accepts bodies of any size",
    "More requests than the limit": "the local cloud is slower than its own limit",
    "An event that cannot be handled": "takes as long as all tries of a message: make verify SLOW=1",
    "Completion after twenty idle minutes": "takes twenty minutes: make verify SLOW=1",
}
ROW = re.compile(r"^\| (ok|FAILED|not tried) \| (.*?) \| (.*?) \| (.*) \|$", re.MULTILINE)


def there(cloud: Cloud) -> dict[str, set[str]]:
    """Return what a run might leave behind: transfers, objects, uploads, queues and subscriptions."""
    bucket, s3 = cloud.outputs["Bucket"], cloud.s3
    rows = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=cloud.outputs["Table"]).search("Items[]")
    topic = cloud.client("sns").list_subscriptions_by_topic(TopicArn=cloud.outputs["Alarms"])
    return {
        "transfers": {pk for row in rows if re.fullmatch("[a-z2-7]{26}", pk := row["pk"]["S"])},
        "objects": set(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket).search("Contents[].Key")) - {None},
        "uploads": {upload["Key"] for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])},
        "queues": set(cloud.client("sqs").list_queues().get("QueueUrls", [])),
        "subscriptions": {each["SubscriptionArn"] for each in topic["Subscriptions"]},
    }


def test_all_that_the_local_cloud_can_do_is_ok_and_nothing_is_left(closed_cloud: LocalCloud) -> None:
    """As with `make verify PORT=…`; the test names the checks that cannot run, so that none goes missing unnoticed."""
    before = there(closed_cloud)
    command = [sys.executable, "-m", "infra.verify", "--port", str(urlsplit(closed_cloud.address).port)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    rows = ROW.findall(done.stdout)
    assert [row for row in rows if row[0] == "FAILED"] == []
    assert {what: came for outcome, what, _, came in rows if outcome == "not tried"} == NOT_TRIED
    assert [what for _, what, _, _ in rows] == [check.what for check in program.CHECKS] + [program.NOTHING_LEFT]
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(f"{len(rows) - len(NOT_TRIED)} ok, 0 FAILED, {len(NOT_TRIED)} not tried\n")
    assert urlsplit(closed_cloud.address).netloc not in done.stdout
    assert there(closed_cloud) == before


def test_it_cleans_up_after_ctrl_c(closed_cloud: LocalCloud) -> None:
    """And says how far it came."""
    before = there(closed_cloud)
    env = local.environment(os.environ, urlsplit(closed_cloud.address).port or 0)
    with subprocess.Popen(
        [sys.executable, "-m", "e2e.verify"], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert any("one part" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        said = process.stdout.read()
    assert process.returncode == 128 + signal.SIGINT
    assert "transfers, nothing left |\n" in said
    assert there(closed_cloud) == before


@contextmanager
def no_cors(cloud: Cloud) -> Generator[None]:
    """Allow no origin."""
    bucket = cloud.outputs["Bucket"]
    rules = cloud.s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    cloud.s3.delete_bucket_cors(Bucket=bucket)
    yield
    cloud.s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})


@contextmanager
def deaf_links(cloud: Cloud) -> Generator[None]:
    """Stop the function from reading the queue of arrivals."""
    lambda_ = cloud.client("lambda")
    (mapping,) = lambda_.list_event_source_mappings(FunctionName=cloud.outputs["LinksFunction"])["EventSourceMappings"]
    lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    yield
    lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


@contextmanager
def silent_alarms(cloud: Cloud) -> Generator[None]:
    """Stop alarms from notifying anybody."""
    cloudwatch = cloud.client("cloudwatch")
    names = [alarm["AlarmName"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]]
    cloudwatch.disable_alarm_actions(AlarmNames=names)
    yield
    cloudwatch.enable_alarm_actions(AlarmNames=names)


@contextmanager
def no_schedule(cloud: Cloud) -> Generator[None]:
    """Stop the sweep from being called."""
    events = cloud.client("events")
    function = cloud.client("lambda").get_function_configuration(FunctionName=cloud.outputs["SweepFunction"])
    (rule,) = events.list_rule_names_by_target(TargetArn=function["FunctionArn"])["RuleNames"]
    events.disable_rule(Name=rule)
    yield
    events.enable_rule(Name=rule)


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (no_cors, "Preflight from each origin of the page"),
        (deaf_links, "Time from the last byte to the link, through S3's event alone"),
        (silent_alarms, "An alarm set off by hand"),
        (no_schedule, "The schedule of the sweep"),
    ],
)
def test_a_broken_deployment_fails_the_line_that_is_about_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, broken: Callable[[Cloud], Any], what: str
) -> None:
    """The administrator breaks it in the middle of the run."""
    (check,) = [check for check in program.CHECKS if check.what == what]
    target = Target(cloud)
    with broken(cloud), monkeypatch.context() as impatient:
        for module in (operating, uploading):
            impatient.setattr(module, "PATIENCE_SECONDS", 2)
        failed = outcome_of(check, target)
    assert failed.outcome == "FAILED", failed
    assert outcome_of(check, target).outcome == "ok"
    assert target.clear() == []


def operators_of(cloud: Cloud) -> Operators:
    """Return the operator's side as the local cloud's administrator."""
    objects, records = Objects(cloud.outputs["Bucket"]), Records(cloud.outputs["Table"])
    vars(objects).update(_s3=cloud.s3, _copying=cloud.s3)
    vars(records).update(_db=cloud.client("dynamodb"), _db_once=cloud.client("dynamodb"))
    return Operators(records=records, objects=objects, settings=cloud.settings, now=time.time, random=os.urandom)


def test_whatever_has_become_of_a_transfer_it_is_cleared_away(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Blocked, expired, deleted or in progress; and a check that crashes does not affect the others."""
    target = Target(cloud)
    vars(target)["operators"] = operators_of(cloud)

    def leave_behind(target: Target) -> str:
        blocked, expired, deleted = (target.send(b"1") for _ in range(3))
        target.begin(b"1", bytes(17 * 2**20), sign=1)
        target.operators.take_down(blocked["id"])
        expire(cloud, expired)
        cloud.call("DELETE", f"api/transfers/{deleted['id']}", token=deleted["owner_token"])
        raise RuntimeError("in the middle")

    monkeypatch.setattr(
        program, "CHECKS", (Check("A crash", "none", leave_behind), Check("Another", "1", lambda _: "1"))
    )
    before = there(cloud)
    crashed, fine, left = program.verify(target)
    assert (crashed.outcome, crashed.came) == ("FAILED", "RuntimeError: in the middle")
    assert (fine.outcome, left.outcome, left.came) == ("ok", "ok", "4 transfers, nothing left")
    assert there(cloud) == before
    assert capsys.readouterr().out.endswith("2 ok, 1 FAILED, 0 not tried\n")


def test_what_cannot_be_taken_away_is_named_and_fails(cloud: Cloud) -> None:
    """The operator needs its id."""
    target = Target(cloud)
    transfer = target.begin(b"1")
    token, transfer["owner_token"] = transfer["owner_token"], "another"
    assert target.clear() == [transfer["id"]]
    transfer["owner_token"] = token
    assert target.clear() == []


def test_the_slow_checks_do_what_they_say_when_they_need_not_wait(
    closed_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a second instead of twenty minutes, and instead of the time between two tries of a message."""
    monkeypatch.setattr(closed_cloud, "sender", {})
    closed_cloud.sign_in()
    target = Target(closed_cloud, slow=True, idle_seconds=1)
    sqs, queue = closed_cloud.client("sqs"), closed_cloud.outputs["Arrivals"]
    names = ["VisibilityTimeout"]
    before = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    try:
        lines = [outcome_of(check, target) for check in (*operating.SLOW_CHECKS, *uploading.SLOW_CHECKS)]
    finally:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes=before)
        left = target.clear()
    assert [line.outcome for line in lines] == ["ok", "ok"], lines
    assert lines[1].came == "202, ready"
    assert left == []


def test_a_deployed_stack_can_be_tested_in_the_browser_by_its_address(closed_cloud: LocalCloud) -> None:
    """With the environment's credentials, signed in with the passphrase, without tests that need the local cloud."""
    env = local.environment(os.environ, urlsplit(closed_cloud.address).port or 0) | {
        "E2E_ADDRESS": closed_cloud.address
    }
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "e2e/test_page.py", "e2e/test_limits.py"]
    chosen = "15_mib or cancelling_one or hundred_transfers"
    done = subprocess.run([*command, "-k", chosen], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b2 passed", done.stdout)
    assert re.search(r"\d+ tests left out: needs the local cloud\n", done.stdout)


@pytest.mark.parametrize("what", ["The gateway's own 401", "Versions in takedown"])
def test_where_people_have_accounts_more_lines_are_tried(cloud_of_accounts: Cloud, what: str) -> None:
    """They need no token."""
    (check,) = [check for check in program.CHECKS if check.what == what]
    line = outcome_of(check, Target(cloud_of_accounts))
    assert line.outcome == "ok", line


def test_where_people_have_accounts_it_asks_for_a_token(
    cloud_of_accounts: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And uses the one that it gets."""
    monkeypatch.delenv("TOKEN", raising=False)
    with pytest.raises(steps.Trouble, match=r"make verify TOKEN=…$"):
        program.sign_in(cloud_of_accounts)
    monkeypatch.setenv("TOKEN", "abc")
    monkeypatch.setattr(cloud_of_accounts, "sender", {})
    program.sign_in(cloud_of_accounts)
    assert cloud_of_accounts.sender == {"Authorization": "Bearer abc"}

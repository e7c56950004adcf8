"""`python -m bench.cost`: counts what transfers ask of AWS, and after a full run writes docs/costs.md.

A browser sends a file with our page, another opens its link, and the schedule's function erases it, on the local cloud.
A proxy counts what they ask for, and what the functions ask in turn. All is real but the bucket, which keeps no bytes.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlsplit

import urllib3

from backend.rules.transfer import GIB, MIB
from bench import browser
from bench.cost import report
from bench.cost.bucket import Bucket
from bench.cost.counter import Bill, Tally, counter
from bench.cost.prices import GB_SECONDS, INVOCATIONS, LOGS, QUEUE, TRACES
from bench.cost.report import Counted
from e2e.cloud import LocalCloud, local_cloud
from infra import steps

WORK = steps.ROOT / ".local" / "bench" / "cost"
SIZES = {"5MiB": 5 * MIB, "1GiB": GIB, "100GiB": 100 * GIB}
# Through S3 for one arrival: sent by S3, received and deleted for the function.
QUEUE_REQUESTS = 3
LINK = "document.querySelector('[data-testid=transfer-link]')?.href"
DOWNLOAD = "document.querySelector('[data-testid=download]')?.href"
# The slowest that this may be, for 100 GiB; the page tells by its link when it is done.
MOST_SECONDS_PER_GIB = 60
LOOK_SECONDS = 0.5
# Until the last answer's metrics and log lines are written.
QUIET_SECONDS = 3
REPORT = re.compile(r"Billed Duration: ([0-9.]+) ms\s+Memory Size: ([0-9]+) MB")


class Desk:
    """The local cloud behind the counter, and what has been counted of it."""

    def __init__(self, cloud: LocalCloud, port: int, tally: Tally) -> None:
        """Lead the functions' calls past the counter at `port`, too."""
        self._cloud, self._port, self._tally = cloud, port, tally
        self._seen: Counter[str] = Counter()
        lambda_ = cloud.client("lambda")
        for output in ("WebFunction", "LinksFunction", "SweepFunction"):
            name = cloud.outputs[output]
            told = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            variables = {**told, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
            lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    def count(self, size: int, file: Path) -> Counted:
        """Have a file sent, received and erased."""
        self._take()
        link = self._send(file, size)
        sent = self._take()
        self._receive(link)
        received = self._take()
        self._erase(link)
        return Counted(size=size, sent=sent, received=received, erased=self._take())

    @contextlib.contextmanager
    def _browser(self) -> Generator[browser.Page]:
        with browser.launch({urlsplit(self._cloud.address).port or 80: self._port}, hosts=["localhost"]) as page:
            yield page

    def _send(self, file: Path, size: int) -> str:
        with self._browser() as page:
            page.open(self._cloud.address)
            page.choose("[data-testid=file-input]", [file])
            return _until(lambda: page.evaluate(LINK), 60 + MOST_SECONDS_PER_GIB * size / GIB)

    def _receive(self, link: str) -> None:
        """Open the page and follow its button as far as the first byte."""
        with self._browser() as page:
            page.open(link)
            address = _until(lambda: page.evaluate(DOWNLOAD), 60)
        through = address.replace(f":{urlsplit(address).port}", f":{self._port}")
        signed = self._cloud.call("GET", through).headers["Location"]
        urllib3.request("GET", signed, preload_content=False).close()

    def _erase(self, link: str) -> None:
        """Let it expire, and have the schedule's function called until nothing is left."""
        table, transfer = self._cloud.outputs["Table"], link.rpartition("/")[2]
        db = self._cloud.client("dynamodb")
        key = {"pk": {"S": transfer}, "sk": {"S": "transfer"}}
        expired = {":expired": {"N": str(int(time.time()) - 1)}}
        db.update_item(
            TableName=table, Key=key, UpdateExpression="SET expires_at = :expired", ExpressionAttributeValues=expired
        )
        self._cloud.client("lambda").invoke(FunctionName=self._cloud.outputs["SweepFunction"], Payload=b"{}")
        if "Item" in db.get_item(TableName=table, Key=key):
            raise steps.Trouble(f"{transfer} has expired and was not erased.")

    def _take(self) -> Bill:
        """Return what has been counted since the last time, with what the functions' logs tell."""
        time.sleep(QUIET_SECONDS)
        return self._tally.take() + self._logged()

    def _logged(self) -> Bill:
        lines = Counter(self._cloud.log_events())
        new, self._seen = lines - self._seen, lines
        return of_logs(list(new.elements()))


def of_logs(lines: list[str]) -> Bill:
    """Return what log lines tell: how often functions were called, how long they took, and the lines' own bytes."""
    bill: Bill = Counter({LOGS: sum(len(line.encode()) for line in lines)})
    for line in lines:
        if found := REPORT.search(line):
            bill += Counter({INVOCATIONS: 1, TRACES: 1, GB_SECONDS: float(found[1]) / 1_000 * float(found[2]) / 1_024})
    return bill


def _until(probe: Callable[[], Any], seconds: float) -> Any:
    """Return what the probe finds. A look now and then, since looking costs the browser time, too."""
    until = time.monotonic() + seconds
    while not (found := probe()):
        if time.monotonic() > until:
            raise steps.Trouble("The page did not come to its end; is the machine very busy?")
        time.sleep(LOOK_SECONDS)
    return found


def announce(cloud: LocalCloud, tally: Tally, bucket: str, key: str) -> None:
    """Tell the queue of an object that has arrived, as S3 does."""
    record = {"s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/")}}}
    body = json.dumps({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", **record}]})
    cloud.client("sqs").send_message(QueueUrl=cloud.outputs["Arrivals"], MessageBody=body)
    tally.add(Counter({QUEUE: QUEUE_REQUESTS}))


def _file(path: Path, size: int) -> Path:
    """Make a file of nothing but a length, so that it takes no room on the disk."""
    with path.open("wb") as made:
        made.truncate(size)
    return path


def main() -> int:
    """Read the arguments and do it."""
    parser = argparse.ArgumentParser(prog="python -m bench.cost", description="What a transfer costs on AWS.")
    parser.add_argument("--size", action="append", choices=SIZES, help="only this one; may be repeated, is not written")
    parser.add_argument("--cloud", type=Path, metavar="FOLDER", help="work folder of a local cloud of its own")
    arguments = parser.parse_args()
    chosen: list[str] = arguments.size or list(SIZES)
    load = os.getloadavg()[0]
    files = WORK / "files"
    shutil.rmtree(WORK, ignore_errors=True)
    files.mkdir(parents=True)
    counted: list[Counted] = []
    with contextlib.ExitStack() as stack:
        running: Path | None = arguments.cloud
        cloud = LocalCloud.running(running) if running else stack.enter_context(local_cloud(WORK / "cloud"))
        bucket = Bucket(cloud.outputs["Bucket"])
        port, tally = stack.enter_context(
            counter(urlsplit(cloud.address).port or 80, bucket, lambda key: announce(cloud, tally, bucket.name, key))
        )
        stack.callback(shutil.rmtree, files)
        desk = Desk(cloud, port, tally)
        # How long a cold start takes here says nothing of AWS.
        desk.count(MIB, _file(files / "warm-up", MIB))
        for name in chosen:
            started = time.monotonic()
            counted.append(desk.count(SIZES[name], _file(files / name, SIZES[name])))
            print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
    print(report.tables(counted))
    if arguments.size is None:
        report.write(counted, load)
        print("Written to docs/costs.md.")
    return 0


if __name__ == "__main__":
    steps.run_entry(main)

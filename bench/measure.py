"""The race: starts what it takes, lets the contestants run in turn, and keeps what came out."""

import contextlib
import os
import shutil
import statistics
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bench import contestants
from bench.browser import BrowserError
from bench.contestants import BUCKET, Place, Run
from bench.profiles import LINK, MIB, OURS, Profile
from e2e.cloud import Cloud, LocalCloud, local_cloud
from infra import steps

WORK = steps.ROOT / ".local" / "bench"
UPPY = Path(__file__).parent / "uppy"
START_SECONDS = 20
PART = 16 * MIB


@dataclass
class Outcome:
    """What came out of one profile: for each contestant its runs, round by round, and its failures in words."""

    profile: Profile
    runs: dict[str, list[Run | None]] = field(default_factory=dict[str, list[Run | None]])
    failures: list[str] = field(default_factory=list[str])
    complete: float = 0
    """Seconds that the local cloud needs to make one object of the parts, with nothing in between."""

    def of(self, contestant: str) -> list[Run]:
        """Return the runs that ended well."""
        return [run for run in self.runs.get(contestant, []) if run]

    def seconds(self, contestant: str) -> float | None:
        """Return the median of a contestant's times, or what the link alone takes."""
        if contestant == LINK:
            return self.profile.limit
        runs = self.of(contestant)
        return statistics.median(run.seconds for run in runs) if runs else None

    def ratio(self, contestant: str) -> float | None:
        """Return how many times another's time ours is: the median of the rounds in which both ran."""
        if contestant == LINK:
            ours, limit = self.seconds(OURS), self.profile.limit
            return ours / limit if ours and limit else None
        rounds = zip(self.runs.get(OURS, []), self.runs.get(contestant, []), strict=False)
        ratios = [ours.seconds / theirs.seconds for ours, theirs in rounds if ours and theirs]
        return statistics.median(ratios) if ratios else None


class Bench:
    """What all profiles need: the local cloud, Uppy's page with its server, and test files."""

    def __init__(self, children: steps.Children, cloud: Cloud, bundle: Path) -> None:
        """Start Uppy's server, and make the bucket that it and boto3 use."""
        self._children = children
        self._cloud = cloud
        port = urlsplit(cloud.address).port
        assert port  # noqa: S101 - a local cloud's address has one
        self._cloud_port = port
        cloud.s3.create_bucket(Bucket=BUCKET)
        rule = {"AllowedMethods": ["GET", "PUT", "POST", "DELETE"], "AllowedOrigins": ["*"], "AllowedHeaders": ["*"]}
        rules = {"CORSRules": [{**rule, "ExposeHeaders": ["ETag", "Location"]}]}
        cloud.s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration=rules)
        endpoint = f"http://127.0.0.1:{port}"
        said = self._start("bench.uppy_server", bundle, "0", endpoint, BUCKET)
        self._uppy_port = int(said[-1])

    def race(self, profile: Profile, rounds: int) -> Outcome:
        """Let everybody run in turn.

        Those whom our goal is not about run in the first round only: some take minutes.
        """
        outcome = Outcome(profile)
        if profile.goal.against == LINK:
            outcome.complete = statistics.median(self._complete(profile.size) for _ in range(rounds))
        with _test_files(profile) as files, self._link(profile) as place:
            for number in range(rounds):
                for contestant in profile.contestants:
                    if number and contestant not in (OURS, profile.goal.against):
                        continue
                    run = self._run(contestant, outcome, files, place)
                    outcome.runs.setdefault(contestant, []).append(run)
        return outcome

    def _run(self, contestant: str, outcome: Outcome, files: Sequence[Path], place: Place) -> Run | None:
        print(f"  {contestant} … ", end="", flush=True)
        try:
            run = contestants.run(contestant, outcome.profile, files, place)
        except (BrowserError, steps.Trouble) as error:
            print(f"failed: {error}", flush=True)
            outcome.failures.append(f"{contestant}: {error}")
            return None
        finally:
            self._empty_buckets()
        print(f"{run.seconds:.2f} s", flush=True)
        return run

    def _complete(self, size: int) -> float:
        """Return the seconds that S3's last step takes here: no upload through the link can be without it."""
        s3, key = self._cloud.s3, "complete"
        upload = s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
        place = {"Bucket": BUCKET, "Key": key, "UploadId": upload}
        parts: list[dict[str, object]] = []
        for number, start in enumerate(range(0, size, PART), start=1):
            body = bytes(min(PART, size - start))
            etag = s3.upload_part(**place, PartNumber=number, Body=body)["ETag"]
            parts.append({"PartNumber": number, "ETag": etag})
        started = time.perf_counter()
        s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
        seconds = time.perf_counter() - started
        self._empty_buckets()
        return seconds

    @contextlib.contextmanager
    def _link(self, profile: Profile) -> Generator[Place]:
        detours: dict[int, int] = {}
        with contextlib.ExitStack() as stack:
            if profile.terms:
                targets = (self._cloud_port, self._uppy_port)
                pairs = [f"0:{port}" for port in targets]
                rtt, mbits = str(profile.terms.rtt * 1000), str(profile.terms.mbits)
                said = self._start("bench.link", "--rtt", rtt, "--mbits", mbits, *pairs, until=stack)
                detours = dict(zip(targets, map(int, said[-len(targets) :]), strict=True))
            yield Place(
                address=self._cloud.address,
                cloud_port=self._cloud_port,
                uppy_port=self._uppy_port,
                detours=detours,
            )

    def _start(self, module: str, *arguments: str | Path, until: contextlib.ExitStack | None = None) -> list[str]:
        """Start a program of ours and return the words of its first line, which it prints when it is ready."""
        log = WORK / f"{module}.log"
        with log.open("w") as output:
            child = self._children.start([steps.PYTHON, "-m", module, *arguments], output=output)
        if until:
            until.callback(child.wait)
            until.callback(child.terminate)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and child.poll() is None:
            said = log.read_text()
            if said.endswith("\n"):
                return said.split()
            time.sleep(0.05)
        raise steps.Trouble(f"{module} did not start: {log.read_text()}")

    def _empty_buckets(self) -> None:
        """Make room: the local cloud keeps everything in memory."""
        s3 = self._cloud.s3
        for bucket in (BUCKET, self._cloud.outputs["Bucket"]):
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
                if keys:
                    s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})
            for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
                s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


@contextlib.contextmanager
def _test_files(profile: Profile) -> Generator[list[Path]]:
    """Make the files that are sent: random bytes, each file its own."""
    folder = WORK / "files"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = [folder / f"{number:04}.bin" for number in range(1, profile.count + 1)]
    try:
        for file in files:
            with file.open("wb") as output:
                for start in range(0, profile.size, MIB):
                    output.write(os.urandom(min(MIB, profile.size - start)))
        yield files
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def bundle_uppy(children: steps.Children) -> Path:
    """Install Uppy and bundle its page; nothing of it is committed. Returns the folder to serve."""
    folder = WORK / "uppy"
    folder.mkdir(parents=True, exist_ok=True)
    for file in ("package.json", "package-lock.json", "index.html", "page.js"):
        shutil.copy(UPPY / file, folder)
    install = ["npm", "ci", "--prefix", folder, "--no-fund", "--no-audit", "--no-progress", "--ignore-scripts"]
    lock = [folder / "package-lock.json"]
    (folder / "node_modules").mkdir(exist_ok=True)
    steps.once("Uppy", folder / "node_modules", lock, lambda: children.quietly(install))
    esbuild = folder / "node_modules" / ".bin" / "esbuild"
    bundle = ["--bundle", "--format=esm", "--minify", f"--outfile={folder / 'bundle.js'}"]
    children.quietly([esbuild, folder / "page.js", *bundle])
    return folder


@contextlib.contextmanager
def bench(running: Path | None) -> Generator[Bench]:
    """Set everything up; `running` is the work folder of a local cloud that runs already."""
    with steps.Children() as children, contextlib.ExitStack() as stack:
        steps.set_up(children, cloud=True, browser=True)
        bundle = bundle_uppy(children)
        if running:
            cloud = LocalCloud.running(running)
        else:
            with steps.step("Local cloud"):
                cloud = stack.enter_context(local_cloud(WORK / "cloud"))
        yield Bench(children, cloud, bundle)

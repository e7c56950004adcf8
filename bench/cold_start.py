"""What a cold start of the functions costs, against the least that any function with an S3 client pays.

`python -m bench.cold_start` runs whole processes in turn, as the local cloud would run them (its Python, its packages,
our bundle), and prints medians and ratios; then how long it takes to sign 16 URLs in a warm process.
"""

import json
import os
import resource
import statistics
import subprocess
from dataclasses import dataclass

from infra import bundle, steps

ROUNDS = 15
BARE = "import boto3; boto3.client('s3')"
CLIENTS = "from backend.wiring import bucket, table; bucket()._s3; table()._db"
SENDING = "from backend.wiring import sending; sending()"
CONTESTANTS = {
    "bare boto3 with an S3 client": BARE,
    "web function, imported": "import backend.web",
    "web function, ready to sign": f"import backend.web; {CLIENTS}; {SENDING}",
    "links function, ready for an event": f"import backend.links; {CLIENTS}",
}
NAMES = list(CONTESTANTS)
MOST_IMPORT, MOST_SIGN = 1.4, 10
SIGN = """
import json, time
from backend.aws.bucket import Objects
bucket = Objects("bucket")
def sixteen():
    for number in range(1, 17):
        place = {"upload_id": "u" * 100, "number": number, "size": 2**24}
        bucket.sign_part("files/t/1", sha256="A" * 43 + "=", seconds=900, **place)
sixteen()
took = []
for _ in range(50):
    started = time.perf_counter()
    sixteen()
    took.append((time.perf_counter() - started) * 1000)
print(json.dumps(took))
"""
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "t" * 800,  # a role's is about as long
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "TABLE_NAME": "table",
    "BUCKET_NAME": "bucket",
    "ALERTS_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:alerts",
    "MAX_FILE_BYTES": "1",
    "MAX_TRANSFER_BYTES": "1",
    "MAX_FILES": "1",
    "MAX_TRANSFERS_PER_DAY": "1",
    "MAX_BYTES_PER_DAY": "1",
    "MAX_TRANSFERS_PER_DAY_PER_SENDER": "1",
    "MAX_BYTES_PER_DAY_PER_SENDER": "1",
    "EXPIRY_CHOICES": "1",
    "DEFAULT_EXPIRY": "1",
    "UPLOAD_URL_SECONDS": "1",
    "DOWNLOAD_URL_SECONDS": "1",
    "PUBLIC_DOWNLOADS": "false",
    "UPLOAD_ACCESS": "open",
    "SESSION_SECONDS": "60",
    "POWERTOOLS_METRICS_NAMESPACE": "Sidestep",
}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What came out."""

    cpu: dict[str, list[float]]
    """Seconds of each contestant, round by round."""
    sign: list[float]
    """Milliseconds for 16 URLs, each time."""


def cpu_seconds(code: str, env: dict[str, str]) -> float:
    """Run code in a process of its own and return the processor's seconds: a busy machine disturbs them least."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([steps.CLOUD_PYTHON, "-c", code], env=env, check=True, cwd="/")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measure() -> Figures:
    """Run each contestant in turn, and sign."""
    with bundle.assembled(bundle.LOCAL) as folder:
        env = {**SETTINGS, "PYTHONPATH": str(folder), "PATH": os.environ["PATH"]}
        # As in Lambda: the runtime's own boto3 is compiled already, and nothing can be written beside the bundle.
        cpu_seconds(BARE, env)
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        took: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
        for number in range(ROUNDS + 1):
            for name, code in CONTESTANTS.items():
                seconds = cpu_seconds(code, env)
                if number:
                    took[name].append(seconds)
        sign = [steps.CLOUD_PYTHON, "-c", SIGN]
        done = subprocess.run(sign, env=env, check=True, capture_output=True, text=True, cwd="/")
    return Figures(cpu=took, sign=json.loads(done.stdout))


def table(figures: Figures) -> str:
    """Return medians and ratios, and how far the goals are reached."""
    bare = figures.cpu[NAMES[0]]
    lines = ["| whole process | CPU ms | ratio to the bare one |", "|---|---|---|"]
    ratios: dict[str, float] = {}
    for name, seconds in figures.cpu.items():
        ratios[name] = statistics.median(mine / its for mine, its in zip(seconds, bare, strict=True))
        lines.append(f"| {name} | {statistics.median(seconds) * 1000:.0f} | {ratios[name]:.2f} |")
    sign = statistics.median(figures.sign)
    lines += ["", f"Goal: the web function's import at most {MOST_IMPORT} times the bare one. "]
    lines[-1] += f"{_reached(ratios[NAMES[1]] <= MOST_IMPORT)}: {ratios[NAMES[1]]:.2f}."
    lines += [f"Goal: 16 URLs signed in less than {MOST_SIGN} ms, in a warm process. "]
    lines[-1] += f"{_reached(sign < MOST_SIGN)}: {sign:.1f} ms (median of {len(figures.sign)})."
    return "\n".join(lines)


def _reached(goal: bool) -> str:  # noqa: FBT001 - it says so
    return "Reached" if goal else "Missed"


def main() -> int:
    """Measure and print."""
    with steps.Children() as children:
        steps.set_up(children, cloud=True)
    print(f"\n{table(measure())}")
    return 0


if __name__ == "__main__":
    steps.run_entry(main)

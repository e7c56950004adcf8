"""What a cold start of the functions costs, against the least that any function with an S3 client pays.

`python -m bench.cold_start` runs whole processes in turn, as the local cloud would run them (its Python, its packages,
our bundle), and prints medians and ratios; then how long it takes to sign 16 URLs in a warm process.
"""

import json
import os
import statistics
import subprocess
import sys

from infra import bundle, steps

ROUNDS = 15
BARE = "import boto3; boto3.client('s3')"
CLIENTS = "from backend.wiring import bucket, table; bucket()._s3; table()._db"
CONTESTANTS = {
    "bare boto3 with an S3 client": BARE,
    "web function, imported": "import backend.web",
    "web function, ready to sign": f"import backend.web; {CLIENTS}",
    "links function, ready for an event": f"import backend.links; {CLIENTS}",
}
SIGN = """
import json, time
from backend.objects import Objects
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
    "MAX_FILE_BYTES": "1",
    "MAX_FILES": "1",
    "EXPIRY_CHOICES": "1",
    "DEFAULT_EXPIRY": "1",
    "UPLOAD_URL_SECONDS": "1",
    "DOWNLOAD_URL_SECONDS": "1",
    "POWERTOOLS_METRICS_NAMESPACE": "Sidestep",
}


def cpu_seconds(code: str, env: dict[str, str]) -> float:
    """Run code in a process of its own and return the processor's seconds: a busy machine disturbs them least."""
    before = os.times()
    subprocess.run([steps.CLOUD_PYTHON, "-c", code], env=env, check=True, cwd="/")
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def main() -> int:
    """Measure and print."""
    with steps.Children() as children:
        steps.set_up(children, cloud=True)
    with bundle.assembled(bundle.LOCAL) as folder:
        env = {**SETTINGS, "PYTHONPATH": str(folder), "PATH": os.environ["PATH"]}
        # As in Lambda: the runtime's own boto3 is compiled already, the bundle is compiled at each cold start.
        cpu_seconds(BARE, env)
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        took: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
        for number in range(ROUNDS + 1):
            for name, code in CONTESTANTS.items():
                seconds = cpu_seconds(code, env)
                if number:
                    took[name].append(seconds)
        bare = took["bare boto3 with an S3 client"]
        print(f"\n| whole process, median of {ROUNDS} | CPU ms | ratio to the bare one |\n|---|---|---|")
        for name, seconds in took.items():
            ratio = statistics.median(mine / its for mine, its in zip(seconds, bare, strict=True))
            print(f"| {name} | {statistics.median(seconds) * 1000:.0f} | {ratio:.2f} |")
        sign = [steps.CLOUD_PYTHON, "-c", SIGN]
        done = subprocess.run(sign, env=env, check=True, capture_output=True, text=True, cwd="/")
        print(f"\n16 parts signed in {statistics.median(json.loads(done.stdout)):.1f} ms (median of 50)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

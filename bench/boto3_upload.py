"""boto3's upload_file with its defaults: `python -m bench.boto3_upload ENDPOINT BUCKET FILE` prints what it took.

A process of its own, so that its time and memory are its own, too; the import and the client do not count.
"""

import json
import resource
import sys
import time

import boto3


def main(endpoint: str, bucket: str, file: str) -> None:
    """Upload and print."""
    s3 = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the local cloud's
    )
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    s3.upload_file(file, bucket, "boto3")
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": after.ru_maxrss / 1024}))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""`python -m e2e.verify`: what `make verify` runs, with the credentials, region and endpoint of the environment."""

import argparse
import os
import signal
import sys
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from e2e.cloud import Cloud, DeployedCloud
from e2e.verify import downloading, gateway, operating, running, uploading
from e2e.verify.report import HEAD, Check, Line, outcome_of, summary
from e2e.verify.target import Target
from infra import steps

# The functions' versions come after all functions have run, the flood of requests when no other check needs responses,
# and the slow checks at the end.
CHECKS: tuple[Check[Target], ...] = (
    *uploading.CHECKS,
    *downloading.CHECKS,
    *operating.CHECKS,
    *running.CHECKS,
    *gateway.CHECKS,
    *operating.SLOW_CHECKS,
    *uploading.SLOW_CHECKS,
)
NOTHING_LEFT = "Cleaning up"


def sign_in(cloud: Cloud) -> None:
    """Sign in as somebody who may send. Raises Trouble."""
    access = cloud.settings.upload_access
    if access == "passphrase":
        cloud.sign_in()
    elif access == "cognito":
        token = os.environ.get("TOKEN")
        if not token:
            raise steps.Trouble(
                "People have accounts here, so this needs a token of one. Sign in on the page, copy the ID token (in "
                "the browser's console: JSON.parse(sessionStorage.account).idToken), and run make verify TOKEN=…"
            )
        cloud.sender = {"Authorization": f"Bearer {token}"}


def about(cloud: DeployedCloud) -> str:
    """Describe the deployment without its address: other people will read the report."""
    settings = cloud.settings
    said = {
        "region": cloud.session.region_name,
        "upload_access": settings.upload_access,
        "public_downloads": str(settings.public_downloads).lower(),
        "cloudfront_downloads": str(bool(settings.downloads_origin)).lower(),
    }
    return ", ".join(f"{name} {value}" for name, value in said.items())


def verify(target: Target) -> list[Line]:
    """Run all checks and print each line as it comes; delete what was sent, whatever happens."""
    lines: list[Line] = []

    def say(line: Line) -> None:
        lines.append(line)
        print(line, flush=True)

    try:
        for check in CHECKS:
            say(outcome_of(check, target))
    finally:
        left = target.clear()
        text = f"left: {', '.join(left)}" if left else f"{len(target.begun)} transfers, nothing left"
        say(Line("FAILED" if left else "ok", NOTHING_LEFT, "nothing left", text))
        missing = len(CHECKS) + 1 - len(lines)
        print(f"\n{summary(lines)}{f', {missing} not run: it was interrupted' if missing else ''}", flush=True)
    return lines


def main() -> int:
    """Read the arguments, and return the exit status: 1 if a check has failed. Raises Trouble."""
    parser = argparse.ArgumentParser(prog="python -m e2e.verify", description=__doc__)
    parser.add_argument("--slow", action="store_true", help="also run the checks that take twenty minutes")
    slow: bool = parser.parse_args().slow
    # These signals must run the `finally` that cleans up.
    for number in steps.ENDING_SIGNALS:
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        cloud = DeployedCloud.found()
        sign_in(cloud)
        print(f"`make verify`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {about(cloud)}\n\n{HEAD}", flush=True)
    except (BotoCoreError, ClientError, HTTPError, AssertionError) as error:
        raise steps.Trouble(f"The deployment could not be queried: {error}") from None
    lines = verify(Target(cloud, slow=slow))
    return int(any(line.outcome == "FAILED" for line in lines))


if __name__ == "__main__":
    steps.run_entry(main)

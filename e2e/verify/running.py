"""What the functions run on, and how many of them may run at once."""

import json
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from backend.aws.clients import OLDEST_BOTOCORE
from e2e.cloud import eventually
from e2e.verify.report import Check, NotTriedError, UnexpectedError, came
from e2e.verify.target import NOBODY, PATIENCE_SECONDS, Target
from infra.config import LEAST_CONCURRENCY

# What each function logs once when it starts: backend/telemetry.py.
STARTING = "starting"
# The functions that no other check calls, each with a call that changes nothing: takedown does nothing for a transfer
# that is not blocked.
CALLED: Mapping[str, Mapping[str, str]] = {"SweepFunction": {}, "TakedownFunction": {"transfer": NOBODY}}
# A function that is called now and then may have started hours ago. It is faster to look at fewer lines first.
HOURS_BACK = (0.25, 3, 24)
# CloudWatch Logs accepts few such queries a second.
PAUSE_SECONDS = 2


def versions(target: Target, output: str) -> str:
    """Return the versions that a function logged when it started."""
    if output not in target.cloud.outputs:
        raise NotTriedError("this function exists only with upload_access=cognito")
    lambda_, name = target.cloud.client("lambda"), target.cloud.outputs[output]
    if output in CALLED:
        lambda_.invoke(FunctionName=name, Payload=json.dumps(CALLED[output]))
    function = lambda_.get_function_configuration(FunctionName=name)
    level = function["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"]
    if level not in ("DEBUG", "INFO"):
        raise NotTriedError(f"log_level is {level}: the functions do not log their start")
    said = _last_start(target, function["LoggingConfig"]["LogGroup"])
    python, botocore = said["python"], said["botocore"]
    right = f"python{python}.".startswith(f"{function['Runtime']}.")
    recent = tuple(map(int, botocore.split(".")[:3])) >= OLDEST_BOTOCORE
    return came(f"Python {python}, botocore {botocore}, {function['Runtime']}", ok=right and recent)


def _last_start(target: Target, group: str) -> Any:
    """Return the latest log line of a start; CloudWatch may take some seconds to show it."""
    logs = target.cloud.client("logs").get_paginator("filter_log_events")

    def look() -> Any:
        for hours in HOURS_BACK:
            since = int((time.time() - hours * 3_600) * 1_000)
            pages = logs.paginate(logGroupName=group, startTime=since, filterPattern=f'{{ $.message = "{STARTING}" }}')
            lines = [event["message"] for page in pages for event in page["events"]]
            found = [said for said in map(_read, lines) if said.get("message") == STARTING]
            if found:
                return found[-1]
        return None

    try:
        return eventually(look, PATIENCE_SECONDS, pause=PAUSE_SECONDS)
    except AssertionError:
        raise UnexpectedError(f"no line “{STARTING}” in the log of the last {HOURS_BACK[-1]} hours") from None


def _read(line: str) -> dict[str, Any]:
    """Read one of our lines; the runtime's own are not JSON, and the local cloud returns those, too."""
    try:
        return json.loads(line)
    except ValueError:
        return {}


def concurrency(target: Target) -> str:
    """Return how many functions the account may run at once.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    target.not_local("reports a made-up number")
    limit = target.cloud.client("lambda").get_account_settings()["AccountLimit"]
    at_once, free = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    return came(f"{at_once}, of which {free} not reserved", ok=free >= LEAST_CONCURRENCY)


CHECKS = (
    *(
        Check(
            f"Versions in {name}",
            f"the runtime's Python, botocore {'.'.join(map(str, OLDEST_BOTOCORE))} or newer",
            partial(versions, output=f"{name.title()}Function"),
        )
        for name in ("web", "links", "sweep", "takedown")
    ),
    Check("Lambda concurrency of the account", f"{LEAST_CONCURRENCY} or more", concurrency),
)

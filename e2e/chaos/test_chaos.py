"""Whatever goes wrong on the way, what is behind the link is what was sent, byte for byte; or the page says why not.

A few fixed seeds, which cover every kind of trouble, run always. `CHAOS_RUNS=200` runs so many others instead, from
`CHAOS_SEED` on, or from anywhere.
"""

import os
import random
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, get_args

import pytest
from playwright.sync_api import Browser

from e2e.chaos.conftest import Own, Shared
from e2e.chaos.proxy import FaultKind, Proxy
from e2e.chaos.run import Run
from e2e.chaos.schedule import Event, schedule_of
from e2e.cloud import Cloud

# Seeds, and the trouble that each is here for. Where the schedule's rules change, others have to be found.
FIXED: dict[int, set[str]] = {
    2: {"complete lost"},
    436: {"bare", "crash", "sign expired", "status lost"},
    765: {"complete error", "sign error", "stall"},
    1035: {"close", "create lost", "hiccup", "reload", "reset"},
    1516: {"mute"},
    2388: {"add lost", "create expired"},
    2472: {"late", "lost", "pause", "refused", "sign lost"},
    2735: {"kill", "parts error"},
    3309: {"change", "change said", "create error"},
    3941: {"create unreached", "offline", "status error"},
}


def _seeds() -> Sequence[int]:
    """Return the seeds of this session."""
    runs = os.environ.get("CHAOS_RUNS")
    if runs is None:
        return list(FIXED)
    first = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**9))
    return range(first, first + int(runs))


@pytest.mark.parametrize("seed", _seeds())
def test_everything_arrives_or_the_page_says_why_not(
    seed: int, browser: Browser, behind: Browser, options: dict[str, Any], cloud: Cloud, proxy: Proxy, tmp_path: Path
) -> None:
    """Run one schedule; what it is, and how to run it again, is told with the failure."""
    schedule = schedule_of(seed)
    kills = any(moment.event == "kill" for moment in schedule.moments)
    home = Own(browser.browser_type, tmp_path / "profile", options) if kills else Shared(behind)
    run = Run(schedule, cloud, proxy, home, tmp_path)
    with ExitStack() as stack:
        stack.callback(run.put_away)
        stack.enter_context(closing(home))
        try:
            run.go()
        except BaseException as error:
            error.add_note(f"{schedule}\nRun it again: make chaos N=1 SEED={seed}")
            raise
    assert FIXED.get(seed, set()) <= run.struck, "this seed is not any more what it is here for"


def test_the_fixed_seeds_cover_every_kind_of_trouble() -> None:
    """Every way to harm a PUT or a page, and each mishap of every call that a page makes in any run."""
    calls = {f"{call} {mishap}" for call in ("create", "sign", "complete", "status") for mishap in ("error", "lost")}
    every = {*get_args(FaultKind), *get_args(Event), *calls, "sign expired", "change said"}
    assert every <= set().union(*FIXED.values())

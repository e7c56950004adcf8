"""What is said about the goals, and the picture."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from bench import report
from bench.contestants import Run
from bench.measure import Outcome
from bench.profiles import BOTO3, LINK, OURS, PROFILES, UPPY, Profile

RUN = Run(seconds=1, cpu=1, peak=100, main_peak=50, signing_calls=2, long_tasks=1, longest_task=60)
FAR, SMALL, MANY = (next(profile for profile in PROFILES if profile.name == name) for name in ("far", "small", "many"))


def outcome(profile: Profile, **seconds: list[float | None]) -> Outcome:
    """Return an outcome in which contestants took so many seconds, None for a failure."""
    names = {"ours": OURS, "uppy": UPPY, "boto3": BOTO3}
    runs = {
        names[name]: [None if each is None else replace(RUN, seconds=each) for each in took]
        for name, took in seconds.items()
    }
    return Outcome(profile, runs)


def test_ratios_are_of_the_same_round() -> None:
    """A slow round slows both; a round that one has failed does not count."""
    raced = outcome(SMALL, ours=[1, 10, 3, 4], uppy=[2, 20, None, 4])
    assert raced.ratio(UPPY) == 0.5
    assert raced.seconds(OURS) == 3.5
    assert raced.ratio(BOTO3) is None


@pytest.mark.parametrize(
    ("raced", "words"),
    [
        (outcome(SMALL, ours=[0.8], uppy=[1.0]), "Reached: 0.80 of Uppy's time"),
        (outcome(SMALL, ours=[0.95], uppy=[1.0]), "Missed: 0.95 of Uppy's time"),
        (outcome(MANY, ours=[10], uppy=[40]), "Reached: 4.0 times as fast"),
        (outcome(MANY, ours=[20], uppy=[40]), "Missed: 2.0 times as fast"),
        (outcome(FAR, ours=[(FAR.limit or 0) / 0.96]), "Reached: 96.0 %"),
        (outcome(FAR, ours=[(FAR.limit or 0) / 0.94]), "Missed: 94.0 %"),
        (outcome(FAR, ours=[None]), "Not measured"),
    ],
)
def test_the_verdict_says_whether_the_goal_is_reached(raced: Outcome, words: str) -> None:
    """And by how much."""
    assert words in report.verdict(raced)


def test_the_local_clouds_own_time_is_said_beside_the_links() -> None:
    """So that nobody blames the engine for it, or forgets it."""
    raced = outcome(FAR, ours=[20])
    raced.complete = 2
    assert "2.00 s are the local cloud's own" in report.verdict(raced)


def test_a_failure_is_in_the_report() -> None:
    """A contestant that failed has no row but its words."""
    raced = outcome(SMALL, ours=[1], uppy=[None])
    raced.failures.append("Uppy: it did not end in time")
    text = report.tables([raced])
    assert "| Uppy" not in text
    assert "it did not end in time" in text


def test_the_longest_bar_is_the_slowest() -> None:
    """Bars are as long as the times."""
    drawn = ET.fromstring(report.picture([outcome(SMALL, ours=[1], uppy=[4])]))  # noqa: S314 - our own
    bars = [float(bar.attrib["width"]) for bar in drawn if bar.tag.endswith("rect") and "rx" in bar.attrib]
    ours, uppy, limit = bars
    assert uppy == pytest.approx(4 * ours, rel=0.01)
    assert limit == pytest.approx(ours * (SMALL.limit or 0), rel=0.01)
    assert LINK in {text.text for text in drawn}

"""`python -m bench`: measures, prints, and after a full run writes docs/benchmarks.md and its picture."""

import argparse
import os
import time
from pathlib import Path

from bench import cold_start, measure, report
from bench.profiles import PROFILES, quicker
from infra import steps


def main() -> int:
    """Read the arguments and do it."""
    names = [profile.name for profile in PROFILES]
    parser = argparse.ArgumentParser(prog="python -m bench", description="Sidestep against its peers.")
    parser.add_argument("--profile", action="append", choices=names, help="only this one; may be repeated")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="rounds (default: 3)")
    parser.add_argument("--quick", action="store_true", help="less work, one round: a first look, and not written")
    parser.add_argument("--cloud", type=Path, metavar="FOLDER", help="work folder of a local cloud that runs already")
    arguments = parser.parse_args()
    chosen = [profile for profile in PROFILES if profile.name in (arguments.profile or names)]
    if arguments.quick:
        chosen = [quicker(profile) for profile in chosen]

    started = time.monotonic()
    load = os.getloadavg()[0]
    outcomes: list[measure.Outcome] = []
    with measure.bench(arguments.cloud) as bench:
        for profile in chosen:
            print(f"\n{profile.title}", flush=True)
            outcomes.append(bench.race(profile, 1 if arguments.quick else arguments.repeat))
    print()
    print(report.tables(outcomes))
    if arguments.quick or arguments.profile:
        return 0
    figures = cold_start.measure()
    print(cold_start.table(figures))
    report.write(outcomes, figures, rounds=arguments.repeat, load=load)
    print(f"\nWritten to docs/benchmarks.md; it took {(time.monotonic() - started) / 60:.0f} minutes.")
    return 0


if __name__ == "__main__":
    steps.run_entry(main)

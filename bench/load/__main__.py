"""`python -m bench.load`: many people at once; prints what came out, and after a full run writes docs/load.md."""

import argparse
from pathlib import Path

from bench.load import report
from bench.load.run import Terms, measure
from infra import steps


def main() -> int:
    """Read the arguments, do it, and print the figures; return 1 if there was any error."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description="Sidestep with many people at once.")
    parser.add_argument("--senders", type=int, default=200, metavar="N", help="default: 200")
    parser.add_argument("--recipients", type=int, default=500, metavar="N", help="default: 500")
    parser.add_argument("--seconds", type=float, default=120, metavar="S", help="that are measured (default: 120)")
    parser.add_argument(
        "--pause", type=float, default=60, metavar="S", help="after which each comes again (default: 60)"
    )
    parser.add_argument("--cloud", type=Path, metavar="FOLDER", help="work folder of a local cloud that runs already")
    arguments = parser.parse_args()
    if min(arguments.senders, arguments.recipients) < 1 or min(arguments.seconds, arguments.pause) <= 0:
        parser.error("there must be at least one sender and one recipient, and seconds and pause above 0")
    terms = Terms(
        senders=arguments.senders,
        recipients=arguments.recipients,
        seconds=arguments.seconds,
        pause=arguments.pause,
    )
    figures = measure(terms, arguments.cloud)
    print(f"\n{report.words(figures)}")
    if arguments == parser.parse_args([]):
        report.write(figures)
        print("\nWritten to docs/load.md.")
    return 1 if figures.everything.failed else 0


if __name__ == "__main__":
    steps.run_entry(main)

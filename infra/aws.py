"""The make targets for AWS, with the user's own credentials and region. infra/deployment.py has what calls AWS."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Mapping, Sequence

from infra import local, settings, steps

STACK = "Sidestep"


def cdk(*arguments: str | os.PathLike[str], folder: os.PathLike[str] = steps.ROOT, region: str | None = None) -> int:
    """Run the CDK CLI in the terminal, where it may ask; it shares our Ctrl-C. Without `region` it finds its own."""
    env = {**os.environ, "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": steps.OLD_NODES}
    env |= {"CDK_DISABLE_VERSION_CHECK": "1", "CDK_DISABLE_CLI_TELEMETRY": "true"}
    env |= {"AWS_REGION": region} if region else {}
    return subprocess.run([steps.CDK, *arguments], cwd=folder, env=env, check=False).returncode


def synth(words: Sequence[str]) -> int:
    """Write the template. Raises Trouble."""
    if cdk("synth", STACK, "--quiet", *settings.context(settings.chosen(words))):
        raise steps.Trouble("There is no template, for the reason above.")
    print(f"The template: cdk.out/{STACK}.template.json")
    return 0


def redrive(port: int | None) -> int:
    """Try the dead letters again, on AWS or in the local cloud at a port."""
    return _run("infra.redrive", env=None if port is None else local.environment(os.environ, port))


def _run(module: str, *arguments: str, env: Mapping[str, str] | None = None) -> int:
    """Run a module in the terminal with the checkout's own Python, which has boto3."""
    return subprocess.run([steps.PYTHON, "-m", module, *arguments], cwd=steps.ROOT, env=env, check=False).returncode


def main() -> int:
    """Read the arguments."""
    parser = argparse.ArgumentParser(prog="python -m infra.aws", description=__doc__)
    parser.add_argument("what", choices=["bootstrap", "deploy", "destroy", "diff", "redrive", "synth"])
    parser.add_argument("settings", nargs="*", metavar="name=value", help="override settings.toml; see infra/config.py")
    parser.add_argument("--yes", action="store_true", help="deploy without asking")
    parser.add_argument("--port", type=int, help="redrive in the local cloud at this port")
    arguments = parser.parse_args()
    what: str = arguments.what
    words: list[str] = arguments.settings
    if what in ("deploy", "diff", "synth"):
        settings.chosen(words)  # report a mistake before fetching anything
    with steps.Children() as children:
        steps.set_up(children)
    match what:
        case "destroy":
            return _run("infra.deployment", "destroy")
        case "redrive":
            return redrive(arguments.port)
        case "synth":
            return synth(words)
        case _:
            return _run("infra.deployment", what, *words, *(["--yes"] if arguments.yes else []))


if __name__ == "__main__":
    steps.run_entry(main)

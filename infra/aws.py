"""The real thing: `make deploy`, `destroy`, `redrive` and `synth`, with the user's own credentials and region."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from collections.abc import Sequence
from typing import cast

from infra import local, steps

STACK = "Sidestep"
OUTPUTS = steps.ROOT / ".build" / "outputs.json"


def cdk(*arguments: str | os.PathLike[str]) -> int:
    """Run the CDK CLI in the terminal, where it may ask; it shares our Ctrl-C."""
    env = {**os.environ, "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": steps.OLD_NODES}
    env |= {"CDK_DISABLE_VERSION_CHECK": "1", "CDK_DISABLE_CLI_TELEMETRY": "true"}
    return subprocess.run([steps.CDK, *arguments], cwd=steps.ROOT, env=env, check=False).returncode


def deploy(settings: Sequence[str]) -> int:
    """Deploy and print the address. Raises Trouble."""
    OUTPUTS.parent.mkdir(exist_ok=True)
    if cdk("deploy", STACK, *steps.context(settings), "--outputs-file", OUTPUTS):
        raise steps.Trouble(
            "The deployment failed for the reason above; an account and region that CDK never saw need "
            "`npx cdk bootstrap` once."
        )
    stack = cast("dict[str, dict[str, str]]", json.loads(OUTPUTS.read_text()))[STACK]
    print(f"Sidestep is deployed: {stack['Address']}")
    print(f"How it is doing: the dashboard {stack['Dashboard']} in CloudWatch")
    for setting, output in (("domain_name", "PagesLeadTo"), ("downloads_domain_name", "DownloadsLeadTo")):
        if output in stack:
            print(f"Make a DNS record by which {setting} leads to {stack[output]} (CNAME or alias).")
    if "Passphrase" in stack:
        region = stack["Passphrase"].split(":")[3]
        print(
            "Senders are asked for a passphrase. Read it with\n"
            f"  aws secretsmanager get-secret-value --region {region} --secret-id {stack['Passphrase']}"
            " --query SecretString --output text"
        )
    return 0


def destroy() -> int:
    """Say what goes and what stays, ask, and delete the stack. Raises Trouble."""
    print(
        f"This deletes the stack {STACK}: its address with all its links, the functions, logs, queues and alarms.\n"
        "The bucket with the files and the table of transfers stay, and go on costing, until you delete them yourself."
    )
    try:
        answer = input(f"Type {STACK} to go on: ")
    except EOFError:
        answer = ""
    if answer.strip() != STACK:
        raise steps.Trouble("Nothing was deleted.")
    if cdk("destroy", STACK, "--force"):
        raise steps.Trouble("The stack could not be deleted, for the reason above.")
    return 0


def redrive(port: int | None) -> int:
    """Try the dead letters again, on AWS or in the local cloud at a port; boto3 is in the checkout's own Python."""
    env = None if port is None else local.environment(os.environ, port)
    return subprocess.run([steps.PYTHON, "-m", "infra.redrive"], cwd=steps.ROOT, env=env, check=False).returncode


def main() -> int:
    """Read the arguments."""
    parser = argparse.ArgumentParser(prog="python -m infra.aws", description=__doc__)
    parser.add_argument("what", choices=["deploy", "destroy", "redrive", "synth"])
    parser.add_argument("settings", nargs="*", metavar="name=value", help="see infra/config.py")
    parser.add_argument("--port", type=int, help="redrive in the local cloud at this port")
    arguments = parser.parse_args()
    what: str = arguments.what
    settings: list[str] = arguments.settings
    port: int | None = arguments.port
    with steps.Children() as children:
        steps.set_up(children)
    if what == "deploy":
        return deploy(settings)
    if what == "destroy":
        return destroy()
    if what == "redrive":
        return redrive(port)
    if cdk("synth", STACK, "--quiet", *steps.context(settings)):
        raise steps.Trouble("There is no template, for the reason above.")
    print(f"The template: cdk.out/{STACK}.template.json")
    return 0


if __name__ == "__main__":
    steps.run_entry(main)

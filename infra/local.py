"""The local cloud: MiniStack, with the very same stack deployed to it by the CDK CLI.

`python -m infra.local run [--port N] [--work FOLDER] [--set name=value …]` sets up what is missing, starts it, prints
the address and stays. The settings are those of `infra/config.py`, as on AWS.
In FOLDER are `cloud.log`, `deploy.log` and `outputs.json`. Nothing here can reach AWS: the children are given an
environment made from scratch, with made-up credentials and every endpoint on this machine.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from infra import steps
from infra.config import Config, ConfigError

REGION = "us-east-1"
# MiniStack's own account, and the bucket where CDK leaves the bundle; on AWS `cdk bootstrap` makes it.
ASSET_BUCKET = f"cdk-hnb659fds-assets-000000000000-{REGION}"
START_SECONDS = 60
LAST_PORT = 65_535
WARM_WORKERS = 2
KEPT_VARIABLES = (
    "PATH",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "LOGNAME",
    "LD_LIBRARY_PATH",
)


def environment(user: Mapping[str, str], port: int) -> dict[str, str]:
    """Return the environment of everything that talks to the local cloud.

    Named variables are kept rather than others dropped: credentials, profiles, proxies, PYTHONPATH and whatever else a
    shell may hold stay out of it.
    """
    endpoint = f"http://127.0.0.1:{port}"
    return {
        **{name: user[name] for name in KEPT_VARIABLES if name in user},
        # A home of its own: ~/.aws, ~/.cdk.json and ~/.npmrc are the user's. Shared by all ports, for jsii's cache.
        "HOME": str(steps.ROOT / ".local" / "home"),
        "NO_PROXY": "*",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": steps.OLD_NODES,
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def cloud_environment(base: Mapping[str, str], port: int, work: Path) -> dict[str, str]:
    """Return what MiniStack is told: enforce IAM and CORS, let only this machine in, keep all litter in `work`."""
    # Its MQTT listener would come with cryptography, on a port that nobody here asked for.
    return {
        **base,
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "TMPDIR": str(work / "tmp"),
    }


def check_port(port: int) -> None:
    """Raise Trouble unless the port is free on both addresses that a browser may take `localhost` for."""
    if not 1 <= port <= LAST_PORT:
        raise steps.Trouble(f"{port} is no port; choose one from 1 to {LAST_PORT}: make run PORT=4567")
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as probe:
            if probe.connect_ex((host, port)) == 0:
                raise steps.Trouble(
                    f"Port {port} is taken; stop what listens there or choose another: make run PORT={port + 1}"
                )
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise steps.Trouble(
                f"Port {port} cannot be used ({error.strerror}); choose another: make run PORT=4567"
            ) from None


def start_cloud(children: steps.Children, env: Mapping[str, str], port: int, work: Path) -> subprocess.Popen[bytes]:
    """Start MiniStack and return when it answers. Raises Trouble with its log's place."""
    log = work / "cloud.log"
    with log.open("wb") as output:
        cloud = children.start([steps.CLOUD_PYTHON, "-m", "infra.cloud"], cloud_environment(env, port, work), output)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and cloud.poll() is None:
        if _answers(port):
            return cloud
        time.sleep(0.1)
    raise steps.Trouble(f"The local cloud did not start; its log says why: {log}")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def deploy(children: steps.Children, env: Mapping[str, str], context: Sequence[str], work: Path) -> dict[str, str]:
    """Deploy the stack and return its outputs. Raises Trouble with the log's place."""
    make_bucket = f"import boto3; boto3.client('s3').create_bucket(Bucket='{ASSET_BUCKET}')"
    children.quietly([steps.CLOUD_PYTHON, "-c", make_bucket], env)

    outputs, log = work / "outputs.json", work / "deploy.log"
    command = [steps.CDK, "deploy", "--app", f"{steps.PYTHON} -m infra.app", *context]
    command += ["--require-approval", "never", "--ci", "--no-color", "--no-notices", "--no-version-reporting"]
    command += ["--output", work / "cdk.out", "--outputs-file", outputs]
    with log.open("wb") as output:
        status = children.run(command, env, output)
    if status:
        raise steps.Trouble(
            f"The stack could not be deployed to the local cloud: {cause(log.read_text())}\n"
            f"The logs say more: {log} and {work / 'cloud.log'}"
        )
    stack = cast("dict[str, dict[str, str]]", json.loads(outputs.read_text()))["Sidestep"]
    outputs.write_text(json.dumps(stack, indent=2))
    return stack


def passphrase(env: Mapping[str, str], secret: str) -> str:
    """Read the passphrase that the local cloud has made."""
    read = f"print(boto3.client('secretsmanager').get_secret_value(SecretId={secret!r})['SecretString'])"
    command = [steps.CLOUD_PYTHON, "-c", f"import boto3; {read}"]
    return subprocess.run(command, env=dict(env), capture_output=True, text=True, check=True).stdout.strip()


def cause(log: str) -> str:
    """Return what a failed deployment's log gives as the reason: the first resource that failed, or the last word."""
    lines = [line.strip() for line in log.splitlines() if line.strip() and "Subprocess exited" not in line]
    resources = [line.split(" | ")[-1].strip() for line in lines if " | CREATE_FAILED " in line]
    return resources[0] if resources else (lines or ["it said nothing"])[-1]


def warm_up(address: str, log: Path) -> None:
    """Start a few workers of each function: they take longest when the first file makes all of them start at once."""
    # The user's proxies, if any, do not know this machine's ports.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(path: str) -> None:
        # 404 from the links function is what is wanted here.
        with contextlib.suppress(urllib.error.HTTPError):
            opener.open(address + path, timeout=START_SECONDS).close()

    pool = concurrent.futures.ThreadPoolExecutor(WARM_WORKERS)
    try:
        for path in ("", f"t/{'a' * 26}/files/1"):
            list(pool.map(ask, [path] * WARM_WORKERS))
    except OSError as error:
        raise steps.Trouble(f"The local cloud did not answer ({error}); its log says why: {log}") from None
    finally:
        # No waiting: whoever pressed Ctrl-C would wait, too.
        pool.shutdown(wait=False, cancel_futures=True)


def run(port: int, work: Path, settings: Sequence[str]) -> int:
    """Do all of `make run`; return only when the local cloud has ended by itself. Raises Trouble."""
    context = steps.context([*settings, f"local_port={port}"])
    check_port(port)
    try:
        Config.from_context({**steps.settings(settings), "local_port": str(port)})
    except ConfigError as error:
        raise steps.Trouble(str(error)) from None
    with steps.Children() as children:
        steps.set_up(children, cloud=True)
        env = environment(os.environ, port)
        for old in (work / "tmp", work / "cdk.out"):
            shutil.rmtree(old, ignore_errors=True)
        for folder in (work / "tmp", Path(env["HOME"])):
            folder.mkdir(parents=True, exist_ok=True)
        with steps.step("Lambda bundle"):
            children.quietly([steps.PYTHON, "-m", "infra.bundle"])
        with steps.step("Local cloud"):
            cloud = start_cloud(children, env, port, work)
        with steps.step("Deployment"):
            outputs = deploy(children, env, context, work)
            address = outputs["Address"]
        with steps.step("Warm-up"):
            warm_up(address, work / "cloud.log")
        if "Passphrase" in outputs:
            print(f"Senders are asked for a passphrase: {passphrase(env, outputs['Passphrase'])}")
        print(f"Sidestep is ready: {address}", flush=True)
        try:
            cloud.wait()
        except SystemExit:  # asked to end, which from here on is no failure
            return 0
    raise steps.Trouble(f"The local cloud ended by itself; its log says why: {work / 'cloud.log'}")


def main() -> int:
    """Read the arguments."""
    parser = argparse.ArgumentParser(prog="python -m infra.local", description="Sidestep on this machine alone.")
    parser.add_argument("command", choices=["run"])
    parser.add_argument("--port", type=int, default=4566, help="where it listens (default: 4566)")
    parser.add_argument("--work", type=Path, help="folder for logs and outputs (default: .local/<port>)")
    parser.add_argument(
        "--set", nargs="*", action="extend", default=[], metavar="name=value", help="settings; see infra/config.py"
    )
    arguments = parser.parse_args()
    work: Path = arguments.work or steps.ROOT / ".local" / str(arguments.port)
    return run(arguments.port, work.resolve(), arguments.set)


if __name__ == "__main__":
    steps.run_entry(main)

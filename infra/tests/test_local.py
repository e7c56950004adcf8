"""The local cloud's helpers: nothing of the user's gets in, and a taken port is said."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from infra import local, steps


def test_nothing_of_the_users_aws_gets_in() -> None:
    """Credentials, profile, region, endpoints, proxies and Python's paths of the shell stay out."""
    user = {
        "PATH": "/usr/bin",
        "HOME": "/home/ann",
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SESSION_TOKEN": "real",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL_S3": "https://s3.example",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
        "CDK_DEFAULT_ACCOUNT": "123456789012",
        "HTTPS_PROXY": "http://proxy:3128",
        "PYTHONPATH": "/somewhere",
    }
    made = local.environment(user, 4600)
    assert {value for value in user.values() if value in made.values()} == {"/usr/bin"}
    assert not {name for name in user if name in made} - {"PATH", "HOME", "AWS_ACCESS_KEY_ID", "AWS_REGION"}


def test_everything_asked_of_aws_is_asked_of_this_machine() -> None:
    """Made-up credentials, no configuration to read, one endpoint for all services, no metadata service."""
    made = local.environment({}, 4600)
    assert {name: value for name, value in made.items() if name.startswith("AWS_")} == {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4600",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def test_the_cloud_enforces_and_keeps_to_itself() -> None:
    """MiniStack enforces IAM and CORS, and listens on loopback only."""
    told = local.cloud_environment({}, 4600, Path("/place"))
    assert told == {
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": "4600",
        "TMPDIR": "/place/tmp",
    }


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_taken_port_is_said(family: socket.AddressFamily, host: str) -> None:
    """Whoever listens on either address of localhost, the sentence names the port and the way out."""
    with socket.socket(family, socket.SOCK_STREAM) as other:
        try:
            other.bind((host, 0))
        except OSError:
            pytest.skip(f"this machine has no {host}")
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(steps.Trouble, match=f"Port {port} is taken; .* make run PORT={port + 1}"):
            local.check_port(port)


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("max_files must be …\n.venv/bin/python -m infra.app: Subprocess exited with error 1\n", "max_files must be …"),
        ("S | 9:43 | CREATE_FAILED | AWS::SQS::Queue | Links/Q (LQ1) Invalid.\n❌  failed\n", "Links/Q (LQ1) Invalid."),
        ("", "it said nothing"),
    ],
)
def test_a_failed_deployment_says_why(log: str, said: str) -> None:
    """The sentence on the terminal holds the log's own reason."""
    assert local.cause(log) == said


@pytest.mark.parametrize("port", [0, 70_000])
def test_what_is_no_port_is_said(port: int) -> None:
    """A number that no port can have is refused before anything starts."""
    with pytest.raises(steps.Trouble, match=f"{port} is no port"):
        local.check_port(port)


def test_a_free_port_is_fine() -> None:
    """A port that was just left is free again."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
    local.check_port(port)


def test_what_is_no_setting_is_said_before_anything_starts() -> None:
    """Settings may come together or one by one; a word that is none ends it with a sentence."""
    command = [sys.executable, "-m", "infra.local", "run", "--set", "max_files=5", "log_level=DEBUG", "--set", "colour"]
    done = subprocess.run(command, cwd=steps.ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Settings have the form name=value, as in SETTINGS=\"max_files=500\", not 'colour'.\n"

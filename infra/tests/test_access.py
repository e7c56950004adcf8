"""Who may send: what the template makes for it."""

from __future__ import annotations

from infra.config import Config
from infra.tests.conftest import Stack, Synth


def test_the_passphrase_is_made_on_aws_and_stands_nowhere_else(aws: Stack) -> None:
    """124 random bits that can be typed; the function is told its address, not its text."""
    secret = aws.properties("SecretsManager::Secret")
    assert secret["GenerateSecretString"] == {
        "ExcludePunctuation": True,
        "ExcludeUppercase": True,
        "PasswordLength": 24,
    }
    assert "SecretString" not in secret


def test_an_open_deployment_has_no_secret(synth: Synth) -> None:
    """And no right to read one."""
    stack = synth(Config(upload_access="open"))
    assert not stack.all("SecretsManager::Secret")
    assert "Passphrase" not in stack.template["Outputs"]
    assert "secretsmanager" not in str(stack.all("IAM::Role"))

"""Access: what tells those who may send from those who may not."""

from __future__ import annotations

from typing import cast

from aws_cdk import aws_iam as iam, aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.config import Config
from infra.function import allow

# 24 of 36 characters are 124 bits: no number of tries finds that, and it can be read out and typed.
PASSPHRASE_LENGTH = 24


class Access(Construct):
    """The passphrase, made while it is deployed and known to Secrets Manager alone; nothing where it is open to all."""

    def __init__(self, scope: Construct, name: str, *, config: Config) -> None:
        """Make what `upload_access` asks for; `environment` and `grants` are what the web function needs for it."""
        super().__init__(scope, name)
        self.environment: dict[str, str] = {}
        self.grants: list[iam.PolicyStatement] = []
        self.passphrase_arn: str | None = None
        if config.upload_access == "passphrase":
            self._make_passphrase()

    def _make_passphrase(self) -> None:
        secret = secretsmanager.Secret(
            self,
            "Passphrase",
            description="What people enter on Sidestep's page before they can send files. Change it as you like.",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=PASSPHRASE_LENGTH, exclude_punctuation=True, exclude_uppercase=True
            ),
        )
        # A Ref is the ARN on AWS only, not on the local cloud; the attribute is it on both.
        arn = cast("secretsmanager.CfnSecret", secret.node.default_child).attr_id
        self.passphrase_arn = arn
        self.environment["PASSPHRASE_SECRET"] = arn
        self.grants.append(allow(["secretsmanager:GetSecretValue"], arn))

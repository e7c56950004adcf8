"""Settings: what is taken, what is refused, and in which words."""

from __future__ import annotations

import dataclasses
import os
import subprocess

import pytest

from infra import steps
from infra.config import RECIPIENTS_VISIT, SENDERS_VISIT, Config, ConfigError

CERTIFICATE = "arn:aws:acm:eu-central-1:111111111111:certificate/0f"
CLOUDFRONT = {"cloudfront_downloads": "true"}
SIGNED = {
    "downloads_key_arn": "arn:aws:kms:eu-central-1:111111111111:key/0f",
    "downloads_public_key": f"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE{'A' * 86}==",
}
# As the CDK CLI adds them.
CDKS_OWN = {"aws:cdk:enable-path-metadata": True, "@aws-cdk/core:target-partitions": ["aws"]}


def test_no_setting_is_a_deployment_to_aws() -> None:
    """The defaults need no word from anyone, and CDK's own context does not disturb them."""
    assert Config.from_context(CDKS_OWN) == Config()
    assert not Config().is_local


def test_settings_come_as_text() -> None:
    """Each kind of setting is read from the text that the CLI passes."""
    config = Config.from_context(
        {
            **CDKS_OWN,
            "max_files": "500",
            "expiry_choices": "60,3600",
            "default_expiry": "60",
            "log_level": "DEBUG",
            "set_account_log_role": "false",
            "public_downloads": "true",
            "local_port": "4600",
        }
    )
    assert config == Config(
        max_files=500,
        expiry_choices=(60, 3600),
        default_expiry=60,
        log_level="DEBUG",
        set_account_log_role=False,
        upload_access="open",
        public_downloads=True,
        local_port=4600,
    )


def test_aws_asks_for_a_passphrase_and_a_local_cloud_does_not_unless_told_to() -> None:
    """Closed by default where the internet is."""
    assert Config().upload_access == "passphrase"
    assert Config.from_context({"local_port": "4566"}).upload_access == "open"
    assert Config.from_context({"local_port": "4566", "upload_access": "passphrase"}).upload_access == "passphrase"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("max_file", "1", "There is no setting max_file; did you mean max_files?"),
        ("max_transfer_bytes", str(2**53), "max_transfer_bytes must be from 1 to 9007199254740991, not"),
        ("max_transfers_per_day", "0", "max_transfers_per_day must be from 1 to 1000000000, not 0."),
        ("max_transfers_per_day_per_sender", "0", "max_transfers_per_day_per_sender must be from 1 to"),
        ("max_bytes_per_day_per_sender", "0", "max_bytes_per_day_per_sender must be from 1 to"),
        ("brand_accent", "red", "brand_accent must be a colour such as #0b6b57, not 'red'."),
        ("brand_name", "", "brand_name must have 1 to 40 characters."),
        ("brand_legal", "x" * 1001, "brand_legal must have at most 1000 bytes."),
        ("colour", "red", "There is no setting colour; the settings are max_file_bytes, max_transfer_bytes,"),
        ("max_files", "many", "max_files must be a whole number, not 'many'."),
        ("max_files", "0", "max_files must be from 1 to 100000, not 0."),
        ("max_bytes_per_day", "0", "max_bytes_per_day must be from 1 to 9007199254740991, not 0."),
        ("alert_email", "ops", "alert_email must be an address such as ops@example.com, not 'ops'."),
        ("max_file_bytes", str(10_000 * 5 * 1024**3 + 1), "max_file_bytes must be from 1 to 53687091200000, not"),
        ("expiry_choices", "3600,60", "expiry_choices must be ascending numbers of seconds, as in 3600,86400."),
        ("expiry_choices", "", "expiry_choices must be a whole number, not ''."),
        ("expiry_choices", "1", "expiry_choices must be from 60 to 315360000, not 1."),
        ("default_expiry", "5", "default_expiry must be one of 3600, 86400, 604800, 2592000, not 5."),
        ("upload_url_seconds", "604800", "upload_url_seconds must be from 1 to 43200, not 604800."),
        ("download_url_seconds", "0", "download_url_seconds must be from 1 to 43200, not 0."),
        ("requests_per_second", "0", "requests_per_second must be from 1 to 10000, not 0."),
        ("request_burst", "0", "request_burst must be from 1 to 5000, not 0."),
        ("log_level", "LOUD", "log_level must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, not LOUD."),
        ("log_retention_days", "8", "log_retention_days must be one of 1, 3, 5, 7, 14,"),
        ("set_account_log_role", "no", "set_account_log_role must be one of true, false, not no."),
        ("domain_name", "https://files.example.com/", "domain_name must be a domain name in lower case, not 'https:"),
        ("certificate_arn", "abc", "certificate_arn must be the ARN of a certificate, not 'abc'."),
        ("downloads_certificate_arn", CERTIFICATE, "downloads_certificate_arn must be the ARN of a certificate in us-"),
        ("downloads_key_arn", "alias/key", "downloads_key_arn must be the ARN of a KMS key, not 'alias/key'."),
        ("downloads_public_key", "-----BEGIN", "downloads_public_key must be a P-256 public key as `aws kms get-"),
        (
            "certificate_arn",
            CERTIFICATE.replace("arn:aws:", "arn:aws-cn:"),
            "certificate_arn is in AWS's partition aws-cn, and Sidestep runs in the partition aws only; see docs/",
        ),
        ("hosted_zone_id", "example.com", "hosted_zone_id must be the id of a Route 53 zone, as Z0123456789, not"),
        ("local_port", "70000", "local_port must be from 1 to 65535, not 70000."),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(name: str, value: str, words: str) -> None:
    """A wrong setting says which it is and what it may be."""
    with pytest.raises(ConfigError) as refusal:
        Config.from_context({name: value})
    assert str(refusal.value).startswith(words)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"domain_name": "files.example.com"}, "domain_name and certificate_arn belong together: set both or none."),
        (
            {"hosted_zone_id": "Z1"},
            "hosted_zone_id is for a domain_name or a downloads_domain_name, and there is none.",
        ),
        (
            {
                "upload_access": "cognito",
                "oidc_issuer": "https://login.example.com",
                "oidc_client_id": "sidestep",
                "oidc_client_secret_arn": "arn:aws-us-gov:secretsmanager:us-gov-west-1:111111111111:secret:a",
            },
            "oidc_client_secret_arn is in AWS's partition aws-us-gov, and Sidestep runs in the partition aws only;",
        ),
        (
            {"cloudfront_downloads": "true"},
            "cloudfront_downloads needs downloads_key_arn and downloads_public_key; see",
        ),
        (SIGNED, "downloads_… settings are for cloudfront_downloads=true."),
        (
            {**SIGNED, **CLOUDFRONT},
            "CloudFront serves files of up to 50000000000 bytes: cloudfront_downloads needs max",
        ),
        (
            {"upload_access": "cognito", "session_seconds": "4000"},
            "With cognito, session_seconds must be a multiple of 60, not 4000.",
        ),
        (
            {**SIGNED, **CLOUDFRONT, "max_file_bytes": "1", "public_downloads": "true"},
            "public_downloads lets everybody into the bucket, cloudfront_downloads nobody: choose one.",
        ),
        (
            {**SIGNED, **CLOUDFRONT, "max_file_bytes": "1", "local_port": "4600"},
            "The local cloud has neither domain names nor CloudFront: leave these settings to AWS.",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_sentence(settings: dict[str, str], words: str) -> None:
    """And the sentence says what would."""
    with pytest.raises(ConfigError) as refusal:
        Config.from_context(settings)
    assert str(refusal.value).startswith(words)


def test_a_team_that_comes_together_is_not_throttled() -> None:
    """Ten people for the first time at once, and two more each second; e2e/test_visits.py counts their requests."""
    assert Config().request_burst >= 10 * max(SENDERS_VISIT, RECIPIENTS_VISIT)
    assert Config().requests_per_second >= 2 * max(SENDERS_VISIT, RECIPIENTS_VISIT)


def test_a_config_does_not_change() -> None:
    """What was checked stays as it was."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().max_files = 1  # pyright: ignore[reportAttributeAccessIssue]


def test_every_setting_is_written_as_the_text_that_it_is_read_from() -> None:
    """What a stack records can be deployed again."""
    config = Config(
        max_files=5,
        expiry_choices=(60, 604_800),
        public_downloads=True,
        set_account_log_role=False,
        brand_legal="[a](https://b/?c=d), “e”",
        local_port=4566,
    )
    recorded = config.record()
    assert recorded == {
        "max_files": "5",
        "expiry_choices": "60,604800",
        "public_downloads": "true",
        "set_account_log_role": "false",
        "brand_legal": "[a](https://b/?c=d), “e”",
    }
    assert Config.from_context(recorded) == dataclasses.replace(config, local_port=None)
    assert Config.from_context(Config().texts()) == Config()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"CDK_CONTEXT_JSON": '{"max_files": "0"}'}, "max_files must be from 1 to "),
        ({"CDK_DEFAULT_REGION": "cn-north-1"}, "The region cn-north-1 is in AWS's partition aws-cn, and Sidestep runs"),
    ],
)
def test_the_app_ends_with_the_sentence_alone(told: dict[str, str], words: str) -> None:
    """Whoever mistypes a setting, or has the CLI deploy where it cannot run, sees no traceback."""
    done = subprocess.run(
        [steps.PYTHON, "-m", "infra.app"],
        cwd=steps.ROOT,
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(words)
    assert done.stderr.count("\n") == 1

"""Every setting of a deployment, in one frozen object.

Settings come as CDK context (`cdk deploy -c max_files=500`), so they arrive as strings; each is parsed and checked
here, and a name that is not a setting is an error, not a silence. `infra/settings.py` says where they are kept.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

from backend.rules.tally import MOST_FILES

MIB = 1024**2
GIB = 1024**3
DAY = 86_400

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: 10,000 parts of at most 5 GiB.
S3_MAX_OBJECT_BYTES = 10_000 * 5 * GIB
# A presigned URL dies with the credentials that signed it; a Lambda role's last for hours, not days.
MAX_URL_SECONDS = 12 * 3600
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LOG_RETENTION_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
MAX_BRAND_NAME = 40
# All of a function's environment together may have 4 KB.
MAX_LEGAL_BYTES = 1_000
UPLOAD_ACCESS = ("passphrase", "cognito", "open")
# Requests of a browser with an empty cache, counted by e2e/test_visits.py: to open the page and send a file, and to
# open a link and download one.
SENDERS_VISIT = 46
RECIPIENTS_VISIT = 25
# How many people may make their first visit at the same moment: a team that has just got the link.
PEOPLE_AT_ONCE = 10
# An account's default quota for all APIs of a Region together; in some Regions it is a quarter of that.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
MAX_REQUESTS_PER_SECOND = 10_000
MAX_REQUEST_BURST = 5_000
# The largest number that a page's script holds exactly: 9 PB.
MAX_BYTES = 2**53 - 1
MAX_TRANSFERS = 1_000_000_000
# "Maximum cacheable file size per HTTP GET response",
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
CLOUDFRONT_MAX_BYTES = 50 * 1000**3
# The stack contains names of this partition: amazoncognito.com, CloudFront's hosted zone, service endpoints.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
PARTITION = "aws"
# A link that takes longer is reported to the operator.
SLOW_LINK_SECONDS = 60
# What expired is gone within the hour, also when a run fails and one more is needed.
SWEEP_SCHEDULE = "rate(15 minutes)"
# How many links functions read arrivals from the queue at once: enough for 250 files a second, and no more workers.
LINKS_CONCURRENCY = 5
# What Lambda must run at once at the least: one first visit, while files of others arrive.
LEAST_CONCURRENCY = SENDERS_VISIT + LINKS_CONCURRENCY
# What these settings look like, and how that is said.
DOMAIN = (r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", "a domain name in lower case")
FORMS = {
    "domain_name": DOMAIN,
    "certificate_arn": (r"arn:aws:acm:[a-z0-9-]+:\d{12}:certificate/[\w-]+", "the ARN of a certificate"),
    "downloads_key_arn": (r"arn:aws:kms:[a-z0-9-]+:\d{12}:key/[\w-]+", "the ARN of a KMS key"),
    # The header of a P-256 public key, and its 64 bytes: https://www.rfc-editor.org/rfc/rfc5480#section-2
    "downloads_public_key": (
        r"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE[A-Za-z0-9+/]{86}==",
        "a P-256 public key as `aws kms get-public-key` writes it, on one line",
    ),
    "downloads_domain_name": DOMAIN,
    "downloads_certificate_arn": (
        r"arn:aws:acm:us-east-1:\d{12}:certificate/[\w-]+",
        "the ARN of a certificate in us-east-1",
    ),
    "hosted_zone_id": (r"Z[A-Z0-9]+", "the id of a Route 53 zone, as Z0123456789"),
}
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class ConfigError(ValueError):
    """A setting that cannot be; its text is one sentence for whoever typed it."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings, with AWS's defaults; `local_port` alone turns a stack into one for the local cloud.

    Raises ConfigError.
    """

    max_file_bytes: int = 2048 * GIB
    """The largest file a sender may send. At 2 TiB a part is 210 MiB, which a browser can still hold and hash."""
    max_transfer_bytes: int = 2048 * GIB
    """The most bytes in one transfer: the largest file still goes, and a folder may be as large as it."""
    max_files: int = 10_000
    """The most files in one transfer; at most 100,000, which is what the table's lists can hold."""
    max_transfers_per_day: int = 10_000
    """Transfers that may be begun in a UTC day. No team comes near it; it ends what a script began by mistake."""
    max_bytes_per_day: int = 4096 * GIB
    """Bytes that all may send in a UTC day: the largest file, twice, so that one alone takes nobody else's day.

    It bounds the bill: 4 TiB on each day, kept for a week, cost some 650 USD a month.
    """
    max_transfers_per_day_per_sender: int = 1_000
    """The same for one sender: an account, or an IP address, which everybody in an office may share."""
    max_bytes_per_day_per_sender: int = 2048 * GIB
    """The same for one sender: the largest file, once. A line of 200 Mbit/s sends no more in a day."""
    expiry_choices: tuple[int, ...] = (3600, DAY, 7 * DAY, 30 * DAY)
    """Seconds a transfer may live, ascending; the last is the longest."""
    default_expiry: int = 7 * DAY
    """Seconds a transfer lives when its sender says nothing; one of the choices."""
    upload_url_seconds: int = 900
    """Seconds an upload URL lives."""
    download_url_seconds: int = 300
    """Seconds a download URL lives; it only has to start the download."""
    upload_access: str = "passphrase"
    """Who may send: `passphrase`, who knows the one made with the stack; `cognito`, who has an account; `open`, all."""
    session_seconds: int = 7 * DAY
    """Seconds for which nobody need sign in again."""
    oidc_issuer: str = ""
    """With `cognito`, an OpenID Connect provider of your own for people to sign in with, as `https://login.example.com`."""
    oidc_client_id: str = ""
    """The id by which that provider knows Sidestep's user pool."""
    oidc_client_secret_arn: str = ""
    """The secret in Secrets Manager that holds what that provider gave for it."""
    public_downloads: bool = False
    """Whether everybody may read `files/*` without a signature; then no transfer can have a password or a limit."""
    domain_name: str = ""
    """A domain name for the pages, as `files.example.com`; empty for API Gateway's own."""
    certificate_arn: str = ""
    """Its certificate, in Certificate Manager in the stack's region."""
    cloudfront_downloads: bool = False
    """Whether files are downloaded by signed CloudFront URLs instead of presigned ones, and by no others."""
    downloads_key_arn: str = ""
    """The KMS key that signs these: ECC_NIST_P256, SIGN_VERIFY. docs/aws.md says how to make it."""
    downloads_public_key: str = ""
    """Its public key, as `aws kms get-public-key` writes it."""
    downloads_domain_name: str = ""
    """A domain name for these downloads; empty for CloudFront's own."""
    downloads_certificate_arn: str = ""
    """Its certificate, in Certificate Manager in us-east-1, where CloudFront takes it from."""
    hosted_zone_id: str = ""
    """The Route 53 zone that shall get alias records for these domain names; empty to make them elsewhere."""
    requests_per_second: int = 100
    """What API Gateway lets through in the long run, over all callers; above it, 429.

    Enough for two first visits a second. It also limits the bill: 100 requests a second, day and night, cost 900 USD a
    month for API Gateway alone.
    """
    request_burst: int = PEOPLE_AT_ONCE * max(SENDERS_VISIT, RECIPIENTS_VISIT)
    """What it lets through at once: ten first visits. With less, people who come together get incomplete pages."""
    brand_name: str = "Sidestep"
    """What the service is called on its pages."""
    brand_accent: str = ""
    """The colour of buttons and links, as `#0b6b57`; empty for Sidestep's own."""
    brand_logo: str = ""
    """An SVG file on the machine that deploys, to stand beside the name; empty for Sidestep's own."""
    brand_legal: str = ""
    """A line at the foot of each page; links as `[Imprint](https://example.com/imprint)`."""
    alert_email: str = ""
    """An address that hears of alarms, once it has confirmed that it wants to; empty for none."""
    log_level: str = "INFO"
    """The least severe level that the functions log."""
    log_retention_days: int = 30
    """Days that logs are kept."""
    set_account_log_role: bool = True
    """API Gateway writes access logs by one role per account and region. The stack sets it; false leaves it alone."""
    local_port: int | None = None
    """The local cloud's port; None is AWS."""

    def __post_init__(self) -> None:
        """Check what a type cannot say."""
        _between("max_file_bytes", self.max_file_bytes, 1, S3_MAX_OBJECT_BYTES)
        _between("max_transfer_bytes", self.max_transfer_bytes, 1, MAX_BYTES)
        _between("max_files", self.max_files, 1, MOST_FILES)
        _between("max_transfers_per_day", self.max_transfers_per_day, 1, MAX_TRANSFERS)
        _between("max_bytes_per_day", self.max_bytes_per_day, 1, MAX_BYTES)
        _between("max_transfers_per_day_per_sender", self.max_transfers_per_day_per_sender, 1, MAX_TRANSFERS)
        _between("max_bytes_per_day_per_sender", self.max_bytes_per_day_per_sender, 1, MAX_BYTES)
        if list(self.expiry_choices) != sorted(set(self.expiry_choices)):
            raise ConfigError("expiry_choices must be ascending numbers of seconds, as in 3600,86400.")
        for choice in self.expiry_choices:
            _between("expiry_choices", choice, 60, 3650 * DAY)
        _one_of("default_expiry", self.default_expiry, self.expiry_choices)
        _between("upload_url_seconds", self.upload_url_seconds, 1, MAX_URL_SECONDS)
        _between("download_url_seconds", self.download_url_seconds, 1, MAX_URL_SECONDS)
        _one_of("upload_access", self.upload_access, UPLOAD_ACCESS)
        _between("session_seconds", self.session_seconds, 3600, 365 * DAY)
        if self.upload_access == "cognito" and self.session_seconds % 60:
            raise ConfigError(f"With cognito, session_seconds must be a multiple of 60, not {self.session_seconds}.")
        provider = (self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret_arn)
        if any(provider) and not (all(provider) and self.upload_access == "cognito"):
            raise ConfigError(
                "oidc_issuer, oidc_client_id and oidc_client_secret_arn go together, and with upload_access=cognito."
            )
        _between("requests_per_second", self.requests_per_second, 1, MAX_REQUESTS_PER_SECOND)
        _between("request_burst", self.request_burst, 1, MAX_REQUEST_BURST)
        if not 1 <= len(self.brand_name) <= MAX_BRAND_NAME:
            raise ConfigError(f"brand_name must have 1 to {MAX_BRAND_NAME} characters.")
        if self.brand_accent and not re.fullmatch(r"#[0-9a-fA-F]{6}", self.brand_accent):
            raise ConfigError(f"brand_accent must be a colour such as #0b6b57, not {self.brand_accent!r}.")
        if len(self.brand_legal.encode()) > MAX_LEGAL_BYTES:
            raise ConfigError(f"brand_legal must have at most {MAX_LEGAL_BYTES} bytes.")
        if self.alert_email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", self.alert_email):
            raise ConfigError(f"alert_email must be an address such as ops@example.com, not {self.alert_email!r}.")
        _one_of("log_level", self.log_level, LOG_LEVELS)
        _one_of("log_retention_days", self.log_retention_days, LOG_RETENTION_DAYS)
        if self.local_port is not None:
            _between("local_port", self.local_port, 1, 65_535)
        self._check_names()
        self._check_downloads()

    def _check_names(self) -> None:
        """Check domain names, certificates, key and zone, each on its own."""
        for field in fields(self):
            if arn := re.match(r"arn:([a-z-]+):", str(getattr(self, field.name))):
                check_partition(field.name, arn[1])
        for name, (pattern, words) in FORMS.items():
            value: str = getattr(self, name)
            if value and not re.fullmatch(pattern, value):
                raise ConfigError(f"{name} must be {words}, not {value!r}.")
        for name, other in (
            ("domain_name", "certificate_arn"),
            ("downloads_domain_name", "downloads_certificate_arn"),
            ("downloads_key_arn", "downloads_public_key"),
        ):
            if bool(getattr(self, name)) != bool(getattr(self, other)):
                raise ConfigError(f"{name} and {other} belong together: set both or none.")
        if self.hosted_zone_id and not (self.domain_name or self.downloads_domain_name):
            raise ConfigError("hosted_zone_id is for a domain_name or a downloads_domain_name, and there is none.")
        if self.is_local and (self.domain_name or self.cloudfront_downloads):
            raise ConfigError("The local cloud has neither domain names nor CloudFront: leave these settings to AWS.")

    def _check_downloads(self) -> None:
        """Check what goes with CloudFront, and what does not."""
        if not self.cloudfront_downloads:
            if self.downloads_key_arn or self.downloads_domain_name:
                raise ConfigError("downloads_… settings are for cloudfront_downloads=true.")
            return
        if not self.downloads_key_arn:
            raise ConfigError("cloudfront_downloads needs downloads_key_arn and downloads_public_key; see docs/aws.md.")
        if self.public_downloads:
            raise ConfigError(
                "public_downloads lets everybody into the bucket, cloudfront_downloads nobody: choose one."
            )
        if self.max_file_bytes > CLOUDFRONT_MAX_BYTES:
            raise ConfigError(
                f"CloudFront serves files of up to {CLOUDFRONT_MAX_BYTES} bytes: cloudfront_downloads needs "
                f"max_file_bytes={CLOUDFRONT_MAX_BYTES}, or less."
            )

    @property
    def is_local(self) -> bool:
        """Whether this is for the local cloud: plain HTTP, nothing kept, this machine's Python."""
        return self.local_port is not None

    @property
    def object_days(self) -> int:
        """Days after which S3 drops an object whatever else happens: the longest expiry, rounded up, and one more."""
        return -(-self.expiry_choices[-1] // DAY) + 1

    @classmethod
    def from_context(cls, context: Mapping[str, object]) -> Config:
        """Read the settings among CDK's context, whose own keys all have a `:`, an `@` or a `/` in them.

        Raises ConfigError for a name that is no setting and a value that does not fit.
        """
        ours = {name: value for name, value in context.items() if not set(name) & set(":@/")}
        settings = {field.name: field.type for field in fields(cls)}
        for name in ours:
            if name not in settings:
                near = difflib.get_close_matches(name, settings, n=1)
                hint = f"did you mean {near[0]}?" if near else f"the settings are {', '.join(settings)}."
                raise ConfigError(f"There is no setting {name}; {hint}")
        values: dict[str, Any] = {name: _PARSERS[str(settings[name])](name, str(text)) for name, text in ours.items()}
        if "local_port" in values:  # made to be tried by whoever is at this machine
            values.setdefault("upload_access", "open")
        return cls(**values)

    def texts(self) -> dict[str, str]:
        """Return every setting as the text that `from_context` takes, except `local_port`, which is not for AWS."""
        return {field.name: _text(getattr(self, field.name)) for field in fields(self) if field.name != "local_port"}

    def record(self) -> dict[str, str]:
        """Return the settings that differ from the defaults, as text. None of them is a secret."""
        defaults = Config().texts()
        return {name: text for name, text in self.texts().items() if text != defaults[name]}


def check_partition(what: str, partition: str) -> None:
    """Raise ConfigError if `what` is in a partition that the stack does not support."""
    if partition != PARTITION:
        raise ConfigError(
            f"{what} is in AWS's partition {partition}, and Sidestep runs in the partition {PARTITION} only; "
            "see docs/aws.md."
        )


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(map(str, cast("tuple[int, ...]", value)))
        case _:
            return str(value)


def _int(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ConfigError(f"{name} must be a whole number, not {text!r}.") from None


def _ints(name: str, text: str) -> tuple[int, ...]:
    return tuple(_int(name, item) for item in text.split(","))


def _bool(name: str, text: str) -> bool:
    _one_of(name, text.lower(), ("true", "false"))
    return text.lower() == "true"


def _str(_name: str, text: str) -> str:
    return text


# By a field's annotation, which `from __future__ import annotations` keeps as text.
_PARSERS = {"int": _int, "int | None": _int, "tuple[int, ...]": _ints, "bool": _bool, "str": _str}


def _between(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{name} must be from {low} to {high}, not {value}.")


def _one_of(name: str, value: object, choices: tuple[object, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"{name} must be one of {', '.join(map(str, choices))}, not {value}.")

"""What the stack tells the functions, read from the environment once and frozen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from os import environ

from backend.rules.quota import Amount


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Sizes are in bytes, times in seconds."""

    table_name: str
    bucket_name: str
    alerts_topic_arn: str
    max_file_bytes: int
    max_transfer_bytes: int
    max_files: int
    max_transfers_per_day: int
    max_bytes_per_day: int
    max_transfers_per_day_per_sender: int
    max_bytes_per_day_per_sender: int
    expiry_choices: tuple[int, ...]
    default_expiry: int
    upload_url_seconds: int
    download_url_seconds: int
    upload_access: str
    passphrase_secret: str
    session_seconds: int
    sign_in_address: str
    sign_in_client: str
    takedown_function: str
    """What moves to the evidence what operators block on their page; empty where nobody has an account."""
    public_downloads: bool
    downloads_origin: str
    """Where CloudFront serves the bucket's files; empty where S3 does."""
    downloads_key_arn: str
    """The KMS key that signs for that, …"""
    downloads_key_id: str
    """… and what CloudFront calls its public half."""

    @property
    def longest_expiry(self) -> int:
        """How long a transfer may live at the most."""
        return self.expiry_choices[-1]

    @property
    def per_day(self) -> Amount:
        """What all senders together may send in a day."""
        return Amount(transfers=self.max_transfers_per_day, bytes=self.max_bytes_per_day)

    @property
    def per_day_per_sender(self) -> Amount:
        """What one of them may."""
        return Amount(transfers=self.max_transfers_per_day_per_sender, bytes=self.max_bytes_per_day_per_sender)

    @property
    def largest_transfer(self) -> int:
        """How much a transfer may have: never more than fits into a day that nothing has been sent on."""
        return min(self.max_transfer_bytes, self.max_bytes_per_day, self.max_bytes_per_day_per_sender)

    @property
    def largest_file(self) -> int:
        """How much a file may have, likewise."""
        return min(self.max_file_bytes, self.largest_transfer)

    @classmethod
    def read(cls, env: Mapping[str, str]) -> "Settings":
        """Read every setting; one `RuntimeError` names all that are missing or unusable."""
        wrong: list[str] = []

        def text(name: str) -> str:
            if not env.get(name):
                wrong.append(f"{name} is missing")
            return env.get(name, "")

        def numbers(name: str) -> tuple[int, ...]:
            words = text(name).split(",")
            if not all(word.isascii() and word.isdigit() and int(word) for word in words):
                wrong.append(f"{name} must be whole numbers above 0, not {env.get(name)!r}")
                return (1,)
            return tuple(int(word) for word in words)

        def flag(name: str) -> bool:
            value = text(name)
            if value not in ("", "true", "false"):
                wrong.append(f"{name} must be true or false, not {value!r}")
            return value == "true"

        settings = cls(
            table_name=text("TABLE_NAME"),
            bucket_name=text("BUCKET_NAME"),
            alerts_topic_arn=text("ALERTS_TOPIC_ARN"),
            max_file_bytes=numbers("MAX_FILE_BYTES")[0],
            max_transfer_bytes=numbers("MAX_TRANSFER_BYTES")[0],
            max_files=numbers("MAX_FILES")[0],
            max_transfers_per_day=numbers("MAX_TRANSFERS_PER_DAY")[0],
            max_bytes_per_day=numbers("MAX_BYTES_PER_DAY")[0],
            max_transfers_per_day_per_sender=numbers("MAX_TRANSFERS_PER_DAY_PER_SENDER")[0],
            max_bytes_per_day_per_sender=numbers("MAX_BYTES_PER_DAY_PER_SENDER")[0],
            expiry_choices=numbers("EXPIRY_CHOICES"),
            default_expiry=numbers("DEFAULT_EXPIRY")[0],
            upload_url_seconds=numbers("UPLOAD_URL_SECONDS")[0],
            download_url_seconds=numbers("DOWNLOAD_URL_SECONDS")[0],
            upload_access=text("UPLOAD_ACCESS"),
            passphrase_secret=env.get("PASSPHRASE_SECRET", ""),
            session_seconds=numbers("SESSION_SECONDS")[0],
            sign_in_address=env.get("SIGN_IN_ADDRESS", ""),
            sign_in_client=env.get("SIGN_IN_CLIENT", ""),
            takedown_function=env.get("TAKEDOWN_FUNCTION", ""),
            public_downloads=flag("PUBLIC_DOWNLOADS"),
            downloads_origin=env.get("DOWNLOADS_ORIGIN", ""),
            downloads_key_arn=env.get("DOWNLOADS_KEY_ARN", ""),
            downloads_key_id=env.get("DOWNLOADS_KEY_ID", ""),
        )
        wrong += settings.contradictions()
        if wrong:
            raise RuntimeError("Sidestep cannot start: " + "; ".join(wrong))
        return settings

    def contradictions(self) -> Iterator[str]:
        """Say which settings do not go together."""
        if list(self.expiry_choices) != sorted(self.expiry_choices):
            yield "EXPIRY_CHOICES must ascend"
        if self.default_expiry not in self.expiry_choices:
            yield "DEFAULT_EXPIRY must be one of EXPIRY_CHOICES"
        edge = (self.downloads_origin, self.downloads_key_arn, self.downloads_key_id)
        if any(edge) and not all(edge):
            yield "DOWNLOADS_ORIGIN, DOWNLOADS_KEY_ARN and DOWNLOADS_KEY_ID belong together"


@cache
def settings() -> Settings:
    """Return this function's settings."""
    return Settings.read(environ)

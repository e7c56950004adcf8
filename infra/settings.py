"""The settings of the deployment on AWS: their file, and how they differ from what is deployed.

`settings.toml` holds them as `name = value` lines. `make deploy SETTINGS=…` overrides them, and saves its settings in
the file when it succeeds. The deployed stack records its own settings, so that a deployment from another machine, with
a different file or none, changes nothing without asking.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from infra import steps
from infra.config import Config, ConfigError

FILE = steps.ROOT / "settings.toml"
HEADER = "# Sidestep's settings on AWS, read by every `make deploy`. infra/config.py lists all of them.\n"


# ---- the file ----


def read(file: Path) -> dict[str, str]:
    """Return the file's settings as text for `Config.from_context`; none if there is no file. Raises Trouble."""
    try:
        return _parse(file.read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # TOML's and Unicode's errors are ValueErrors
        hint = 'Text needs quotes, as in upload_access = "open".'
        raise steps.Trouble(f"{file.name} cannot be read: {error}. {hint}") from None


def edited(file: Path, settings: Mapping[str, str]) -> str | None:
    """Return the file's text with these settings, or None if it has them. Raises Trouble if it cannot edit by line.

    It replaces the line of a setting that changes, including a comment at its end, and appends the line of a new one.
    All other lines, and so all other comments, stay as they are.
    """
    before = read(file)
    new = {name: value for name, value in settings.items() if before.get(name) != value}
    if not new:
        return None
    lines = (file.read_text("utf-8") if file.exists() else HEADER).rstrip("\n").split("\n")
    for name, value in new.items():
        place = next((n for n, line in enumerate(lines) if re.match(rf"\s*{re.escape(name)}\s*=", line)), len(lines))
        lines[place : place + 1] = [toml_line(name, value)]
    text = "\n".join(lines) + "\n"
    try:
        fits = _parse(text) == {**before, **new}
    except ValueError:
        fits = False
    if not fits:
        raise steps.Trouble(
            f"{file.name} cannot be edited line by line. Leave SETTINGS out, and write into the file yourself:\n"
            + "\n".join(toml_line(name, value) for name, value in new.items())
        )
    return text


def write(file: Path, text: str) -> None:
    """Replace the file's text atomically; a symbolic link stays one.

    Raises Trouble.
    """
    target = file.resolve()
    new = target.with_name(f".{target.name}.new")
    try:
        new.write_text(text, "utf-8")
        new.replace(target)
    except OSError as error:
        raise steps.Trouble(f"{file} could not be written ({error}). It should hold:\n{text}") from None


def toml_line(name: str, value: str) -> str:
    """Return a setting as a line of the file."""
    bare = re.fullmatch(r"true|false|0|[1-9]\d*", value)
    return f"{name} = {value if bare else json.dumps(value, ensure_ascii=False)}"


def _parse(text: str) -> dict[str, str]:
    return {name: _text(name, value) for name, value in tomllib.loads(text).items()}


def _text(name: str, value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        # The CDK CLI drops what follows a line break.
        case str() if len(value.splitlines()) <= 1:
            return value
        case list() if all(type(item) is int for item in cast("list[object]", value)):
            return ",".join(map(str, cast("list[int]", value)))
        case _:
            raise ValueError(f"{name} must be a number, a string on one line, true, false or a list of numbers")


# ---- what is chosen ----


def chosen(words: Sequence[str], file: Path | None = None) -> Config:
    """Return the file's settings, overridden by `name=value` words. Raises Trouble if they are invalid."""
    try:
        config = Config.from_context({**read(file or FILE), **steps.settings(words)})
    except ConfigError as error:
        raise steps.Trouble(str(error)) from None
    if config.is_local:
        raise steps.Trouble("local_port makes a stack for the local cloud; leave it out, or use `make run PORT=…`.")
    return config


def context(config: Config) -> list[str]:
    """Return the settings as the CDK CLI's options."""
    return steps.context([f"{name}={value}" for name, value in config.record().items()])


# ---- what is deployed ----


@dataclass(frozen=True)
class Change:
    """A setting that the deployment would change; `new` is None if this version has no such setting."""

    name: str
    old: str
    new: str | None

    def __str__(self) -> str:
        """Return the change as the user sees it."""
        new = "no longer a setting" if self.new is None else self.new or "none"
        return f"{self.name}: {self.old or 'none'} → {new}"

    @property
    def danger(self) -> str | None:  # noqa: C901, PLR0911 - one line for each setting
        """What people lose by the change or can do after it, unless that is clear from the setting's name."""
        match self.name, self.old, self.new:
            case "upload_access", _, "open":
                return "Anyone who finds the address can send files, at your expense."
            case "upload_access", "cognito", _:
                return (
                    "Nobody can sign in with their account any more or finds what they have sent; operators lose their "
                    "page. Going back to cognito later makes a new user pool, without these accounts."
                )
            case "upload_access", "passphrase", _:
                return "The passphrase is deleted; going back to it later makes another."
            case "oidc_issuer", _, _:
                return "People get new accounts, which do not find what they sent before."
            case "public_downloads", _, "true":
                return (
                    "Anyone who knows a file's plain address can read it, even if the file was sent with a password "
                    "or a download limit."
                )
            case "public_downloads", _, "false":
                return "Plain addresses that were handed out stop working."
            case "domain_name" | "downloads_domain_name", old, _ if old:
                return f"Addresses under {old} stop working."
            case "hosted_zone_id", old, _ if old:
                return "The DNS records that the stack made in the old zone are deleted."
            case "expiry_choices", old, str(new) if _longest(new) < _longest(old):
                return (
                    "S3 deletes files that are older than the new longest expiry, even if their transfers live longer."
                )
            case "log_retention_days", old, str(new) if int(new) < int(old):
                return "Older logs are deleted."
            case "alert_email", _, "":
                return "Nobody is mailed when an alarm goes off or a transfer is reported."
            case _:
                return None


def changes(deployed: Mapping[str, str], config: Config) -> list[Change]:
    """Return which settings a deployment of `config` would change; `deployed` is the `Config.record` of the stack.

    If another version of Sidestep changed a default, that does not count: nobody chose the old one.
    """
    after = config.texts()
    before = {**Config().texts(), **deployed}
    return [Change(name, old, after.get(name)) for name, old in before.items() if old != after.get(name)]


def _longest(choices: str) -> int:
    return max(map(int, choices.split(",")))

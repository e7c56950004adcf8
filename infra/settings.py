"""The settings of the deployment to AWS: where they are kept, and how they differ from what is deployed.

They are kept in `settings.toml` as `name = value` lines. What `make deploy SETTINGS=…` says goes on top, and into the
file once it is deployed. The deployed stack records its own settings, so that a deployment from another machine, with
another file or none, changes nothing unasked.
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
    """Return the file's settings as text, as `Config.from_context` takes them; without a file none. Raises Trouble."""
    try:
        return _parse(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # TOML's and Unicode's errors are ValueErrors
        raise steps.Trouble(f"{file.name} cannot be read: {error}") from None


def edited(file: Path, settings: Mapping[str, str]) -> str | None:
    """Return the file's text with these settings in it, None if it has them. Raises Trouble if lines do not do.

    The line of a setting that changes is replaced, together with a comment at its end; a new one is added at the end
    of the file. All other lines, and with them all other comments, stay as they are.
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
    """Replace the file's text in one step, so that it is never half written; a symbolic link stays one.

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
            raise ValueError(f"{name} must be a number, a text on one line, true, false or a list of numbers")


# ---- what is chosen ----


def chosen(words: Sequence[str], file: Path | None = None) -> Config:
    """Return what the file says, with `name=value` words on top. Raises Trouble for what cannot be."""
    try:
        config = Config.from_context({**read(file or FILE), **steps.settings(words)})
    except ConfigError as error:
        raise steps.Trouble(str(error)) from None
    if config.is_local:
        raise steps.Trouble("local_port makes a stack for the local cloud; leave it out, or say `make run PORT=…`.")
    return config


def context(config: Config) -> list[str]:
    """Return the settings as the CDK CLI's options."""
    return steps.context([f"{name}={value}" for name, value in config.record().items()])


# ---- what is deployed ----


@dataclass(frozen=True)
class Change:
    """A setting that would not stay as it is deployed; `new` is None where this version has no such setting."""

    name: str
    old: str
    new: str | None

    def __str__(self) -> str:
        """Write it for whoever is asked."""
        new = "no longer a setting" if self.new is None else self.new or "none"
        return f"{self.name}: {self.old or 'none'} → {new}"

    @property
    def danger(self) -> str | None:  # noqa: C901, PLR0911 - one line for each setting
        """What the change takes from people or lets them do, where that is not plain from its name."""
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
                    "Whoever knows a file's plain address can read it, also files that were sent with a password or a "
                    "download limit."
                )
            case "public_downloads", _, "false":
                return "Plain addresses that were handed out stop working."
            case "domain_name" | "downloads_domain_name", old, _ if old:
                return f"Addresses under {old} stop working."
            case "hosted_zone_id", old, _ if old:
                return "The DNS records that the stack made in the old zone are deleted."
            case "expiry_choices", old, str(new) if _longest(new) < _longest(old):
                return (
                    "S3 deletes files that are older than the new longest expiry, also of transfers that live longer."
                )
            case "log_retention_days", old, str(new) if int(new) < int(old):
                return "Older logs are deleted."
            case "alert_email", _, "":
                return "Nobody is mailed when an alarm goes off or a transfer is reported."
            case _:
                return None


def changes(deployed: Mapping[str, str], config: Config) -> list[Change]:
    """Return which settings a deployment of `config` would change; `deployed` is the `Config.record` of the stack.

    A default that another version of Sidestep has changed is no change: nobody chose the old one.
    """
    after = config.texts()
    before = {**Config().texts(), **deployed}
    return [Change(name, old, after.get(name)) for name, old in before.items() if old != after.get(name)]


def _longest(choices: str) -> int:
    return max(map(int, choices.split(",")))

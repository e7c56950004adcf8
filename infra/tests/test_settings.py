"""The settings file, and how the chosen settings differ from the deployed ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra import settings, steps
from infra.config import Config


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the path of a settings file, which does not exist yet."""
    return tmp_path / "settings.toml"


# ---- reading ----


def test_without_a_file_everything_is_default(file: Path) -> None:
    """The first deployment needs no file."""
    assert settings.chosen([], file) == Config()


def test_the_file_holds_every_kind_of_setting(file: Path) -> None:
    """Numbers, text, switches and lists are written as in any TOML file, with comments."""
    file.write_text(
        "# ours\n"
        "max_files = 500  # enough\n"
        'upload_access = "cognito"\n'
        "set_account_log_role = false\n"
        "expiry_choices = [\n  3600,\n  86_400,\n]\n"
        "default_expiry = 3600\n"
        'brand_legal = "[Impressum](https://example.com/a=b) © Müller"\n'
    )
    assert settings.chosen([], file) == Config(
        max_files=500,
        upload_access="cognito",
        set_account_log_role=False,
        expiry_choices=(3600, 86_400),
        default_expiry=3600,
        brand_legal="[Impressum](https://example.com/a=b) © Müller",
    )


def test_words_go_on_top_of_the_file(file: Path) -> None:
    """SETTINGS overrides the file."""
    file.write_text('max_files = 500\nupload_access = "cognito"\n')
    assert settings.chosen(["max_files=5"], file) == Config(max_files=5, upload_access="cognito")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("max_files: 5", "settings.toml cannot be read: Expected '=' after a key in a key/value pair (at line 1,"),
        ("upload_access = cognito", "settings.toml cannot be read: Invalid value (at line 1, column 17)"),
        ("max_files = 1.5", "settings.toml cannot be read: max_files must be a number, a string on one line, true,"),
        ("[brand]\nname = 'x'", "settings.toml cannot be read: brand must be a number, a string on one line, true,"),
        ("expiry_choices = ['a']", "settings.toml cannot be read: expiry_choices must be a number, a string on one"),
        (
            'brand_legal = """a\nb"""',
            "settings.toml cannot be read: brand_legal must be a number, a string on one line",
        ),
        ("max_file = 5", "There is no setting max_file; did you mean max_files?"),
        ("max_files = 0", "max_files must be from 1 to "),
        ("local_port = 4566", "local_port makes a stack for the local cloud; leave it out, or use `make run PORT=…`."),
    ],
)
def test_what_the_file_cannot_say_is_refused_in_one_sentence(text: str, words: str, file: Path) -> None:
    """Neither a typo nor another version's setting is ignored."""
    file.write_text(text)
    with pytest.raises(steps.Trouble) as trouble:
        settings.chosen([], file)
    assert str(trouble.value).startswith(words)


def test_a_file_that_is_not_text_is_refused(file: Path) -> None:
    """Without a traceback."""
    file.write_bytes(b"brand_name = '\xff'")
    with pytest.raises(steps.Trouble, match=r"settings\.toml cannot be read: 'utf-8' codec"):
        settings.chosen([], file)


# ---- writing ----


def test_an_edit_changes_the_setting_s_line_and_no_other(file: Path) -> None:
    """Comments, order and everything else that people wrote stay."""
    file.write_text(
        '# Ours, since March.\nmax_files = 500 # was 100\n\n# max_files = 7\nbrand_name = "Umzug"  # from "Files"\n'
    )
    text = settings.edited(file, {"max_files": "20", "upload_access": "cognito", "set_account_log_role": "false"})
    assert text == (
        "# Ours, since March.\n"
        "max_files = 20\n"
        "\n"
        "# max_files = 7\n"
        'brand_name = "Umzug"  # from "Files"\n'
        'upload_access = "cognito"\n'
        "set_account_log_role = false\n"
    )


def test_a_new_file_says_what_it_is(file: Path) -> None:
    """The header says what reads the file."""
    text = settings.edited(file, {"max_files": "20"})
    assert text
    assert text.startswith("# Sidestep's settings on AWS")
    assert text.endswith("\nmax_files = 20\n")


def test_what_the_file_says_already_is_not_written_again(file: Path) -> None:
    """A comment behind it stays, too."""
    file.write_text("max_files = 500 # enough\n")
    assert settings.edited(file, {"max_files": "500"}) is None
    assert settings.edited(file, {}) is None


@pytest.mark.parametrize(
    "text",
    ["expiry_choices = [\n  3600,\n  86400,\n]\n", '"expiry_choices" = [3600]\n', 'x = """\nexpiry_choices =\n"""'],
)
def test_what_lines_cannot_change_is_left_to_people(text: str, file: Path) -> None:
    """Instead of breaking what somebody wrote, it prints the missing line."""
    file.write_text(text)
    with pytest.raises(steps.Trouble, match=r'cannot be edited line by line.*\nexpiry_choices = "60,120"$'):
        settings.edited(file, {"expiry_choices": "60,120"})


@pytest.mark.parametrize("value", ["", "007", "-1", "1e3", "60,120", 'say "hi" \\ bye', "© 🙂", "true", "500"])
def test_every_text_comes_back_as_it_was_written(value: str, file: Path) -> None:
    """Whatever somebody says in SETTINGS."""
    text = settings.edited(file, {"brand_name": value})
    assert text
    settings.write(file, text)
    assert settings.read(file) == {"brand_name": value}


def test_a_write_replaces_the_file_at_once_and_keeps_a_link(file: Path) -> None:
    """A team may keep the file elsewhere; nothing else is left beside it."""
    kept = file.with_name("kept.toml")
    kept.write_text("")
    file.symlink_to(kept)
    settings.write(file, "max_files = 5\n")
    assert (file.is_symlink(), kept.read_text()) == (True, "max_files = 5\n")
    assert {path.name for path in file.parent.iterdir()} == {"settings.toml", "kept.toml"}


def test_a_file_that_cannot_be_written_is_told_with_what_it_should_hold(tmp_path: Path) -> None:
    """The deployment is done by then, so the settings must not be lost."""
    with pytest.raises(steps.Trouble, match=r"could not be written .*It should hold:\nmax_files = 5"):
        settings.write(tmp_path / "none" / "settings.toml", "max_files = 5\n")


# ---- what would change ----


def said(deployed: dict[str, str], config: Config) -> list[str]:
    """Return each change as it is printed."""
    return [str(change) for change in settings.changes(deployed, config)]


def test_what_is_deployed_with_the_same_settings_does_not_change() -> None:
    """Wherever the settings came from."""
    config = Config(max_files=5, upload_access="cognito", expiry_choices=(60, 604_800))
    assert said(config.record(), config) == []
    assert said({}, Config()) == []


def test_a_setting_that_is_left_out_changes_to_its_default() -> None:
    """The mistake that this prevents: a second, bare `make deploy`."""
    assert said({"upload_access": "cognito"}, Config()) == ["upload_access: cognito → passphrase"]


def test_a_new_setting_and_an_unknown_one_are_changes() -> None:
    """A stack may have been deployed by another version."""
    assert said({"colour": "red"}, Config(alert_email="ops@example.com")) == [
        "alert_email: none → ops@example.com",
        "colour: red → no longer a setting",
    ]


def test_another_version_s_default_is_no_change() -> None:
    """The stack records only what differs from its defaults, so a new default needs no question."""
    assert said({"requests_per_second": str(Config().requests_per_second)}, Config()) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("upload_access", "cognito", "passphrase", "Nobody can sign in with their account any more"),
        ("upload_access", "cognito", "open", "Anyone who finds the address can send files"),
        ("upload_access", "passphrase", "cognito", "The passphrase is deleted"),
        ("oidc_issuer", "https://a.example", "", "People get new accounts"),
        ("public_downloads", "false", "true", "Anyone who knows a file's plain address can read it"),
        ("public_downloads", "true", "false", "Plain addresses that were handed out stop working."),
        ("domain_name", "files.example.com", "", "Addresses under files.example.com stop working."),
        ("hosted_zone_id", "Z1", "", "The DNS records that the stack made"),
        ("expiry_choices", "3600,2592000", "3600", "S3 deletes files that are older than the new longest expiry"),
        ("log_retention_days", "30", "7", "Older logs are deleted."),
        ("alert_email", "ops@example.com", "", "Nobody is mailed when an alarm goes off"),
    ],
)
def test_a_change_that_takes_something_away_says_what(name: str, old: str, new: str, words: str) -> None:
    """Not everybody knows the consequences of a setting."""
    assert (settings.Change(name, old, new).danger or "").startswith(words)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("domain_name", "", "files.example.com"),
        ("expiry_choices", "3600", "60,3600"),
        ("log_retention_days", "7", "30"),
        ("max_files", "500", "5"),
        ("alert_email", "a@example.com", "b@example.com"),
        ("upload_url_seconds", "900", "60"),
    ],
)
def test_a_harmless_change_warns_of_nothing(name: str, old: str, new: str) -> None:
    """Nobody would read warnings about everything."""
    assert settings.Change(name, old, new).danger is None

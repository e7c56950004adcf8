"""The catalogues: none lacks a text, none has one too many, and each page can be made in every language."""

import json
import re
from collections.abc import Iterator

import pytest

from backend.messages import FileCounts, FileStatus, TransferStatus
from backend.pages import render as pages
from backend.pages.words import FOLDER, LANGUAGES, Words, best_language, words
from backend.rules.report import REASONS, Form

FRONTEND = FOLDER.parent
ENGLISH = words("en")
# What the scripts put together from a state or a problem.
BUILT = (
    "operator.state.",
    "problem.",
    "state.",
    "totals.",
    "link.",
    "options.saved.",
    "all.",
    "error.title.",
    "report.reason.",
)


def forms(t: Words, key: str) -> Iterator[str]:
    """Return a text in all its plural forms."""
    text = t.texts[key]
    yield from [text] if isinstance(text, str) else text.values()


def test_every_language_that_is_offered_has_its_catalogue() -> None:
    """And there is none that nobody can choose."""
    assert {path.stem for path in FOLDER.glob("*.json")} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_catalogue_lacks_a_text_or_has_one_too_many(language: str) -> None:
    """In English's order, so that two can be read side by side."""
    assert list(words(language).texts) == list(ENGLISH.texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_text_has_the_same_places_to_fill_in(language: str) -> None:
    """In every plural form but the one for a single thing, which may do without its number."""
    t = words(language)
    for key in ENGLISH.texts:
        expected = set(re.findall(r"\{\w+\}", list(forms(ENGLISH, key))[-1]))
        for form in forms(t, key):
            assert form.strip() or form == "", key
            assert set(re.findall(r"\{\w+\}", form)) | {"{n}"} == expected | {"{n}"}, (key, form)
        assert isinstance(t.texts[key], dict) == isinstance(ENGLISH.texts[key], dict), key
        assert isinstance(t.texts[key], str) or "other" in t.texts[key], key


def test_every_text_is_used_and_every_text_that_is_used_is_there() -> None:
    """By a template, a script or the server."""
    sources = [path for folder in ("templates", "static") for path in (FRONTEND / folder).rglob("*.*")]
    sources += list((FRONTEND.parent / "backend").rglob("*.py"))
    text = "\n".join(path.read_text("utf-8") for path in sources if path.suffix in (".html", ".js", ".py"))
    used = set(re.findall(r"\bt\(\s*['\"]([a-z_.]+)['\"]", text)) | set(re.findall(r"'([a-z]+\.[a-z_.]+)'", text))
    assert set(re.findall(r"\bt\(\s*['\"]([a-z_.]+)['\"]", text)) <= set(ENGLISH.texts)
    assert {key for key in ENGLISH.texts if key not in used and not key.startswith(BUILT)} == {"language"} - used


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("nl,fr;q=0.5,es;q=0.7", "es"),
        ("pt-BR", "pt"),
        ("JA-jp", "ja"),
        ("de;q=0,fr", "fr"),
        ("de;q=nonsense,es;q=0.1", "es"),
        ("*", "en"),
        (",;=,", "en"),
        ("nl", "en"),
    ],
)
def test_the_language_is_the_one_of_ours_that_the_browser_likes_best(asked: str, language: str) -> None:
    """English for whoever likes none of them."""
    assert best_language(asked) == language


@pytest.mark.parametrize(
    ("language", "number", "text"),
    [("en", 1, "1 file"), ("en", 0, "0 files"), ("fr", 0, "0 fichier"), ("fr", 2, "2 fichiers"), ("ja", 1, None)],
)
def test_numbers_choose_their_plural(language: str, number: int, text: str | None) -> None:
    """By the language's own rule."""
    said = words(language)("files", n=number)
    assert said == (text or words(language)("files", n=number))
    assert str(number) in said


@pytest.mark.parametrize(("language", "gap"), [("en", " "), ("ja", "")])
def test_sentences_stand_one_after_the_other_as_the_language_sets_them(language: str, gap: str) -> None:
    """Japanese's full stop has its own space."""
    assert words(language).gap == gap


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_made_in_every_language(language: str) -> None:
    """With nothing left to fill in, and the catalogue for its script in a form that cannot end the element."""
    t = words(language)
    file = FileStatus(
        number=1, name="a", size=1_500_000, part_size=1, state="stored", link="t/x/files/1", downloads_left=3
    )
    status = TransferStatus(
        state="ready", link="t/x", expires_at="2026-01-08T00:00:00Z", title="", message="", max_downloads=3,
        has_password=False, counts=FileCounts(files=1, stored=1, failed=0), files=[file], cursor="", more=False,
        next_number=2,
    )  # fmt: skip
    made = [
        pages.render("password.html", depth=1, language=language, transfer_id="x", error="no"),
        pages.render("report.html", depth=2, language=language, transfer_id="x", form=Form("malware", "a", "b"),
                     wrong=("reason", "text", "mail"), error="no", reasons=REASONS, max_text=1, max_mail=1),
        pages.render("reported.html", depth=3, language=language, transfer_id="x"),
        pages.render("error.html", depth=1, language=language, status=404, title="a", message="b"),
        pages.render("transfer.html", depth=1, language=language, transfer=pages.transfer_context(t, "x", status, {})),
        *(
            pages.render("upload.html", depth=0, language=language, max_file_bytes=1, max_transfer_bytes=1, max_files=1,
                         expiry_choices=(3600, 86_400), default_expiry=604_800, bucket_origin="",
                         upload_access=access, sign_in={"address": "", "client": ""}, public_downloads=public)
            for access in ("open", "passphrase", "cognito") for public in (False, True)
        ),
        pages.render("sign_in.html", depth=0, language=language, error="no"),
    ]  # fmt: skip
    for page in made:
        assert f'<html lang="{language}">' in page
        body, *scripts = page.split('<script type="application/json" id="words">')
        assert not re.search(r"\{\w+\}", body)
        assert [json.loads(script.split("</script>")[0]) for script in scripts] == [json.loads(t.json)] * len(scripts)
    assert f"1{t('decimal')}5" in made[4]

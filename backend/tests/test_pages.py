"""Pages."""

import re

import pytest

from backend import pages
from backend.messages import FileCounts, TransferStatus
from backend.words import words


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1 kB"),
        (999_949, "1 MB"),
        (1_500_000, "1.5 MB"),
        (9_960_000, "10 MB"),
        (23_000_000_000, "23 GB"),
        (2**41, "2.2 TB"),
        (53_687_091_200_000, "54 TB"),
    ],
)
def test_sizes_are_spelled_as_the_script_does(size: int, text: str) -> None:
    """`frontend/tests/format.test.js` holds the script to the same."""
    assert pages.size_text(words("en"), size) == text.replace(" ", "\u00a0")


def test_a_template_that_names_no_static_file_fails_loudly() -> None:
    """Instead of serving a page with a dead address."""
    with pytest.raises(LookupError, match=r"nope\.js"):
        pages.static_address("./", "nope.js")


def imported(script: str) -> set[str]:
    """Return every module that a script imports at once, with what these import in turn."""
    files = pages.static_files()
    found, left = set[str](), [script]
    while left:
        name = left.pop()
        folder = name.rpartition("/")[0]
        for path in re.findall(r"^(?:import|export)[^;]*? from '([^']+)';$", files[name].body, re.MULTILINE):
            steps = [*([folder] if folder else []), *path.split("/")]
            resolved: list[str] = []
            for step in steps:
                if step == "..":
                    resolved.pop()
                elif step != ".":
                    resolved.append(step)
            if (module := "/".join(resolved)) not in found:
                found.add(module)
                left.append(module)
    return found


def preloaded(page: str) -> set[str]:
    """Return the modules that a page asks for beforehand."""
    return set(re.findall(rf'rel="modulepreload" href="[./]+/static/{pages.static_hash()}/([^"]+)"', page))


def test_the_upload_page_preloads_exactly_the_modules_that_its_script_imports() -> None:
    """Otherwise modules are fetched one after the other, or in vain."""
    page = pages.render(
        "upload.html",
        depth=0,
        language="en",
        max_file_bytes=1,
        max_transfer_bytes=1,
        max_files=1,
        public_downloads=False,
        expiry_choices=(3600, 86_400),
        default_expiry=604_800,
        bucket_origin="",
        upload_access="cognito",
        sign_in={"address": "https://pool", "client": "c"},
    )
    assert preloaded(page) == imported("upload.js")


def test_the_transfers_page_preloads_exactly_the_modules_that_its_script_imports() -> None:
    """Likewise."""
    status = TransferStatus(
        state="ready", link="t/x", expires_at="2026-01-08T00:00:00Z", title="", message="", max_downloads=None,
        has_password=False, counts=FileCounts(files=0, stored=0, failed=0), files=[], cursor="", more=False,
        next_number=1,
    )  # fmt: skip
    context = pages.transfer_context(words("en"), "x", status, {})
    page = pages.render("transfer.html", depth=1, language="en", transfer=context)
    assert preloaded(page) == imported("transfer.js")

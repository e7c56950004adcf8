"""Pages."""

import json
import re

import pytest

from backend.messages import FileCounts, FileStatus, TransferStatus
from backend.pages import render as pages
from backend.pages.words import words
from backend.services.receiving import FILES_A_PAGE, NAMES_A_PAGE

# "Response payload size exceeded maximum allowed payload size (6291556 bytes)", says Lambda of one byte more.
MOST_RESULT = 6_291_556


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


@pytest.mark.parametrize("character", ["\u0001", "\u2028", "&", '"', "x/", "\u65e5"])
def test_lambda_can_answer_with_the_page_of_a_transfer_whatever_its_files_are_called(character: str) -> None:
    """As many files as are listed at once, with names as long as these may be, each of them twice on the page."""
    name = (character * NAMES_A_PAGE)[: NAMES_A_PAGE // FILES_A_PAGE - 4]
    files = [
        FileStatus(
            number=number,
            name=f"{number:04}{name}",
            size=2**40,
            part_size=2**30,
            state="stored",
            link=f"t/{'a' * 26}/files/{number}",
            sha256=f"{'A' * 43}=-10000",
        )
        for number in range(1_000, 1_000 + FILES_A_PAGE)
    ]
    status = TransferStatus(
        state="ready",
        link=f"t/{'a' * 26}",
        expires_at="2026-01-01T00:00:00Z",
        title="",
        message="",
        max_downloads=None,
        has_password=False,
        counts=FileCounts(files=FILES_A_PAGE, stored=FILES_A_PAGE, failed=0),
        files=files,
        cursor="",
        more=False,
        next_number=2_000,
    )
    context = pages.transfer_context(words("de"), "a" * 26, status, {})
    page = pages.render("transfer.html", depth=1, language="de", transfer=context)
    # The functions' Python writes JSON without escapes for what is not ASCII.
    assert len(json.dumps({"body": page}, ensure_ascii=False).encode()) < MOST_RESULT

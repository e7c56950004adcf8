"""Pages."""

import re

import pytest

from backend import pages
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
    assert pages.size_text(words("en"), size) == text


def test_a_template_that_names_no_static_file_fails_loudly() -> None:
    """Instead of serving a page with a dead address."""
    with pytest.raises(LookupError, match=r"nope\.js"):
        pages.static_address("./", "nope.js")


def test_the_upload_page_preloads_exactly_the_modules_that_its_script_imports() -> None:
    """Otherwise modules are fetched one after the other, or in vain."""
    files = pages.static_files()
    page = pages.render(
        "upload.html",
        depth=0,
        language="en",
        max_file_bytes=1,
        max_files=1,
        public_downloads=False,
        expiry_choices=(3600, 86_400),
        default_expiry=604_800,
        bucket_origin="",
        upload_access="cognito",
        sign_in={"address": "https://pool", "client": "c"},
    )
    preloaded = set(re.findall(rf'rel="modulepreload" href="./static/{pages.static_hash()}/([^"]+)"', page))
    found, left = set[str](), ["upload.js"]
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
    assert preloaded == found

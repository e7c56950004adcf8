"""What make test reports about itself."""

from __future__ import annotations

from pathlib import Path

from infra import check
from infra.bundle import AWS

VERSION = ".".join(map(str, AWS.python))


def python(tmp_path: Path, says: str) -> Path:
    """Return a program that prints what that Python would."""
    path = tmp_path / says
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_it_says_what_the_functions_ran_on(tmp_path: Path) -> None:
    """Each Python with its SDK, and no more where AWS's is among them."""
    found = [python(tmp_path, "Python 3.11.7 with botocore 2"), python(tmp_path, f"Python {VERSION}.0 with botocore 1")]
    assert check.ran_on(found) == (
        f"The functions' tests ran on Python 3.11.7 with botocore 2 and on Python {VERSION}.0 with botocore 1."
    )


def test_it_says_how_to_have_awss_python_among_them(tmp_path: Path) -> None:
    """Where there was none."""
    said = check.ran_on([python(tmp_path, "Python 3.11.7 with botocore 2")])
    assert f"None of these is Python {VERSION}, on which AWS runs them: install it" in said
    assert "\n" not in said

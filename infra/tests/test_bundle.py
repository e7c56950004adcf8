"""What is shipped to Lambda."""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path

import pytest

from infra import bundle


@pytest.fixture(scope="module")
def shipped() -> Generator[Path]:
    """Build the bundle for AWS; its dependencies come from the package index once."""
    with bundle.assembled(bundle.AWS) as folder:
        yield folder


def test_it_holds_our_code_and_pages(shipped: Path) -> None:
    """Both entries and what they read are where the functions look for them."""
    assert (shipped / "backend" / "web.py").exists()
    assert (shipped / "backend" / "links.py").exists()
    assert list((shipped / "frontend" / "templates").glob("*.html"))
    assert list((shipped / "frontend" / "static").glob("*.js"))


def test_it_holds_the_locked_dependencies_and_no_others(shipped: Path) -> None:
    """What pip laid down is what the lock names, so not boto3, which the runtime brings."""
    locked = re.findall(r"^([a-z0-9-]+)==(\S+)", bundle.LOCK.read_text(), re.MULTILINE)
    installed = [folder.name.removesuffix(".dist-info") for folder in shipped.glob("*.dist-info")]
    assert sorted(name.lower() for name in installed) == sorted(f"{n.replace('-', '_')}-{v}" for n, v in locked)
    assert "boto3" not in dict(locked)


def test_it_fits_the_platform(shipped: Path) -> None:
    """Everything compiled is for CPython 3.13 on ARM64 Linux."""
    compiled = [path.name for path in shipped.rglob("*.so")]
    assert compiled
    assert [name for name in compiled if "cpython-313-aarch64-linux-gnu" not in name] == []


def test_it_leaves_behind_what_no_function_imports(shipped: Path) -> None:
    """No tests of ours, no type stubs, no scripts; and no bytecode of another Python."""
    names = {path.relative_to(shipped).as_posix() for path in shipped.rglob("*")}
    assert not [name for name in names if name.startswith(("backend/tests", "frontend/tests", "bin/"))]
    assert not [name for name in names if name.endswith(".pyi")]
    assert any(name.endswith(".pyc") for name in names) == bundle.AWS.compiles


def test_it_stays_small(shipped: Path) -> None:
    """A cold start loads it, so a dependency that doubles it should be noticed."""
    files = [path for path in shipped.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in files) < 15 * 1024**2


def test_bytecode_lies_beside_all_sources_of_a_target_of_this_python() -> None:
    """And holds no path of this machine; Python takes it without looking at the sources' times."""
    with bundle.assembled(bundle.LOCAL) as folder:
        sources = list((folder / "backend").rglob("*.py"))
        compiled = list((folder / "backend").rglob("*.pyc"))
        assert len(compiled) == len(sources)
        assert list((folder / "jinja2" / "__pycache__").glob("*.pyc"))
        for path in compiled:
            data = path.read_bytes()
            assert data[4] == 0b01  # PEP 552: hash-based, unchecked
            assert str(folder).encode() not in data


def test_it_is_the_same_each_time(shipped: Path) -> None:
    """Two builds hold the same bytes, so nothing is deployed again that did not change."""

    def contents(folder: Path) -> dict[str, bytes]:
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    with bundle.assembled(bundle.AWS) as again:
        assert contents(again) == contents(shipped)


def test_the_lock_needs_no_weighing() -> None:
    """Pip weighs environment markers for this machine, not for Lambda's, so the lock must have none."""
    assert ";" not in bundle.LOCK.read_text()


def test_a_failed_build_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When pip refuses the lock, the sentence says so and the next run starts anew."""
    lock = tmp_path / "lock.txt"
    lock.write_text("jinja2==3.1.6 --hash=sha256:" + "0" * 64)
    monkeypatch.setattr(bundle, "ROOT", tmp_path)
    monkeypatch.setattr(bundle, "LOCK", lock)
    monkeypatch.setattr(bundle, "CACHE", tmp_path / "cache")
    with pytest.raises(bundle.BundleError, match=r"pip could not install lock\.txt for aws"):
        bundle.dependencies(bundle.AWS)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_logo_takes_the_place_of_ours(tmp_path: Path) -> None:
    """An SVG that can be read; anything else ends the deployment with a sentence."""
    logo = tmp_path / "logo.svg"
    logo.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    with bundle.assembled(bundle.LOCAL, logo=str(logo)) as folder:
        assert (folder / "frontend/static/logo.svg").read_text() == logo.read_text()
    logo.write_text("<html>")
    for wrong in (logo, tmp_path / "none.svg"):
        with pytest.raises(bundle.BundleError, match="brand_logo"), bundle.assembled(bundle.LOCAL, logo=str(wrong)):
            pass

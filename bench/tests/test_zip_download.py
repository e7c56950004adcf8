"""What the large zip is made of, and how it is looked at."""

import zipfile
import zlib
from pathlib import Path

import pytest

from bench import zip_download
from bench.zip_download import GIB, MIB, Sent, check, checksum, pieces, transfer_of
from infra.steps import Trouble

FILES = [Sent(number=1, name="a/b.raw", size=2 * MIB), Sent(number=2, name="c.raw", size=MIB)]


def content(file: Sent) -> bytes:
    """Return a file's bytes."""
    return b"".join(bytes(part) for piece in pieces(file) for part in piece)


def test_it_is_as_large_as_it_says_and_one_file_is_larger_than_32_bits_can_count() -> None:
    """Otherwise it would prove little."""
    files = transfer_of(20)
    assert sum(file.size for file in files) == 20 * GIB
    assert max(file.size for file in files) > 2**32


def test_no_two_mib_are_the_same() -> None:
    """So that nothing can be lost, doubled or exchanged unseen."""
    data = b"".join(content(file) for file in FILES)
    assert len(data) == 3 * MIB
    assert len({data[start : start + MIB] for start in range(0, len(data), MIB)}) == 3
    assert checksum(FILES[0]) == zlib.crc32(data[: 2 * MIB])


@pytest.mark.parametrize("spoilt", ["nothing", "a byte", "a name", "the order"])
def test_a_zip_is_good_only_if_it_holds_what_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoilt: str
) -> None:
    """Byte for byte."""
    monkeypatch.setattr(zip_download, "ZIP64_END", b"PK\x05\x06")  # of a small zip
    path = tmp_path / "all.zip"
    files = FILES[::-1] if spoilt == "the order" else FILES
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            data = content(file)
            name = f"{file.name}x" if spoilt == "a name" else file.name
            archive.writestr(name, b"x" + data[1:] if spoilt == "a byte" else data)
    if spoilt == "nothing":
        check(path, FILES)
        return
    with pytest.raises(Trouble):
        check(path, FILES)

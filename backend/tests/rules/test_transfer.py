"""The rules."""

import re
import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import given, strategies as st

from backend.rules.transfer import (
    DAY,
    GIB,
    MAX_PART_BYTES,
    MAX_PARTS,
    MIB,
    MIN_PART_BYTES,
    File,
    PlanError,
    content_disposition,
    download_name,
    expiry,
    id_of,
    is_id,
    is_page_address,
    key_of,
    moment,
    parse_key,
    plan_part_size,
    token_fits,
    token_hash,
    token_of,
)

S3_LIMIT = MAX_PARTS * MAX_PART_BYTES


def planned(size: int, asked: int | None = None) -> File:
    """Return a file with its plan."""
    part_size = plan_part_size(size, asked=asked)
    return File(number=1, name="", size=size, type="", part_size=part_size)


@given(st.integers(0, S3_LIMIT))
def test_the_parts_of_any_file_make_up_the_file_and_s3_takes_each(size: int) -> None:
    """Whatever the size: at most 10,000 parts, none too large, only the last one small, none missing."""
    file = planned(size)
    assert 1 <= file.part_count <= MAX_PARTS
    assert file.part_size <= MAX_PART_BYTES
    assert file.part_size % MIB == 0
    last = file.part_bytes(file.part_count)
    assert (file.part_count - 1) * file.part_size + last == size
    assert file.part_count == 1 or file.part_size >= MIN_PART_BYTES
    assert 0 < last <= file.part_size or size == 0


@pytest.mark.parametrize(
    ("size", "parts"), [(0, 1), (1, 1), (16 * MIB, 1), (16 * MIB + 1, 2), (GIB, 64), (160_000 * MIB, 10_000)]
)
def test_small_files_are_one_part_and_large_ones_parts_of_16_mib(size: int, parts: int) -> None:
    """The plan's rule, at its edges."""
    assert planned(size).part_count == parts


def test_a_file_too_large_for_16_mib_parts_gets_larger_ones() -> None:
    """One byte more than 10,000 parts of 16 MiB is planned in parts of 17 MiB."""
    assert planned(160_000 * MIB + 1).part_size == 17 * MIB


@given(st.integers(0, S3_LIMIT), st.integers(0, 2 * MAX_PART_BYTES))
def test_an_asked_part_size_is_taken_or_refused_by_s3s_limits(size: int, asked: int) -> None:
    """A client's own part size counts whenever S3 takes it."""
    s3_takes_it = MIN_PART_BYTES <= asked <= MAX_PART_BYTES and size <= asked * MAX_PARTS
    if s3_takes_it:
        assert planned(size, asked).part_size == asked
    else:
        with pytest.raises(PlanError):
            planned(size, asked)


@given(st.binary(min_size=16, max_size=16), st.integers(1, 999_999))
def test_a_key_leads_back_to_its_transfer_and_number(random: bytes, number: int) -> None:
    """Ids are spelled in letters and digits only, and keys parse to what made them."""
    transfer = id_of(random)
    assert is_id(transfer)
    assert parse_key(key_of(transfer, number)) == (transfer, number)


@given(st.text())
def test_a_foreign_key_belongs_to_no_transfer(key: str) -> None:
    """No text is taken for a key that would not be made from what it parses to."""
    place = parse_key(key)
    assert place is None or key_of(*place) == key


def test_a_token_fits_its_own_hash_only() -> None:
    """And the hash does not contain it."""
    token = token_of(b"t" * 32)
    assert token_fits(token, token_hash(token))
    assert not token_fits(token + "x", token_hash(token))
    assert token not in token_hash(token)


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("report.pdf", "report.pdf"),
        ("photos/2026/cat.jpg", "cat.jpg"),
        ("..\\..\\evil.exe", "evil.exe"),
        ("", "file-7"),
        (".", "file-7"),
        ("..", "file-7"),
        ("a/..", "file-7"),
        ("...", "file-7"),
        (".env", ".env"),
        ("line\r\nbreak\x00.txt", "linebreak.txt"),
        ("\u202egnp.exe", "gnp.exe"),
        ("<script>alert(1)</script>.html", "script_.html"),
        ('say "hi"?.txt', "say _hi__.txt"),
        ("CON", "_CON"),
        ("com1.txt", "_com1.txt"),
        ("COM².txt", "_COM².txt"),
        ("nul .txt", "_nul .txt"),
        ("conin$", "_conin$"),
        ("console.txt", "console.txt"),
        ("trailing. . ", "trailing"),
        ("👩‍👩‍👧 família.zip", "👩‍👩‍👧 família.zip"),
        ("قائمة.txt", "قائمة.txt"),
    ],
)
def test_a_name_is_saved_so_that_every_system_takes_it(name: str, saved: str) -> None:
    """Hostile and human names."""
    assert download_name(name, 7) == saved


def test_a_long_name_keeps_its_ending() -> None:
    """5,000 characters become what file systems take, with the ending that says what it is."""
    saved = download_name("é" * 5_000 + ".tar.gz", 1)
    assert len(saved.encode()) <= 255
    assert saved.endswith("é.gz")


@given(st.text(max_size=600), st.integers(1, 10_000))
def test_no_name_can_break_out_of_the_download_header(name: str, number: int) -> None:
    """The header is printable ASCII, has one quoted string, and says the saved name exactly."""
    header = content_disposition(name, number)
    match = re.fullmatch(r"attachment; filename=\"([ !#-\[\]-~]*)\"; filename\*=UTF-8''([A-Za-z0-9._~%-]*)", header)
    assert match
    saved = unquote(match[2])
    assert saved == download_name(name, number)
    assert saved not in ("", ".", "..")
    assert not any(c in '/\\<>:"|?*' or unicodedata.category(c) == "Cc" for c in saved)


SPACES = st.sampled_from([" ", "  ", "\t", "\u00a0", "\u2003", "\u3000", "a", ".", '"', "é", "\r\n"])


@given(st.lists(SPACES, max_size=30).map("".join) | st.text(max_size=300), st.integers(1, 10_000))
def test_signing_the_download_header_does_not_change_it(name: str, number: int) -> None:
    """SigV4 trims what it signs and collapses spaces; what is sent stays as it is.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    """
    header = content_disposition(name, number)
    assert " ".join(header.split()) == header


def test_two_spaces_in_a_name_are_one_for_curl_and_two_for_browsers() -> None:
    """Which take the name that is spelled out."""
    assert content_disposition("a  b.txt", 1) == "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20%20b.txt"


def test_a_file_that_a_shell_reads_at_its_start_is_not_saved_as_one_by_curl() -> None:
    """It takes the name in ASCII; browsers take the other."""
    header = content_disposition(".bash_profile", 1)
    assert header == "attachment; filename=\"_bash_profile\"; filename*=UTF-8''.bash_profile"


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("https://send.example/t/{id}", True),
        ("http://send.example/_aws/execute-api/sidestep/prod/t/{id}", True),
        ("https://send.example/t/{id}?next=x", False),
        ("https://send.example/t/{id}#owner=x", False),
        ("https://send.example/t/{id}\n", False),
        ("https://send.example/prod//t/{id}", False),
        ("https://send.example/t/{id}b", False),
        ("https://send.example@evil.example/t/{id}", False),
        ("https://evil.example/t/{id}", False),
        ("//send.example/t/{id}", False),
        ("javascript://send.example/%0Aalert(1)//t/{id}", False),
        ("http://[", False),
    ],
)
def test_only_the_address_of_the_page_is_one(address: str, fits: bool) -> None:  # noqa: FBT001
    """Neither another host's, nor more than it, nor what a browser would run."""
    transfer = id_of(b"1" * 16)
    assert is_page_address(address.replace("{id}", transfer), host="send.example", transfer=transfer) is fits


def test_an_expiry_is_counted_from_now_but_never_passes_the_longest() -> None:
    """A sender cannot keep a transfer alive for ever by prolonging it."""
    assert expiry(1_000, 1_500, 3_600, 30 * DAY) == 5_100
    assert expiry(1_000, 1_000 + 29 * DAY, 30 * DAY, 30 * DAY) == 1_000 + 30 * DAY


def test_moments_are_iso_8601_in_utc() -> None:
    """The one spelling of times in the API."""
    assert moment(1_796_112_000) == "2026-12-01T08:00:00Z"

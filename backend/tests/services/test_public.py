"""Where the operator lets everybody read the files: plain addresses, and nothing that these would go around."""

from dataclasses import replace

import pytest

from backend.errors import Invalid
from backend.messages import CreatedTransfer, NewFile, NewTransfer, Options
from backend.rules.transfer import key_of
from backend.services.arriving import Arrivals
from backend.services.receiving import Caller, Downloads
from backend.services.sending import Uploads
from backend.tests.fakes import FakeObjects
from backend.tests.services.test_sending import BIG, to_sign


@pytest.fixture
def public(uploads: Uploads) -> Uploads:
    """Return the sender's side of such a deployment."""
    return replace(uploads, settings=replace(uploads.settings, public_downloads=True))


@pytest.fixture
def made(public: Uploads, arrivals: Arrivals, objects: FakeObjects) -> CreatedTransfer:
    """Return a transfer there, with one file that has arrived and one that has not."""
    made = public.create(NewTransfer(files=[NewFile(name="a b.txt", size=1), NewFile(name="c", size=1)]))
    objects.put(key_of(made.id, 1), 1)
    replace(arrivals, public=True).arrived(key_of(made.id, 1))
    return made


def test_a_stored_file_has_its_plain_address_beside_its_link(made: CreatedTransfer, downloads: Downloads) -> None:
    """Everybody who has the transfer's link sees it."""
    files = downloads.status(made.id, Caller(), None).files
    assert [file.public_url for file in files] == [f"https://bucket/files/{made.id}/1", None]


def test_elsewhere_there_is_none(
    uploads: Uploads, arrivals: Arrivals, downloads: Downloads, objects: FakeObjects
) -> None:
    """And the answer does not mention it."""
    made = uploads.create(NewTransfer(files=[NewFile(name="a", size=1)]))
    objects.put(key_of(made.id, 1), 1)
    arrivals.arrived(key_of(made.id, 1))
    assert "public_url" not in downloads.status(made.id, Caller(), None).files[0].model_dump()


def test_it_goes_with_its_file(made: CreatedTransfer, public: Uploads, downloads: Downloads) -> None:
    """What the sender takes out is nowhere to be had."""
    public.remove_file(made.id, made.owner_token, 1)
    assert downloads.status(made.id, Caller(), None).files[0].public_url is None


def test_the_object_itself_says_under_which_name_to_save_it(public: Uploads, objects: FakeObjects) -> None:
    """Nobody signs a plain address, so nobody can say it there: in one part or many, from the first or a later call."""
    files = [NewFile(name=f"{name} ü.bin", size=size) for name, size in (("one", 1), ("two", BIG), ("three", BIG))]
    made = public.create(NewTransfer(files=files, parts=to_sign((1, 1), (2, 1)).parts))
    public.sign(made.id, made.owner_token, to_sign((3, 1)))
    assert made.urls[0].headers["content-disposition"].endswith("''one%20%C3%BC.bin")
    assert [(upload.saved_as or "").partition("''")[2] for upload in objects.uploads.values()] == [
        "two%20%C3%BC.bin",
        "three%20%C3%BC.bin",
    ]


def test_elsewhere_a_sender_need_not_send_more_than_the_bytes(uploads: Uploads, objects: FakeObjects) -> None:
    """No header beside the ones that there always are, and nothing kept with the object."""
    files = [NewFile(name="a", size=1), NewFile(name="b", size=BIG)]
    made = uploads.create(NewTransfer(files=files, parts=to_sign((1, 1), (2, 1)).parts))
    assert made.urls[0].headers == {"if-none-match": "*"}
    assert [upload.saved_as for upload in objects.uploads.values()] == [None]


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        (Options(password="secret"), {"password"}),
        (Options(max_downloads=1), {"max_downloads"}),
        (Options(title="Hello", password="secret", max_downloads=1), {"password", "max_downloads"}),
    ],
)
def test_a_password_or_a_limit_is_refused(
    made: CreatedTransfer, public: Uploads, options: Options, fields: set[str]
) -> None:
    """A plain address goes around either; nothing that was sent with it is saved."""
    with pytest.raises(Invalid, match="files are public here") as refused:
        public.change(made.id, made.owner_token, options)
    assert set(refused.value.fields) == fields
    assert public.change(made.id, made.owner_token, Options()).title == ""


def test_what_was_set_before_can_be_lifted(made: CreatedTransfer, uploads: Uploads, public: Uploads) -> None:
    """As can what was never set."""
    uploads.change(made.id, made.owner_token, Options(password="secret", max_downloads=1))
    saved = public.change(made.id, made.owner_token, Options(password=None, max_downloads=None))
    assert (saved.has_password, saved.max_downloads) == (False, None)

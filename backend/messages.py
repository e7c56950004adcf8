"""What travels over HTTP, as pydantic models: they check requests and describe themselves in OpenAPI."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from backend.rules.tally import MOST_FILES
from backend.rules.transfer import MAX_PARTS, FileState

MAX_FILES_A_CALL = 1_000
MAX_PARTS_A_CALL = 100
MAX_PASSWORD = 1_024
Sha256 = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$", description="SHA-256 of the part's bytes, in base64")]
Moment = Annotated[str, Field(description="ISO 8601, UTC", examples=["2026-12-01T08:00:00Z"])]


def _absent(value: object) -> bool:
    return value is None


class Message(BaseModel):
    """Unknown fields and near-miss types are refused: a client that misspells an option should hear of it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NewFile(Message):
    """A file that is to be sent."""

    name: str = Field(max_length=8192, description="file name, or a relative path with “/” for a file of a folder")
    size: int = Field(ge=0, description="bytes")
    type: str = Field(default="", max_length=255, description="media type as the sender knows it")
    part_size: int | None = Field(
        default=None, gt=0, description="bytes a part; the server chooses when it is left out"
    )


class PartToSign(Message):
    """A part that is about to be sent. S3 takes it with exactly this checksum, when one is given."""

    file: int = Field(ge=1, le=MOST_FILES)
    number: int = Field(ge=1, le=MAX_PARTS)
    sha256: Sha256 | None = Field(default=None, description="needed for files of several parts")


class NewFiles(Message):
    """Files to add to a transfer."""

    files: list[NewFile] = Field(min_length=1, max_length=MAX_FILES_A_CALL)

    @property
    def total(self) -> int:
        """Return the bytes of all of them."""
        return sum(file.size for file in self.files)


class MoreFiles(NewFiles):
    """Files to add to a transfer that there is already."""

    first: int | None = Field(
        default=None,
        ge=1,
        le=MOST_FILES,
        description="the number that the first of them is expected to get: where others have been added meanwhile, or "
        "these very ones by a request whose answer was lost, the answer is 409 and nothing is added",
    )


class NewTransfer(NewFiles):
    """The files to begin with, numbered from 1, and the first parts to sign in the same round trip."""

    parts: list[PartToSign] = Field(default=[], max_length=MAX_PARTS_A_CALL)


class PartsToSign(Message):
    """Parts to sign, of any files of the transfer."""

    parts: list[PartToSign] = Field(min_length=1, max_length=MAX_PARTS_A_CALL)


class Options(Message):
    """What an owner may change; what is left out stays, null lifts a limit or the password."""

    title: str = Field(default="", max_length=200)
    message: str = Field(default="", max_length=5_000)
    expires_in: int = Field(default=0, gt=0, description="seconds from now; one of the configured choices")
    max_downloads: int | None = Field(default=None, ge=1, le=1_000_000, description="downloads of each file")
    password: str | None = Field(default=None, min_length=1, max_length=MAX_PASSWORD)


class PlannedFile(Message):
    """How a file goes up."""

    number: int
    part_size: int
    part_count: int


class SignedPart(Message):
    """Where one part goes. The PUT must carry exactly these headers, and the length that was declared."""

    file: int
    number: int
    url: str
    headers: dict[str, str]
    expires_at: Moment


class SettledFile(Message):
    """A file whose parts are no longer wanted."""

    file: int
    state: FileState


class SignedParts(Message):
    """The signed parts; `settled` names asked-for files that are not waiting for parts any more."""

    urls: list[SignedPart]
    settled: list[SettledFile]


class AddedFiles(Message):
    """Files that were added to a transfer, in the order in which they were named."""

    files: list[PlannedFile]


class CreatedTransfer(AddedFiles):
    """A new transfer. The owner token is told here and never again."""

    id: str
    owner_token: str
    link: str
    expires_at: Moment
    urls: list[SignedPart]
    cursor: str = Field(description="for the first poll: it knows all of these files")


class UploadedPart(Message):
    """A part that S3 has."""

    number: int
    size: int
    sha256: str | None


class UploadedParts(Message):
    """The parts of one file that S3 has, in order."""

    parts: list[UploadedPart]
    closed: bool = Field(description="whether S3 takes no more of them: it has made one object of them")


class FileInState(Message):
    """Where a file stands after a call."""

    number: int
    state: FileState


class SavedOptions(Message):
    """A transfer's options as they are now."""

    title: str
    message: str
    expires_at: Moment
    max_downloads: int | None
    has_password: bool


class FileStatus(Message):
    """One file as a link holder sees it. `link` is null until the file is stored."""

    number: int
    name: str
    size: int
    part_size: int
    state: FileState
    link: str | None
    reason: str | None = Field(default=None, exclude_if=_absent, description="why it failed")
    sha256: str | None = Field(default=None, exclude_if=_absent, description="as S3 gives it: `…-3` is over 3 parts")
    shown_as: str | None = Field(
        default=None,
        exclude_if=_absent,
        description="image, audio, video, pdf or text: `?show=true` shows it",
    )
    downloads_left: int | None = Field(default=None, exclude_if=_absent, description="where the sender set a limit")
    download_url: str | None = Field(
        default=None,
        exclude_if=_absent,
        description="owner only: a presigned GET, good for an hour; none where CloudFront serves files",
    )
    public_url: str | None = Field(
        default=None,
        exclude_if=_absent,
        description="where the operator allows it: good for everybody, as long as the transfer lives",
    )


class FileCounts(Message):
    """All files of a transfer, without listing them."""

    files: int
    stored: int
    failed: int


class TransferStatus(Message):
    """A transfer, with the files that are new or changed since the caller's cursor."""

    state: str = Field(pattern="^(uploading|ready)$")
    link: str | None
    expires_at: Moment
    title: str
    message: str
    max_downloads: int | None = Field(description="of each file; null is no limit")
    has_password: bool
    counts: FileCounts
    files: list[FileStatus]
    cursor: str
    more: bool = Field(description="ask again at once with the new cursor")
    next_number: int = Field(description="what the next file that is added will get")


class SentTransfer(Message):
    """What an account has sent."""

    id: str
    title: str
    name: str = Field(description="the first file's")
    created: Moment
    expires_at: Moment
    files: int
    bytes: int = Field(description="as they were announced when it was created")


class SentTransfers(Message):
    """The last transfers of an account that can still be downloaded, newest first, at most 100."""

    transfers: list[SentTransfer]


class ListedTransfer(Message):
    """A transfer as its operator sees it; `downloads` are of all its files together."""

    id: str
    state: str = Field(examples=["uploading", "ready", "expired", "deleted", "blocking", "blocked"])
    files: int
    bytes: int
    downloads: int
    reports: int
    created: Moment
    expires_at: Moment
    sender: str | None = Field(description="the account, where there are accounts")


class ListedTransfers(Message):
    """A page of all transfers, newest first."""

    transfers: list[ListedTransfer]
    next: str | None = Field(description="the `cursor` of the next page; null on the last one")


class OwnerToken(Message):
    """An owner token; beside the first one the last ten are good."""

    owner_token: str


class ArrivingFile(Message):
    """How much of a file S3 has."""

    number: int
    bytes: int


class ArrivingFiles(Message):
    """Those of the files that were asked for which are on their way, as far as any of their parts are there."""

    files: list[ArrivingFile]


class LoggedDownload(Message):
    """A download that was counted. Its owner's own are not, nor what went on with an earlier one."""

    at: Moment
    file: int = Field(description="the file's number")
    bytes: int = Field(description="how many were asked for: all, or what the request's range has")
    source: str = Field(description="about where it came from", examples=["203.0.113.x", "2001:db8:1::/48"])


class DownloadLog(Message):
    """The last downloads of a transfer, newest first, at most 1,000."""

    downloads: list[LoggedDownload]
    more: bool = Field(description="whether there were earlier ones")


class ErrorBody(BaseModel):
    """What happened and what to do; some codes add more, such as `fields`, `parts` or `limit`, `most` and `free_at`."""

    model_config = ConfigDict(extra="allow")

    code: str
    message: str
    request_id: str


class ErrorAnswer(Message):
    """Every error under `api/` has this shape."""

    error: ErrorBody


_ERRORS = {
    400: "The body cannot be read.",
    401: "The owner token or the password is missing.",
    403: "The owner token belongs to another transfer, or a page of another site has sent this.",
    404: "There is no such transfer or file.",
    409: "The transfer or file is not in the state for this.",
    410: "The transfer has expired, or was blocked by the operator.",
    422: "A field is wrong, or more than is allowed here; the error names it.",
    429: "A day's limit is used up; the error says which, and Retry-After when it is free again.",
    503: "AWS is busy: send the same request again.",
}


def answers(status: int, model: type[Message] | None, *errors: int) -> dict[int, Any]:
    """Return OpenAPI's responses of an address: its own, these errors, and the one that every request can meet."""
    own: dict[str, Any] = {"description": model.__doc__ if model else "Done; there is nothing to say."}
    if model:
        own["content"] = {"application/json": {"model": model}}
    error = {"content": {"application/json": {"model": ErrorAnswer}}}
    return {status: own} | {each: {"description": _ERRORS[each], **error} for each in (*errors, 503)}

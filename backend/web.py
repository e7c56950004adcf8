"""The web function: pages, static files and everything a sender does. Its role cannot read a byte of any file."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Form, Query
from aws_lambda_powertools.metrics import MetricUnit

from backend import messages
from backend.errors import (
    Invalid,
    MethodNotAllowed,
    NotFound,
    PassphraseWrong,
    PasswordNeeded,
    PasswordWrong,
    SignInNeeded,
    TooManyReports,
    TooManyTries,
)
from backend.http.headers import page_policy
from backend.http.resolver import (
    ACCOUNT,
    LINK,
    OWNER,
    SENDER,
    SESSION_COOKIE,
    access,
    account,
    answer_of,
    caller,
    downloads,
    grant_cookie,
    kept_cookie,
    known_id,
    operators,
    origins,
    page,
    reader,
    reporting,
    resolver,
    sender,
    session,
    uploads,
)
from backend.messages import answers
from backend.pages import render as pages
from backend.pages.words import LANGUAGES
from backend.rules.accounts import Account
from backend.rules.passwords import GRANT_SECONDS
from backend.rules.report import MAX_MAIL, MAX_SHOWN, MAX_TEXT, REASONS, Form as ReportForm
from backend.rules.transfer import is_page_address, moment
from backend.services.receiving import Caller
from backend.settings import settings
from backend.telemetry import counting, log_versions, logger, metrics
from backend.wiring import takedowns

log_versions()
app = resolver()

IMMUTABLE = "public, max-age=31536000, immutable"
OPERATORS_PAGE = 50
SERVICE_WORKER = "zip-sw.js"
SENDING_WORKER = "engine/send-worker.js"
PRIVATE = "private, max-age=3600"
# S3 is asked for the parts of each; its sender has but a few under way at one time.
MOST_ARRIVING = 10
ARRIVING = rf"^[1-9][0-9]{{0,5}}(,[1-9][0-9]{{0,5}}){{0,{MOST_ARRIVING - 1}}}$"


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a request of API Gateway."""
    with counting():
        return answer_of(app, event, context)


@app.get("/", include_in_schema=False)
def upload_page() -> Response[str]:
    """Show the page that takes files, or ask for the passphrase; with accounts the page itself asks for one."""
    limits = settings()
    if limits.upload_access == "passphrase" and not access().is_signed_in(session(app)):
        return page(app, HTTPStatus.OK, "sign_in.html", depth=0, error=None)
    return page(
        app,
        HTTPStatus.OK,
        "upload.html",
        depth=0,
        max_file_bytes=limits.largest_file,
        max_transfer_bytes=limits.largest_transfer,
        max_files=limits.max_files,
        default_expiry=limits.default_expiry,
        expiry_choices=limits.expiry_choices,
        public_downloads=limits.public_downloads,
        bucket_origin=origins().uploads,
        upload_access=limits.upload_access,
        sign_in={"address": limits.sign_in_address, "client": limits.sign_in_client},
    )


@app.post("/sign-in", include_in_schema=False)
def sign_in(passphrase: Annotated[str, Form(max_length=messages.MAX_PASSWORD)]) -> Response[Any]:
    """Trade the passphrase for a session cookie."""
    if settings().upload_access != "passphrase":
        raise NotFound("There is nothing at this address.")
    try:
        begun = access().sign_in(passphrase, caller(app, "").address)
    except (PassphraseWrong, TooManyTries) as error:
        again = page(app, error.status, "sign_in.html", depth=0, error=pages.error_text(reader(app), error))
        again.headers |= error.headers()
        return again
    cookie = kept_cookie(app, SESSION_COOKIE, begun, settings().session_seconds)
    return Response(HTTPStatus.SEE_OTHER, headers={"Location": "./"}, cookies=[cookie])


@app.get("/sign-in", include_in_schema=False)
def sign_in_page() -> Response[None]:
    """Lead to the page that asks for the passphrase."""
    return _to_form("./")


@app.post("/sign-out", include_in_schema=False)
def sign_out() -> Response[Any]:
    """Take the session cookie away from this browser."""
    return Response(HTTPStatus.SEE_OTHER, headers={"Location": "./"}, cookies=[kept_cookie(app, SESSION_COOKIE, "", 0)])


@app.get("/static/.+", include_in_schema=False)
def static_file() -> Response[str]:
    """Serve a static file; for good, if the address has the hash of what is served."""
    tree, _, path = app.current_event.path.removeprefix("/static/").partition("/")
    file = pages.static_files().get(path)
    if file is None:
        raise NotFound("There is nothing at this address.")
    caching = IMMUTABLE if tree == pages.static_hash() else "no-store"
    headers = {"Cache-Control": caching}
    if path == SERVICE_WORKER:
        # Its pages lie beside the folder of static files, in t/: this root is as far as it may reach.
        headers["Service-Worker-Allowed"] = "../../"
    if path == SENDING_WORKER:
        headers["Content-Security-Policy"] = page_policy(path, origins())
    return Response(HTTPStatus.OK, file.type, file.body, headers)


@app.get("/api/openapi.json", include_in_schema=False)
def description() -> Response[str]:
    """Describe the API, what web and links answer."""
    from backend.http.openapi import openapi_json  # noqa: PLC0415
    from backend.http.routes import receiving as links_routes  # noqa: PLC0415  no other request should pay for importing them

    return Response(HTTPStatus.OK, "application/json", openapi_json(settings(), app, links_routes.app))


@app.post(
    "/api/transfers",
    status_code=201,
    operation_id="createTransfer",
    security=SENDER,
    responses=answers(201, messages.CreatedTransfer, 400, 401, 403, 422, 429),
)
def create_transfer(asked: Annotated[messages.NewTransfer, Body()]) -> messages.CreatedTransfer:
    """Begin a transfer and sign its first parts."""
    known = account(app)
    access().admit(session(app), known)
    created = uploads().create(asked, sender(app), known)
    logger.append_keys(transfer_id=created.id)
    logger.info("transfer created", extra={"files": len(asked.files), "bytes": asked.total})
    metrics.add_metric(name="TransfersCreated", unit=MetricUnit.Count, value=1)
    metrics.add_metric(name="BytesReserved", unit=MetricUnit.Bytes, value=asked.total)
    return created


@app.get(
    "/api/transfers",
    operation_id="listTransfers",
    security=ACCOUNT,
    responses=answers(200, messages.SentTransfers, 401),
)
def sent_transfers() -> messages.SentTransfers:
    """Return what the account has sent; only where people have accounts."""
    return uploads().sent(_account())


@app.post(
    "/api/transfers/<transfer>/owner",
    operation_id="claimTransfer",
    security=ACCOUNT,
    responses=answers(200, messages.OwnerToken, 401, 404, 410),
)
def claim_transfer(transfer: str) -> messages.OwnerToken:
    """Give the account that has sent a transfer, or an operator, an owner token for it."""
    return uploads().claim(known_id(transfer), _account())


@app.get("/operator", include_in_schema=False)
def operator_page() -> Response[str]:
    """Show the page that lists every transfer to operators; what it lists, the API tells nobody else."""
    if settings().upload_access != "cognito":
        raise NotFound("There is nothing at this address.")
    sign_in = {"address": settings().sign_in_address, "client": settings().sign_in_client}
    return page(app, HTTPStatus.OK, "operator.html", depth=0, sign_in=sign_in)


@app.get(
    "/api/operator/transfers",
    operation_id="listAllTransfers",
    security=ACCOUNT,
    responses=answers(200, messages.ListedTransfers, 401, 404, 422),
)
def all_transfers(cursor: Annotated[str | None, Query(max_length=60)] = None) -> messages.ListedTransfers:
    """Return every transfer, newest first; for operators only."""
    _operator()
    try:
        found = operators().list(OPERATORS_PAGE, cursor)
    except ValueError as error:
        raise Invalid({"cursor": str(error)}) from error
    return messages.ListedTransfers(
        transfers=[
            messages.ListedTransfer(
                id=one.id,
                state=one.state,
                files=one.files,
                bytes=one.bytes,
                downloads=one.downloads,
                reports=one.reports,
                created=moment(one.created),
                expires_at=moment(one.expires_at),
                sender=one.sender,
            )
            for one in found.transfers
        ],
        next=found.next,
    )


@app.post(
    "/api/operator/transfers/<transfer>/block",
    status_code=204,
    operation_id="blockTransfer",
    security=ACCOUNT,
    responses=answers(204, None, 401, 404),
)
def block_transfer(transfer: str) -> Response[None]:
    """Close a transfer to everybody at once, then move its files to the evidence; operators only. May be repeated."""
    _operator()
    operators().block(known_id(transfer))
    logger.warning("transfer blocked by an operator")
    takedowns().begin(transfer)
    return Response(HTTPStatus.NO_CONTENT)


@app.post(
    "/api/transfers/<transfer>/files",
    status_code=201,
    operation_id="addFiles",
    security=OWNER,
    responses=answers(201, messages.AddedFiles, 400, 401, 403, 404, 409, 410, 422, 429),
)
def add_files(transfer: str, asked: Annotated[messages.MoreFiles, Body()]) -> messages.AddedFiles:
    """Add files to a transfer."""
    added = uploads().add_files(known_id(transfer), _token(transfer), asked, sender(app))
    metrics.add_metric(name="BytesReserved", unit=MetricUnit.Bytes, value=asked.total)
    return added


@app.post(
    "/api/transfers/<transfer>/parts",
    operation_id="signParts",
    security=OWNER,
    responses=answers(200, messages.SignedParts, 400, 401, 403, 404, 409, 410, 422),
)
def sign_parts(transfer: str, asked: Annotated[messages.PartsToSign, Body()]) -> messages.SignedParts:
    """Sign the PUTs of any parts of any files of the transfer."""
    return uploads().sign(known_id(transfer), _token(transfer), asked)


@app.get(
    "/api/transfers/<transfer>/files/<number>/parts",
    operation_id="listParts",
    security=OWNER,
    responses=answers(200, messages.UploadedParts, 401, 403, 404, 410, 422),
)
def list_parts(transfer: str, number: int) -> messages.UploadedParts:
    """Return the parts of a file that S3 has."""
    return uploads().parts(known_id(transfer), _token(transfer), number)


@app.post(
    "/api/transfers/<transfer>/files/<number>/complete",
    status_code=202,
    operation_id="completeFile",
    security=OWNER,
    responses=answers(202, messages.FileInState, 401, 403, 404, 409, 410, 422),
)
def complete_file(transfer: str, number: int) -> messages.FileInState:
    """Have S3 make one object of a file's parts. The file is stored when the status says so."""
    return uploads().complete(known_id(transfer), _token(transfer), number)


@app.delete(
    "/api/transfers/<transfer>/files/<number>",
    status_code=204,
    operation_id="removeFile",
    security=OWNER,
    responses=answers(204, None, 401, 403, 404, 410, 422),
)
def remove_file(transfer: str, number: int) -> Response[None]:
    """Abort a file's upload, or delete it from S3, and take it out of the transfer."""
    uploads().remove_file(known_id(transfer), _token(transfer), number)
    return Response(HTTPStatus.NO_CONTENT)


@app.delete(
    "/api/transfers/<transfer>",
    status_code=204,
    operation_id="deleteTransfer",
    security=OWNER,
    responses=answers(204, None, 401, 403, 404, 410),
)
def delete_transfer(transfer: str) -> Response[None]:
    """Abort every upload of a transfer and delete its files and records."""
    uploads().delete(known_id(transfer), _token(transfer))
    logger.info("transfer deleted")
    return Response(HTTPStatus.NO_CONTENT)


@app.patch(
    "/api/transfers/<transfer>",
    operation_id="changeTransfer",
    security=OWNER,
    responses=answers(200, messages.SavedOptions, 400, 401, 403, 404, 410, 422),
)
def change_transfer(transfer: str, asked: Annotated[messages.Options, Body()]) -> messages.SavedOptions:
    """Save the options that are sent."""
    return uploads().change(known_id(transfer), _token(transfer), asked)


@app.get(
    "/api/transfers/<transfer>/log",
    operation_id="getLog",
    security=OWNER,
    responses=answers(200, messages.DownloadLog, 401, 403, 404, 410),
)
def download_log(transfer: str) -> messages.DownloadLog:
    """Return who downloaded what and when, as far as it is kept: the last 1,000 downloads, newest first."""
    return uploads().log(known_id(transfer), _token(transfer))


@app.get(
    "/api/transfers/<transfer>/arriving",
    operation_id="getArriving",
    security=LINK,
    responses=answers(200, messages.ArrivingFiles, 401, 403, 404, 410, 422),
)
def arriving(transfer: str, files: Annotated[str, Query(max_length=100, pattern=ARRIVING)]) -> messages.ArrivingFiles:
    """Return how much S3 has of up to ten files that are sent in parts (`3,7`), as long as they are on their way."""
    numbers = [int(number) for number in files.split(",")]
    return downloads().arriving(transfer, caller(app, known_id(transfer)), numbers)


@app.get("/t/<transfer>", include_in_schema=False)
def transfer_page(transfer: str) -> Response[str]:
    """Show a transfer to whoever has its link, or ask for its password."""
    shown = Caller(grant=caller(app, known_id(transfer)).grant)
    try:
        status = downloads().status(transfer, shown, since=None)
    except PasswordNeeded:
        return page(app, HTTPStatus.OK, "password.html", depth=1, transfer_id=transfer, error=None)
    coming = [file.number for file in status.files if file.state == "pending" and file.size > file.part_size]
    arrived = downloads().arriving(transfer, shown, coming[:MOST_ARRIVING]).files if coming else []
    context = pages.transfer_context(reader(app), transfer, status, {file.number: file.bytes for file in arrived})
    return page(app, HTTPStatus.OK, "transfer.html", depth=1, transfer=context)


@app.get("/t/<transfer>/qr.svg", include_in_schema=False)
def qr_code(transfer: str, link: Annotated[str, Query(max_length=500)]) -> Response[str]:
    """Draw a transfer's link, which only the page knows in full, as a QR code; nothing else than that link."""
    host = app.current_event.headers.get("Host", "")
    if not is_page_address(link, host=host, transfer=known_id(transfer)):
        raise Invalid({"link": "must be the address of this transfer's page"})
    return Response(HTTPStatus.OK, "image/svg+xml", pages.qr_code(link), {"Cache-Control": PRIVATE})


@app.route(
    "/t/<transfer>/files/<number>",
    method=["DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
    include_in_schema=False,
)
def only_get(transfer: str, number: str) -> Response[Any]:  # noqa: ARG001  as the address has them
    """Refuse what the links function does not take: the gateway sends it only the GETs, so that no HEAD is counted."""
    raise MethodNotAllowed("GET")


@app.post("/t/<transfer>/unlock", include_in_schema=False)
def unlock(transfer: str, password: Annotated[str, Form(max_length=messages.MAX_PASSWORD)]) -> Response[Any]:
    """Trade the password for a grant cookie."""
    try:
        grant = downloads().unlock(known_id(transfer), password)
    except (PasswordWrong, TooManyTries) as error:
        words = pages.error_text(reader(app), error)
        again = page(app, error.status, "password.html", depth=2, transfer_id=transfer, error=words)
        again.headers |= error.headers()
        return again
    cookie = kept_cookie(app, grant_cookie(transfer), grant, GRANT_SECONDS)
    return Response(HTTPStatus.SEE_OTHER, headers={"Location": f"../{transfer}"}, cookies=[cookie])


@app.get("/t/<transfer>/unlock", include_in_schema=False)
def unlock_page(transfer: str) -> Response[None]:
    """Lead to the page that asks for the password."""
    return _to_form(f"../{known_id(transfer)}")


@app.get("/t/<transfer>/report", include_in_schema=False)
def report_page(transfer: str) -> Response[str]:
    """Ask what is wrong with a transfer, whether or not it has a password."""
    downloads().known(known_id(transfer))
    return _report_form(HTTPStatus.OK, transfer, ReportForm("", "", ""))


@app.post("/t/<transfer>/report", include_in_schema=False)
def report(
    transfer: str,
    reason: Annotated[str, Form(max_length=MAX_SHOWN)] = "",
    text: Annotated[str, Form(max_length=MAX_SHOWN)] = "",
    mail: Annotated[str, Form(max_length=MAX_SHOWN)] = "",
) -> Response[Any]:
    """Tell the operator, or show the form again with what is wrong with it."""
    form = ReportForm.of(reason, text, mail)
    if form.wrong():
        downloads().known(known_id(transfer))
        return _report_form(HTTPStatus.UNPROCESSABLE_ENTITY, transfer, form, wrong=form.wrong())
    try:
        reporting().report(known_id(transfer), form, caller(app, transfer).address)
    except TooManyReports as error:
        again = _report_form(error.status, transfer, form, error=pages.error_text(reader(app), error))
        again.headers |= error.headers()
        return again
    logger.info("transfer reported", extra={"reason": form.reason})
    metrics.add_metric(name="TransfersReported", unit=MetricUnit.Count, value=1)
    return Response(HTTPStatus.SEE_OTHER, headers={"Location": "report/thanks"})


@app.get("/t/<transfer>/report/thanks", include_in_schema=False)
def report_thanks(transfer: str) -> Response[str]:
    """Say what happens now."""
    downloads().known(known_id(transfer))
    return page(app, HTTPStatus.OK, "reported.html", depth=3, transfer_id=transfer)


def _to_form(place: str) -> Response[None]:
    """Lead to where a form is, in the language just chosen.

    A form that came back stands at the address that it was sent to, and so do the links to other languages at its foot.
    """
    chosen = (app.current_event.query_string_parameters or {}).get("lang")
    language = f"?lang={chosen}" if chosen in LANGUAGES else ""
    return Response(HTTPStatus.SEE_OTHER, headers={"Location": place + language})


def _report_form(
    status: int, transfer: str, form: ReportForm, *, wrong: Sequence[str] = (), error: str | None = None
) -> Response[str]:
    return page(
        app,
        status,
        "report.html",
        depth=2,
        transfer_id=transfer,
        form=form,
        wrong=wrong,
        error=error,
        reasons=REASONS,
        max_text=MAX_TEXT,
        max_mail=MAX_MAIL,
    )


def _account() -> Account:
    found = account(app)
    if found is None:
        raise SignInNeeded
    return found


def _operator() -> None:
    """Raise `NotFound` for whoever is no operator: what there is to operate is nobody else's business."""
    if not _account().operator:
        raise NotFound("There is nothing at this address.")


def _token(transfer: str) -> str | None:
    return caller(app, transfer).token

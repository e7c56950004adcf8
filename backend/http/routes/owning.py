"""The part of sending that a transfer's owner token opens: its files, their parts, its options, its log, its end."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from aws_lambda_powertools.metrics import MetricUnit

from backend import messages, wiring
from backend.http.caller import OWNER, caller, known_id, sender
from backend.messages import answers
from backend.telemetry import logger, metrics

router = APIGatewayRouter()


@router.post(
    "/api/transfers/<transfer>/files",
    status_code=201,
    operation_id="addFiles",
    security=OWNER,
    responses=answers(201, messages.AddedFiles, 400, 401, 403, 404, 409, 410, 422, 429),
)
def add_files(transfer: str, asked: Annotated[messages.MoreFiles, Body()]) -> messages.AddedFiles:
    """Add files to a transfer."""
    added = wiring.sending().add_files(known_id(transfer), _token(transfer), asked, sender(router))
    metrics.add_metric(name="BytesReserved", unit=MetricUnit.Bytes, value=asked.total)
    return added


@router.post(
    "/api/transfers/<transfer>/parts",
    operation_id="signParts",
    security=OWNER,
    responses=answers(200, messages.SignedParts, 400, 401, 403, 404, 409, 410, 422),
)
def sign_parts(transfer: str, asked: Annotated[messages.PartsToSign, Body()]) -> messages.SignedParts:
    """Sign the PUTs of any parts of any files of the transfer."""
    return wiring.sending().sign(known_id(transfer), _token(transfer), asked)


@router.get(
    "/api/transfers/<transfer>/files/<number>/parts",
    operation_id="listParts",
    security=OWNER,
    responses=answers(200, messages.UploadedParts, 401, 403, 404, 410, 422),
)
def list_parts(transfer: str, number: int) -> messages.UploadedParts:
    """Return the parts of a file that S3 has."""
    return wiring.sending().parts(known_id(transfer), _token(transfer), number)


@router.post(
    "/api/transfers/<transfer>/files/<number>/complete",
    status_code=202,
    operation_id="completeFile",
    security=OWNER,
    responses=answers(202, messages.FileInState, 401, 403, 404, 409, 410, 422),
)
def complete_file(transfer: str, number: int) -> messages.FileInState:
    """Have S3 make one object of a file's parts. The file is stored when the status says so."""
    return wiring.sending().complete(known_id(transfer), _token(transfer), number)


@router.delete(
    "/api/transfers/<transfer>/files/<number>",
    status_code=204,
    operation_id="removeFile",
    security=OWNER,
    responses=answers(204, None, 401, 403, 404, 410, 422),
)
def remove_file(transfer: str, number: int) -> Response[None]:
    """Abort a file's upload, or delete it from S3, and take it out of the transfer."""
    wiring.sending().remove_file(known_id(transfer), _token(transfer), number)
    return Response(HTTPStatus.NO_CONTENT)


@router.delete(
    "/api/transfers/<transfer>",
    status_code=204,
    operation_id="deleteTransfer",
    security=OWNER,
    responses=answers(204, None, 401, 403, 404, 410),
)
def delete_transfer(transfer: str) -> Response[None]:
    """Abort every upload of a transfer and delete its files and records."""
    wiring.sending().delete(known_id(transfer), _token(transfer))
    logger.info("transfer deleted")
    return Response(HTTPStatus.NO_CONTENT)


@router.patch(
    "/api/transfers/<transfer>",
    operation_id="changeTransfer",
    security=OWNER,
    responses=answers(200, messages.SavedOptions, 400, 401, 403, 404, 410, 422),
)
def change_transfer(transfer: str, asked: Annotated[messages.Options, Body()]) -> messages.SavedOptions:
    """Save the options that are sent."""
    return wiring.sending().change(known_id(transfer), _token(transfer), asked)


@router.get(
    "/api/transfers/<transfer>/log",
    operation_id="getLog",
    security=OWNER,
    responses=answers(200, messages.DownloadLog, 401, 403, 404, 410),
)
def download_log(transfer: str) -> messages.DownloadLog:
    """Return who downloaded what and when, as far as it is kept: the last 1,000 downloads, newest first."""
    return wiring.sending().log(known_id(transfer), _token(transfer))


def _token(transfer: str) -> str | None:
    return caller(router, transfer).token

"""Reporting a transfer to the operator: the form, and the thanks."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Form
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from aws_lambda_powertools.metrics import MetricUnit

from backend import wiring
from backend.errors import TooManyReports
from backend.http.caller import caller, known_id
from backend.http.resolver import page, reader
from backend.pages import render as pages
from backend.rules.report import MAX_MAIL, MAX_SHOWN, MAX_TEXT, REASONS, Form as ReportForm
from backend.telemetry import logger, metrics

router = APIGatewayRouter()


@router.get("/t/<transfer>/report", include_in_schema=False)
def report_page(transfer: str) -> Response[str]:
    """Ask what is wrong with a transfer, whether or not it has a password."""
    wiring.receiving().known(known_id(transfer))
    return _report_form(HTTPStatus.OK, transfer, ReportForm("", "", ""))


@router.post("/t/<transfer>/report", include_in_schema=False)
def report(
    transfer: str,
    reason: Annotated[str, Form(max_length=MAX_SHOWN)] = "",
    text: Annotated[str, Form(max_length=MAX_SHOWN)] = "",
    mail: Annotated[str, Form(max_length=MAX_SHOWN)] = "",
) -> Response[Any]:
    """Tell the operator, or show the form again with what is wrong with it."""
    form = ReportForm.of(reason, text, mail)
    if form.wrong():
        wiring.receiving().known(known_id(transfer))
        return _report_form(HTTPStatus.UNPROCESSABLE_ENTITY, transfer, form, wrong=form.wrong())
    try:
        wiring.reporting().report(known_id(transfer), form, caller(router, transfer).address)
    except TooManyReports as error:
        again = _report_form(error.status, transfer, form, error=pages.error_text(reader(router), error))
        again.headers |= error.headers()
        return again
    logger.info("transfer reported", extra={"reason": form.reason})
    metrics.add_metric(name="TransfersReported", unit=MetricUnit.Count, value=1)
    return Response(HTTPStatus.SEE_OTHER, headers={"Location": "report/thanks"})


@router.get("/t/<transfer>/report/thanks", include_in_schema=False)
def report_thanks(transfer: str) -> Response[str]:
    """Say what happens now."""
    wiring.receiving().known(known_id(transfer))
    return page(router, HTTPStatus.OK, "reported.html", depth=3, transfer_id=transfer)


def _report_form(
    status: int, transfer: str, form: ReportForm, *, wrong: Sequence[str] = (), error: str | None = None
) -> Response[str]:
    return page(
        router,
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

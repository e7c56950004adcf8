"""What API Gateway asks the links function for, because only its role may read: the status and the download route.

An app of its own, so that links loads none of what web answers; the rest of receiving is in `receiving`.
"""

import time
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from backend import messages, wiring
from backend.http.caller import LINK, caller, known_id
from backend.http.resolver import resolver
from backend.look import look
from backend.messages import answers
from backend.rules.transfer import key_of

app = resolver()

# How long a status request waits for files that must arrive any moment: longer than S3 takes for the last part of one,
# and short enough that whoever asks for what never comes holds up no worker.
WAIT_SECONDS = 1
LOOK_AGAIN_SECONDS = 0.05

CHECK = r"^[1-9][0-9]{0,5}(,[1-9][0-9]{0,5}){0,19}$"


@app.get(
    "/api/transfers/<transfer>",
    operation_id="getTransfer",
    security=LINK,
    responses=answers(200, messages.TransferStatus, 401, 403, 404, 410, 422),
)
def status(
    transfer: str,
    since: Annotated[str | None, Query(max_length=200)] = None,
    check: Annotated[str | None, Query(max_length=200, pattern=CHECK)] = None,
    *,
    urls: Annotated[bool, Query()] = True,
) -> messages.TransferStatus:
    """Return a transfer with what is new or changed since the cursor of an earlier answer.

    `check` names up to 20 files (`3,7`) whose last byte has been sent: S3 is looked at for them first, as if its event
    had come, and for up to a second those that are not there yet are waited for. So a sender need not wait for the
    event, and a lost one strands nobody. `urls=false` spares the owner's presigned GETs where nobody wants them.
    """
    shown = caller(app, known_id(transfer))
    if check:
        last = wiring.receiving().admit(transfer, shown).last_number
        asked = dict.fromkeys(int(number) for number in check.split(","))
        await_files([key_of(transfer, number) for number in asked if number <= last])
    return wiring.receiving().status(transfer, shown, since, urls=urls)


def await_files(keys: list[str]) -> None:
    """Look for these objects until all are there or the time is over."""
    until = time.monotonic() + WAIT_SECONDS
    while (keys := [key for key in keys if not look(key)]) and time.monotonic() < until:
        time.sleep(LOOK_AGAIN_SECONDS)


@app.get("/t/<transfer>/files/<number>", include_in_schema=False)
def download(transfer: str, number: int, *, show: Annotated[bool, Query()] = False) -> Response[Any]:
    """Send the recipient to a fresh, short-lived presigned GET that saves the file, or shows it where that is safe."""
    asked = app.current_event.headers.get("Range")
    url = wiring.receiving().download(known_id(transfer), number, caller(app, transfer), asked, show=show)
    return Response(HTTPStatus.SEE_OTHER, headers={"Location": url})

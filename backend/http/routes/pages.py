"""The page that takes files, and the static files that all pages load."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from backend import wiring
from backend.errors import NotFound
from backend.http.caller import session
from backend.http.headers import page_policy
from backend.http.resolver import origins, page
from backend.pages import render as pages
from backend.settings import settings

router = APIGatewayRouter()

IMMUTABLE = "public, max-age=31536000, immutable"
SERVICE_WORKER = "zip-sw.js"
SENDING_WORKER = "engine/send-worker.js"


@router.get("/", include_in_schema=False)
def upload_page() -> Response[str]:
    """Show the page that takes files, or ask for the passphrase; with accounts the page itself asks for one."""
    limits = settings()
    if limits.upload_access == "passphrase" and not wiring.signing_in().is_signed_in(session(router)):
        return page(router, HTTPStatus.OK, "sign_in.html", depth=0, error=None)
    return page(
        router,
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


@router.get("/static/.+", include_in_schema=False)
def static_file() -> Response[str]:
    """Serve a static file; for good, if the address has the hash of what is served."""
    tree, _, path = router.current_event.path.removeprefix("/static/").partition("/")
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

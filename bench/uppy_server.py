"""The server that Uppy's page wants: its files, and a presigned URL for each request, signed by boto3.

`python -m bench.uppy_server FOLDER PORT S3_ENDPOINT BUCKET` serves FOLDER on 127.0.0.1.
"""

import json
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
URL_SECONDS = 900


def operation(request: dict[str, Any]) -> str:
    """Return S3's name for what Uppy is about to do."""
    upload = "uploadId" in request
    names = {
        ("PUT", False): "put_object",
        ("POST", False): "create_multipart_upload",
        ("PUT", True): "upload_part",
        ("POST", True): "complete_multipart_upload",
        ("DELETE", True): "abort_multipart_upload",
        ("GET", True): "list_parts",
    }
    return names[request["method"], upload]


class Handler(BaseHTTPRequestHandler):
    """Answers the page; a connection stays open, and an answer leaves in one piece."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    folder: Path
    bucket: str
    s3: Any

    def do_GET(self) -> None:
        """Serve a file."""
        file = self.folder / (self.path.strip("/") or "index.html")
        if file.suffix in TYPES and file.parent == self.folder and file.exists():
            self._answer(HTTPStatus.OK, TYPES[file.suffix], file.read_bytes())
        else:
            self._answer(HTTPStatus.NOT_FOUND, TYPES[".html"], b"")

    def do_POST(self) -> None:
        """Sign what is asked for."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        params: dict[str, Any] = {"Bucket": self.bucket, "Key": request["key"]}
        if "uploadId" in request:
            params["UploadId"] = request["uploadId"]
        if "partNumber" in request:
            params["PartNumber"] = request["partNumber"]
        if "contentType" in request:
            params["ContentType"] = request["contentType"]
        url = self.s3.generate_presigned_url(operation(request), Params=params, ExpiresIn=URL_SECONDS)
        self._answer(HTTPStatus.OK, "application/json", json.dumps({"url": url}).encode())

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


def main(folder: str, port: str, endpoint: str, bucket: str) -> None:
    """Serve until ended."""
    Handler.folder, Handler.bucket = Path(folder), bucket
    Handler.s3 = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the local cloud's
        config=Config(signature_version="s3v4", request_checksum_calculation="when_required"),
    )
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    print("Uppy's server is up:", server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(0)

"""`python -m bench.zip_download`: has Chromium save a transfer of 20 GiB as one zip, and looks at what it saved.

Everything is real but the bytes: page, service worker, client-zip, status, redirects and presigned URLs come from the
local cloud. That keeps objects in memory, so what the URLs lead to is answered by a server on this machine, making up
its bytes as they are asked for. The zip is written to a disk, since that is what people do with it.
"""

import argparse
import contextlib
import functools
import hashlib
import http.server
import os
import shutil
import threading
import time
import zipfile
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from backend.aws.table.records import Records
from backend.rules.transfer import file_link
from bench import browser
from e2e.cloud import Cloud, LocalCloud, local_cloud
from infra import steps

MIB = 2**20
GIB = 2**30
WORK = steps.ROOT / ".local" / "bench" / "zip"
LOOK_SECONDS = 1
FRAME_SECONDS = 15
# The end of a zip that has more bytes than 32 bits can count.
# https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.14
ZIP64_END = b"PK\x06\x06"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A file of the transfer, of whole MiB; its number tells its bytes."""

    number: int
    name: str
    size: int


def transfer_of(gib: int) -> list[Sent]:
    """Return files of so many GiB in all, in folders: one of 5 GiB, 64 of 16 MiB, and for the rest some of 1 GiB."""
    sizes = {"film.mov": 5 * GIB, **{f"photos/{n:02}.raw": 16 * MIB for n in range(64)}}
    sizes |= {f"photos/takes/{n:02}.mov": GIB for n in range(gib - 6)}
    return [Sent(number=number, name=name, size=size) for number, (name, size) in enumerate(sizes.items(), 1)]


@functools.cache
def _block(number: int) -> memoryview:
    return memoryview(hashlib.shake_128(number.to_bytes(4, "big")).digest(MIB))


def pieces(file: Sent) -> Iterator[tuple[bytes, memoryview]]:
    """Yield a file's bytes, MiB by MiB and each in two: no two MiB of a transfer are the same."""
    for start in range(0, file.size, MIB):
        head = start.to_bytes(8, "big")
        yield head, _block(file.number)[len(head) :]


def checksum(file: Sent) -> int:
    """Return the CRC-32 of a file's bytes."""
    crc = 0
    for head, rest in pieces(file):
        crc = zlib.crc32(rest, zlib.crc32(head, crc))
    return crc


@contextlib.contextmanager
def bucket(files: list[Sent], origin: str) -> Generator[int]:
    """Answer GETs of a bucket's objects `…/files/<transfer>/<number>` for pages of this origin; return the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file = files[int(urlsplit(self.path).path.rpartition("/")[2]) - 1]
            self.send_response(http.HTTPStatus.OK)
            self.send_header("Content-Length", str(file.size))
            self.send_header("Access-Control-Allow-Origin", origin)
            self.end_headers()
            for piece in pieces(file):
                for part in piece:
                    self.wfile.write(part)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  so it is called there
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def announce(cloud: Cloud, files: list[Sent]) -> str:
    """Have the local cloud believe that it has these files; return the address of their page."""
    asked = {"files": [{"name": file.name, "size": file.size} for file in files]}
    transfer = cloud.call("POST", "api/transfers", body=asked).json["id"]
    records = Records(cloud.outputs["Table"])
    vars(records)["_db"] = cloud.client("dynamodb")
    for file in files:
        records.store(transfer, file.number, size=file.size, sha256=None, link=file_link(transfer, file.number))
    return f"{cloud.address}t/{transfer}"


@dataclass(frozen=True, kw_only=True)
class Saved:
    """How long it took, and what the browser used before and after."""

    seconds: float
    idle: browser.Usage
    after: browser.Usage


def save(address: str, detour: tuple[int, int], folder: Path) -> Saved:
    """Click on the page's one button, and wait until the zip is there."""
    with browser.launch(dict([detour]), hosts=["127.0.0.1"]) as page:
        page.save_to(folder)
        page.open(address)
        idle = page.usage()
        started = time.monotonic()
        page.evaluate("document.querySelector('[data-testid=download-all] button').click()")
        note = ""
        # The page has handed over all of it a little before the browser has written it.
        while not note or "%" in note or list(folder.glob("*.crdownload")):
            time.sleep(LOOK_SECONDS)
            note = page.evaluate("document.querySelector('[data-testid=download-all] [role=status]').textContent")
            print(f"\r{note:80.80}", end="", flush=True)
        print()
        seconds = time.monotonic() - started
        # The page keeps the frame of the download for ten seconds more.
        time.sleep(FRAME_SECONDS)
        page.tidy()
        return Saved(seconds=seconds, idle=idle, after=page.usage())


def check(archive: Path, files: list[Sent]) -> None:
    """Raise unless the zip holds exactly these files, in the form for large ones, and each unpacks to its bytes."""
    with archive.open("rb") as raw:
        raw.seek(-200, os.SEEK_END)
        if ZIP64_END not in raw.read():
            raise steps.Trouble("The zip's end is not the one for large ones.")
    with zipfile.ZipFile(archive) as opened:
        found = opened.infolist()
        if [(info.filename, info.file_size) for info in found] != [(file.name, file.size) for file in files]:
            raise steps.Trouble("The zip does not hold the files that were sent.")
        for info, file in zip(found, files, strict=True):
            with opened.open(info) as member:
                while member.read(16 * MIB):  # which compares what it reads with the zip's own checksum
                    pass
            if checksum(file) != info.CRC:
                raise steps.Trouble(f"{file.name} is not what was sent.")


def main() -> int:
    """Read the arguments, do it, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.zip_download", description="A large zip in a browser.")
    parser.add_argument("--gib", type=int, default=20, metavar="N", help="how large (default: 20; at least 6)")
    parser.add_argument("--cloud", type=Path, metavar="FOLDER", help="work folder of a local cloud that runs already")
    arguments = parser.parse_args()
    files = transfer_of(arguments.gib)
    size = sum(file.size for file in files)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    if shutil.disk_usage(WORK).free < 2 * size:
        raise steps.Trouble(f"{WORK} has no room for a zip of {arguments.gib} GiB.")
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, WORK)
        running: Path | None = arguments.cloud
        cloud = LocalCloud.running(running) if running else stack.enter_context(local_cloud(WORK / "cloud"))
        port = urlsplit(cloud.address).port or 80
        made_up = stack.enter_context(bucket(files, f"http://localhost:{port}"))
        saved = save(announce(cloud, files), (port, made_up), WORK)
        (archive,) = WORK.glob("*.zip")
        written = archive.stat().st_size
        check(archive, files)
    idle, after = saved.idle, saved.after
    memory = f"{idle.now:.0f} MiB before, {after.renderer:.0f} at their peak, {after.now:.0f} afterwards"
    print(f"{len(files)} files, {size} bytes, as a zip of {written} bytes, each member compared with what was sent")
    print(f"{saved.seconds:.0f} s, {size / saved.seconds / 1e6:.0f} MB/s; load {os.getloadavg()[0]:.1f}")
    print(f"page and service worker: {memory}")
    print(f"browser: {idle.main:.0f} MiB before, {after.main:.0f} at its peak")
    print(f"{(after.cpu - idle.cpu) / (size / GIB):.1f} CPU s per GiB, all of the browser's processes")
    return 0


if __name__ == "__main__":
    steps.run_entry(main)

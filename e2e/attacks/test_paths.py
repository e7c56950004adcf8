"""Addresses: paths that lead elsewhere, and what is served and kept of them."""

import re
from http import HTTPStatus
from typing import Any

from e2e.attacks.attacker import Attacker
from e2e.cloud import Answer

UP = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "%252e%252e%252f", "..;/", "..%5c", "....//", ".%00./", "/../")
# What the bundle holds beside the static files, and what every machine has.
TARGETS = ("backend/web.py", "backend/settings.py", "frontend/words/en.json", "etc/passwd", "proc/self/environ")
INSIDE = re.compile(rb"def handler|\"error\.other\"|root:x:0|AWS_SECRET_ACCESS_KEY=")


def static_hash(attacker: Attacker) -> str:
    """Return the folder that the pages name."""
    found = re.search(r"static/([0-9a-f]{16})/", attacker.cloud.call("GET", "").data.decode())
    assert found
    return found[1]


def told_nothing(answer: Answer) -> bool:
    """Tell whether an answer is the plain error that any unknown address gets."""
    return answer.status in (400, 403, 404, 405) and not INSIDE.search(answer.data)


def test_no_path_leads_out_of_the_static_files(attacker: Attacker) -> None:
    """They are looked up, not opened."""
    root = f"static/{static_hash(attacker)}"
    ways = [f"{root}/{up * depth}{target}" for up in UP for target in TARGETS for depth in (1, 8)]
    ways += [
        f"{root}//etc/passwd",
        f"{root}/%2fetc%2fpasswd",
        "static//etc/passwd",
        f"{root}/style.css/..",
        "static/..",
    ]
    for path in ways:
        answer = attacker.raw("GET", path)
        attacker.harmless(path.replace(root, "static/{hash}"), answer, held=told_nothing(answer))


def test_an_unknown_folder_of_static_files_is_kept_by_no_cache(attacker: Attacker) -> None:
    """Else a cache could be made to keep today's scripts under the address of tomorrow's."""
    for folder in ("0" * 16, "x", "%00", "a" * 4_000, static_hash(attacker).upper() + "0"):
        answer = attacker.raw("GET", f"static/{folder}/upload.js")
        kept = answer.headers["Cache-Control"]
        attacker.harmless(f"static/{folder[:20]}/upload.js", answer, held=kept == "no-store")
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = attacker.raw(method, f"static/{static_hash(attacker)}/upload.js", body=b"x")
        attacker.refused(f"{method} of a static file", answer, 405)


def test_odd_paths_lead_to_nothing(attacker: Attacker, theirs: Any) -> None:
    """At every depth, encoded or not; none of them is a fault."""
    known = theirs["id"]
    usual = attacker.cloud.call("GET", f"api/transfers/{known}")
    odd = (
        *("..", "../api/transfers", "%2e%2e/api/transfers", "//evil.example", "//evil.example/..", "\\evil.example"),
        *("%2f%2fevil.example", "t//", f"t/{known}/..", f"t/{known}/%2e%2e/x", f"t/{known}/files", f"t/{known}/files/"),
        *(
            f"t/{known}/files/..%2f..%2f{known}",
            f"t/{known}/files/1/../2",
            f"t/{known}/files/1%2f",
            f"t/{known}%2ffiles%2f1",
        ),
        *(f"t/{known}/files/1;x=y", f"t/{known};jsessionid=1", f"t/{known}/files/0", f"t/{known}/files/-1"),
        *(f"t/{known}/files/99999999999999999999", f"t/{known}/files/1e0", f"t/{known}/files/0x1"),
        *(f"t/{known}/files/%D9%A1", f"t/{known}/files/1%00", f"t/{known}/files/1%0A", f"t/{known}/files/%20"),
        *(f"api/transfers/{known}/", f"api//transfers/{known}", f"api/transfers/{known}/files/1/parts/..", "api/.."),
        *("x" * 7_000, "/".join("a" * 500), "%F0%28%8C%28", "%C0%AE%C0%AE/", "%E2%80%AE", "api/openapi.json/x"),
    )
    for path in odd:
        answer = attacker.raw("GET", path)
        shown = path.replace(known, "{id}")
        what = shown if len(shown) < 60 else f"{shown[:20]}… ({len(shown)} characters)"
        # What the local cloud's gateway tidies up leads where the link leads anyway.
        led = f"/files/{known}/" in answer.headers.get("Location", "") or answer.data == usual.data
        # A redirect removes an extra slash, whatever the address without it is.
        led = led or (answer.status == HTTPStatus.PERMANENT_REDIRECT and answer.headers["Location"].startswith("../"))
        attacker.harmless(f"GET {what}", answer, held=told_nothing(answer) or led or answer.status in (414, 422, 431))


def test_private_answers_are_kept_by_nobody(attacker: Attacker, theirs: Any) -> None:
    """Whatever an address is dressed up as, so that a cache takes it for a picture."""
    known = theirs["id"]
    dressed = (
        *(f"t/{known}", f"t/{known}?x=style.css", f"t/{known}/files/1", f"t/{known}/files/1?show=true&x=.png"),
        *(f"api/transfers/{known}", f"api/transfers/{known}?x=.css", "", "nonsense.css", f"t/{known}/x.css"),
        *(f"t/{known}%2fx.css", f"t/{known};x.css", f"t/{known}%3fx.css", "api/transfers.css"),
    )
    for path in dressed:
        answer = attacker.raw("GET", path)
        kept = answer.headers["Cache-Control"] == "no-store"
        attacker.harmless(f"GET {path.replace(known, '{id}')}, to be cached", answer, held=kept)

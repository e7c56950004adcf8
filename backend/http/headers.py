"""The headers that keep an answer from doing harm: what a page may load and do, and what nobody else is told. Pure.

Each page may do what it needs and nothing more; what is no page may do nothing at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass

SELF = "'self'"
NONE = "'none'"

# Without `includeSubDomains`: what else lies under an operator's domain is not ours to decide on.
HTTPS_ONLY = "max-age=31536000"
# What none of our pages asks a browser for. Chromium complains of a name that it does not know, so these are few.
REFUSED = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "serial", "usb")
# The one policy by which scripts of ours make the address of another script, see `frontend/static/engine/scripts.js`.
TRUSTED = {"require-trusted-types-for": "'script'", "trusted-types": "sidestep"}


@dataclass(frozen=True, kw_only=True)
class Origins:
    """Scheme and host of whom pages talk to beside our own server: where parts go, and where downloads lead.

    `sign_in` is where people with accounts sign in, if they do.
    """

    uploads: str
    downloads: str
    sign_in: str = ""


def page_policy(name: str, origins: Origins) -> str:
    """Return the Content-Security-Policy of a page, named by its template, or of a worker, named by its script.

    A worker is bound by the policy that its own script came with, and not by that of the page that starts it.
    """
    shell = {"img-src": SELF, "style-src": SELF}
    scripted = {**shell, "script-src": SELF, "worker-src": SELF, **TRUSTED}
    # A download begins at our server, which leads it on.
    download = f"{SELF} {origins.downloads}"
    match name:
        case "upload.html":
            allowed = {**scripted, "connect-src": f"{SELF} {origins.sign_in}".strip(), "form-action": SELF}
        case "operator.html":
            allowed = {**scripted, "connect-src": f"{SELF} {origins.sign_in}".strip()}
        case "transfer.html":
            shown = dict.fromkeys(("connect-src", "frame-src", "img-src", "media-src"), download)
            allowed = {**scripted, **shown}
        case "sign_in.html":
            allowed = {**scripted, "form-action": SELF}
        case "password.html" | "report.html":
            allowed = {**shell, "form-action": SELF}
        case "engine/send-worker.js":
            allowed = {"script-src": SELF, "connect-src": origins.uploads}
        case _:
            allowed = shell if name.endswith(".html") else {}
    return _spelled(allowed)


def every_answer(*, https: bool) -> dict[str, str]:
    """Return what stands in every answer, unless it has its own; `https` tells whether that is how it is sent."""
    return {
        "Content-Security-Policy": _spelled({}),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in REFUSED),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        **({"Strict-Transport-Security": HTTPS_ONLY} if https else {}),
    }


def _spelled(allowed: Mapping[str, str]) -> str:
    nothing = dict.fromkeys(("default-src", "base-uri", "form-action", "frame-ancestors"), NONE)
    return "; ".join(f"{directive} {sources}" for directive, sources in {**nothing, **allowed}.items())

"""Injection: into headers, pages and logs, by every text that we take."""

import os
import re
from typing import Any

import pytest

from e2e.attacks.attacker import FORM, Attacker
from e2e.cloud import Cloud
from e2e.sending import begin, put, stored

BREAKS = (
    "\r\nSet-Cookie: taken=1",
    "\nSet-Cookie: taken=1",
    "%0d%0aSet-Cookie:taken=1",
    "\u560d\u560aSet-Cookie: taken=1",
)
NAMES = {
    "a header": '"; filename="evil.exe',
    "a line": "a\r\nSet-Cookie: taken=1\r\n\r\n<script>alert(1)</script>",
    "another ending, from right to left": "invoice\u202efdp.exe",
    "another ending, behind many spaces": "invoice.pdf" + " " * 200 + ".exe",
    "no ending, but dots": "evil.exe. . .",
    "a device": "CON",
    "a device with an ending": "COM1.txt",
    "a folder further up": "../../../.bashrc",
    "a file that a shell reads": ".bash_profile",
    "a drive": "C:\\Windows\\System32\\x.dll",
    "a stream of a file": "a.txt:evil.exe",
    "nothing that can be seen": "\u200b\u2060",
    "zero bytes": "a\x00.exe\x00.png",
    "an address": "https://evil.example/x",
    "percents": "%2e%2e%2fx%00%22",
}
DEVICES = ("CON", "COM1", "NUL")


@pytest.mark.parametrize("name", NAMES)
def test_no_name_breaks_the_download_or_lies_about_it(attacker: Attacker, name: str) -> None:
    """One header, one name that any system takes, with the ending that it has; and always saved, never shown."""
    cloud, body = attacker.cloud, b"<script>document.title = 'ran'</script>"
    own = begin(cloud, body, name=NAMES[name], sign=1)
    put(cloud, own["urls"][0], body)
    ready = stored(cloud, own)
    redirect = cloud.call("GET", ready["files"][0]["link"])
    got = cloud.call("GET", redirect.headers["Location"])
    disposition = got.headers["Content-Disposition"]
    plain = disposition.partition('filename="')[2].partition('"')[0]
    held = (
        disposition.startswith("attachment; filename=")
        and re.sub('"[^"]*"', "", disposition).count("filename=") == 1
        and not {"Set-Cookie", "X-Evil"} & set(got.headers)
        and not any(character in plain for character in "/\\:<>|?*\x00\u202e")
        and not plain.endswith((".", " "))
        and not plain.startswith(".")
        and plain.partition(".")[0].upper() not in DEVICES
        and got.headers["Content-Type"] == "application/octet-stream"
    )
    attacker.harmless(f"a name that holds {name}: saved as “{plain[:40]}”", got, held=held)


def test_no_text_becomes_a_header_or_markup(attacker: Attacker) -> None:
    """Title, message, password, language and link, on every page that says them again."""
    cloud = attacker.cloud
    own = begin(cloud, b"1")
    place, token = f"api/transfers/{own['id']}", own["owner_token"]
    for text in (*BREAKS, "</title><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}${7*7}"):
        saved = cloud.call("PATCH", place, body={"title": text, "message": text}, token=token)
        page = cloud.call("GET", f"t/{own['id']}")
        shown = page.data.decode()
        held = saved.json["title"] == text and "<script>alert" not in shown and "<img src=x" not in shown
        attacker.harmless(
            f"a title and message of {text!r}",
            page,
            held=held and "49" not in shown and "Set-Cookie" not in page.headers,
        )
    for path in ("", f"t/{own['id']}", "nonsense"):
        for text in ("de%0d%0aSet-Cookie:taken=1", "//evil.example", "..%2f..%2fen", "<script>", "de%00", "DE"):
            page = cloud.call("GET", f"{path}?lang={text}")
            held = "Set-Cookie" not in page.headers and "evil.example" not in page.data.decode()
            attacker.harmless(f"GET {path.replace(own['id'], '{id}')}?lang={text}", page, held=held)
    cloud.call("PATCH", place, body={"password": "secret"}, token=token)
    for text in (b"%0d%0aSet-Cookie:taken=1", b"<script>alert(1)</script>", b"%00", b"%ff%fe"):
        answer = cloud.call("POST", f"t/{own['id']}/unlock", raw=b"password=" + text, headers=FORM)
        held = "Set-Cookie" not in answer.headers and b"<script>alert" not in answer.data
        attacker.harmless(f"a password of {text.decode()}", answer, held=held and answer.status in (403, 429))


def test_no_link_but_the_transfers_is_drawn(attacker: Attacker, mine: Any) -> None:
    """As what a camera would open."""
    cloud, path = attacker.cloud, f"t/{mine['id']}/qr.svg"
    real = f"{cloud.address}t/{mine['id']}"
    host = cloud.address.split("/")[2]
    links = (
        *("https://evil.example/", f"https://evil.example/t/{mine['id']}", f"//{host}/t/{mine['id']}", "http://[", ""),
        *(f"javascript://{host}/%0Aalert(1)//t/{mine['id']}", f"http://{host}@evil.example/t/{mine['id']}"),
        *(f"{real}?next=//evil.example", f"{real}#owner=x", f"{real}\n", f" {real}", f"{real}/../x", "a" * 501),
        *(f"data:text/html,<script>alert(1)</script>//{host}/t/{mine['id']}", f"{real}<script>alert(1)</script>"),
    )
    for link in links:
        answer = cloud.call("GET", path + "?link=" + link.replace("#", "%23").replace("\n", "%0A").replace(" ", "%20"))
        shown = link.replace(mine["id"], "{id}").replace(host, "{host}")
        attacker.refused(f"a QR code of {shown[:60]!r}", answer, 422)
    forwarded = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    answer = cloud.call("GET", f"{path}?link=https://evil.example/t/{mine['id']}", headers=forwarded)
    attacker.refused("a QR code of what X-Forwarded-Host names", answer, 422)
    assert cloud.call("GET", f"{path}?link={real}").status == 200


def test_what_a_client_says_of_itself_stands_in_no_log(attacker: Attacker, cloud: Cloud, mine: Any) -> None:
    """Neither as it is nor as a line of its own; nor does it lead anywhere."""
    mark = os.urandom(8).hex()
    said = {
        "User-Agent": f'{mark} {{"level":"CRITICAL","message":"forged"}}',
        "X-Forwarded-For": f'203.0.113.1, "{mark}"}} {{"level": "CRITICAL"}}',
        "X-Amzn-Trace-Id": f"Root=1-{mark};Parent=forged",
        "X-Forwarded-Host": f"{mark}.evil.example",
        "Referer": f"https://{mark}.evil.example/",
        "Origin": f"https://{mark}.evil.example",
        "Accept-Language": f"{mark}, de;q={mark}",
        "Cookie": f"lang={mark}; grant-{mine['id']}={mark}; {mark}",
        "Authorization": f"Basic {mark}",
        "Range": f"bytes={mark}-",
        "X-HTTP-Method-Override": "DELETE",
    }
    for name, value in said.items():
        for path in (f"t/{mine['id']}", f"t/{mine['id']}/files/1", f"api/transfers/{mine['id']}", "nonsense"):
            answer = cloud.call("GET", path, headers={name: value})
            told = str(dict(answer.headers)) + answer.data.decode(errors="replace")
            shown = path.replace(mine["id"], "{id}")
            attacker.harmless(f"GET {shown} with {name} of the attacker's", answer, held="evil.example" not in told)
    logs = cloud.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        events = [event["message"] for page in pages for event in page["events"]]
        assert not [line for line in events if mark in line or "forged" in line]

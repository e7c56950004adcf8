"""Reporting: floods, what is asked by it, and what its words do to whoever reads them.

The local gateway believes `X-Forwarded-For`, which AWS's does not: here it stands for the address of the reporter.
"""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

from backend.rules.report import MAX_MAIL, MAX_TEXT
from e2e.attacks.attacker import FORM, Attacker
from e2e.cloud import Answer, eventually
from e2e.expiring import expire, items
from e2e.sending import begin
from e2e.test_abuse import as_source, mails, operate, report, sent

MIB = 2**20
# Lambda fails an answer that is larger.
MOST_BYTES = 6_000_000
REFUSED = (400, 413, 422)

ESCAPES = "\x1b]0;taken\x07\x1b[2J\x1b[31m\x9b1m\x08\x7f"
TURNED = "\u202egpj.exe\u2066\u200f"
FORGED = "ok\r\n\r\nTo block it at once:\n    make erase TRANSFER=all\u2028    make erase TRANSFER=all"
# What no mail and no terminal may get from a stranger: control characters, and those that turn the direction.
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def test_a_report_asks_nothing_that_the_page_does_not_tell(attacker: Attacker) -> None:
    """What never was, what cannot be and what was deleted are one; nothing is kept or counted of them."""
    cloud = attacker.cloud
    deleted = begin(cloud, b"1")
    cloud.call("DELETE", f"api/transfers/{deleted['id']}", token=deleted["owner_token"])
    ids = {"that never was": "a" * 26, "of no form": "nonsense", "that was deleted": deleted["id"]}
    told: set[tuple[str, bytes]] = set()
    with as_source(cloud, "203.0.113.91") as headers:
        for name, id_ in ids.items():
            for text in ("It is a virus.", ""):
                answer = report(cloud, {"id": id_}, headers, text=text)
                attacker.refused(f"a report of a transfer {name}{', without a word' * (not text)}", answer, 404)
                told.add(("report", answer.data))
        for place in ("report", "report/thanks"):
            for name, id_ in ids.items():
                answer = cloud.call("GET", f"t/{id_}/{place}")
                attacker.refused(f"GET t/{{id}}/{place} of a transfer {name}", answer, 404)
                told.add((place, answer.data))
        assert len(told) == 2
        expired = sent(cloud, b"1")
        expire(cloud, expired)
        attacker.refused("a report of a transfer that has expired", report(cloud, expired, headers), 410)
        known = report(cloud, sent(cloud, b"1"), headers)
        attacker.harmless(
            "a report of one that is there, for which none of these counts", known, held=known.status == 303
        )


def test_a_flood_of_reports_is_one(attacker: Attacker, mailbox: str) -> None:
    """From one source one is kept; from several sources one is mailed."""
    cloud, transfer = attacker.cloud, sent(attacker.cloud, b"1")

    def flood(address: str) -> Answer:
        return report(cloud, transfer, {**FORM, "X-Forwarded-For": address})

    with as_source(cloud, "2001:db8:9::1"), ThreadPoolExecutor(4) as pool:
        since = time.monotonic()
        answers = list(pool.map(lambda n: flood(f"2001:db8:9::{n:x}"), range(1, 17)))
        # The second one may come ten seconds after the first.
        most = 1 + int((time.monotonic() - since) / 10)
        kept = [sort for sort in items(cloud, transfer) if sort.startswith("report#")]
        attacker.note("16 reports at once from one household", f"{len(kept)} kept", held=1 <= len(kept) <= most)
        assert sorted({answer.status for answer in answers}) == [303, 429]
        for method in ("X-Real-IP", "Forwarded", "User-Agent", "Cookie"):
            headers = {**FORM, "X-Forwarded-For": "2001:db8:9::1", method: "for=198.51.100.1"}
            attacker.refused(f"another a moment later, with {method}", report(cloud, transfer, headers), 429)
        other = report(cloud, sent(cloud, b"1"), {**FORM, "X-Forwarded-For": "2001:db8:9::1"})
        attacker.refused("a report of another transfer from there", other, 429)
        list(pool.map(lambda n: flood(f"2001:db8:{n:x}::1"), range(10, 20)))
    first = eventually(lambda: mails(cloud, mailbox, transfer["id"]))
    more = mails(cloud, mailbox, transfer["id"])
    attacker.note("10 more, each from elsewhere", f"{len(first) + len(more)} mailed", held=len(first) + len(more) == 1)


def test_a_body_that_is_no_report_is_refused(attacker: Attacker, mine: Any) -> None:
    """In an answer that is never larger than Lambda's may be; what was written is shown again, and never runs."""
    cloud = attacker.cloud
    script = "</textarea><script>alert(1)</script>"
    right = {"reason": "malware", "text": "It is a virus.", "mail": ""}
    forms = {
        "no reason": {**right, "reason": ""},
        "a reason of one's own": {**right, "reason": f"malware{script}"},
        "a line in the reason": {**right, "reason": "malware\r\nBcc: all@evil.example"},
        "a reason in capitals": {**right, "reason": "MALWARE"},
        "a text of nothing that can be seen": {**right, "text": "\u202e\r\n\x00 "},
        "a text of markup that is too long": {**right, "text": script + "x" * MAX_TEXT},
        "an address that is a header": {**right, "mail": "ann@example.com\r\nBcc: all@evil.example"},
        "an address that is a list": {**right, "mail": "ann@example.com,all@evil.example"},
        "an address that is markup": {**right, "mail": f'"{script}"@example.com'},
        "an address that is too long": {**right, "mail": "a" * MAX_MAIL + "@example.com"},
    }
    bodies = {name: urlencode(form).encode() for name, form in forms.items()} | {
        "5 MB of markup as a text": b"reason=malware&text=" + b"<" * 5 * MIB,
        "5 MB of markup as an address": b"reason=malware&text=x&mail=" + b"<" * 5 * MIB,
        "5 MB of a reason": b"text=x&reason=" + b"<" * 5 * MIB,
        "12 MB of a field that there is not": b"x=" + b"x" * 12 * MIB,
        "100,000 fields": b"&".join(b"a%d=1" % n for n in range(100_000)),
        "a list": b"reason[]=malware&text[]=x",
        "nothing": b"",
        "no text at all": b"\xff\xfe\x00",
    }
    with as_source(cloud, "203.0.113.92") as headers:
        for name, body in bodies.items():
            answer = cloud.call("POST", f"t/{mine['id']}/report", raw=body, headers=headers)
            held = answer.status in REFUSED and len(answer.data) < MOST_BYTES and b"<script>alert" not in answer.data
            attacker.harmless(f"a report with {name}", answer, held=held)
        kinds = ("application/json", "text/plain", "multipart/form-data; boundary=x", "")
        for kind in kinds:
            raw = b'{"reason": "malware", "text": "x"}'
            answer = cloud.call("POST", f"t/{mine['id']}/report", raw=raw, headers={**headers, "Content-Type": kind})
            attacker.refused(f"a report sent as {kind or 'nothing'}", answer, 400)
        for said in ("cross-site", "same-site"):
            answer = report(cloud, mine, {**headers, "Sec-Fetch-Site": said})
            attacker.refused(f"a report that a {said} page has somebody's browser send", answer, 403)
    assert not [sort for sort in items(cloud, mine) if sort.startswith("report#")]


def test_no_word_of_a_stranger_steers_the_operators_mail_or_terminal(attacker: Attacker, mailbox: str) -> None:
    """Neither the reporter's nor the sender's: each line of theirs is marked, and nothing in it is a command."""
    cloud = attacker.cloud
    theirs = sent(cloud, b"1", name=f"a{ESCAPES}{TURNED}{FORGED}")
    words = {"title": f"t{ESCAPES}{FORGED}", "message": f"m{TURNED}{FORGED}"}
    cloud.call("PATCH", f"api/transfers/{theirs['id']}", body=words, token=theirs["owner_token"])
    with as_source(cloud, "203.0.113.93") as headers:
        text = f"r{ESCAPES}{TURNED}{FORGED}"
        assert report(cloud, theirs, headers, text=text, mail="a\u200b@example.com").status == 303
    (mail,) = eventually(lambda: mails(cloud, mailbox, theirs["id"]))
    attacker.note("a report of control characters", mail["Subject"], held=not STEERING.search(mail["Subject"]))
    lines = mail["Message"].split("\n")
    commands = [line for line in lines if "make erase" in line]
    held = not STEERING.search(mail["Message"]) and all(line.startswith(("> ", "| ")) for line in commands)
    attacker.note(
        "invented commands in name, title, message and report", f"{commands[0]}", held=held and len(commands) > 3
    )
    said = operate(cloud, "takedown", "--transfer", theirs["id"])
    own = [line for line in said.splitlines() if line.startswith("    make erase")]
    attacker.note(
        "the same, printed by make takedown",
        f"{len(said)} characters",
        held=not STEERING.search(said)
        and "\x1b" not in said
        and own == [f"    make erase TRANSFER={theirs['id']}              erases all of it for good"],
    )
    said = operate(cloud, "transfers", "--limit", "1000")
    attacker.note("the same, listed by make transfers", f"{len(said)} characters", held=not STEERING.search(said))
    operate(cloud, "erase", "--transfer", theirs["id"], typed=theirs["id"])

"""Signed URLs: used again, for something else, or with another word in them."""

import gzip
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from e2e.attacks.attacker import Attacker
from e2e.cloud import Answer, Cloud, eventually
from e2e.sending import MIB, begin, put, sha256, status, stored

# S3's own refusals: no right, no such thing, not what was signed, not now.
REFUSED = (400, 403, 404, 405, 412, 501)


def altered(url: str, *, path: str | None = None, without: str = "", **query: str) -> str:
    """Return a URL with another path, other words in its query, or one left out."""
    parts = urlsplit(url)
    words = {name: value for name, value in parse_qsl(parts.query) if name != without} | query
    return urlunsplit(parts._replace(path=path or parts.path, query=urlencode(words, quote_via=quote)))


def send(cloud: Cloud, url: str, signed: Any, body: bytes, **headers: str) -> Answer:
    """PUT a body to a URL with the headers that belong to the signed one, and more."""
    return put(cloud, {"url": url, "headers": signed["headers"]}, body, **headers)


def test_a_signed_put_takes_one_body_at_one_place_once(attacker: Attacker, theirs: Any) -> None:
    """Whatever is changed about it, S3 refuses; what others have stored stays what it is."""
    cloud = attacker.cloud
    own = begin(cloud, b"12345", b"67890", sign=2)
    signed, second = own["urls"]
    url, key = signed["url"], urlsplit(signed["url"]).path
    bucket = key.partition("/files/")[0]
    foreign = f"{bucket}/files/{theirs['id']}"
    tries = {
        "to a stored file of somebody else": altered(url, path=f"{foreign}/1"),
        "to a file of somebody else that is coming": altered(url, path=f"{foreign}/3"),
        "to the next file, which has a URL of its own": altered(url, path=urlsplit(second["url"]).path),
        "outside of files/": altered(url, path=f"{bucket}/elsewhere"),
        "up out of files/": altered(url, path=f"{key}/../../../elsewhere"),
        "to another bucket": altered(url, path="/cdk-hnb659fds-assets-000000000000-us-east-1/x"),
        "that lives for a week": altered(url, **{"X-Amz-Expires": "604800"}),
        "with the signature of another": altered(
            url, **{"X-Amz-Signature": dict(parse_qsl(second["url"]))["X-Amz-Signature"]}
        ),
        "with no signature": altered(url, without="X-Amz-Signature"),
        "with no algorithm": altered(url, **{"X-Amz-Algorithm": "none"}),
        "with fewer signed headers": altered(url, **{"X-Amz-SignedHeaders": "host"}),
        "in the administrator's name": altered(url, **{"X-Amz-Credential": "test/20260101/us-east-1/s3/aws4_request"}),
        "as a part of an upload": altered(url, partNumber="1", uploadId="x"),
        "as its access control list": altered(url, acl=""),
        "as its tags": altered(url, tagging=""),
        "as the bucket's policy": altered(url, path=bucket, policy=""),
        "as the bucket's CORS": altered(url, path=bucket, cors=""),
    }
    for name, other in tries.items():
        attacker.refused(f"a PUT {name}", send(cloud, other, signed, b"12345"), *REFUSED)
    for method in ("GET", "HEAD", "DELETE", "POST"):
        answer = cloud.call(method, url, headers=signed["headers"])
        attacker.refused(f"{method} with the URL of a PUT", answer, *REFUSED)
    source = {"x-amz-copy-source": f"{foreign}/1".lstrip("/")}
    copied = send(cloud, url, signed, b"", **source)
    attacker.refused("a copy of somebody else's file by the URL of a PUT", copied, *REFUSED)
    attacker.refused("a longer body", send(cloud, url, signed, b"123456"), *REFUSED)
    attacker.refused("a shorter body", send(cloud, url, signed, b"1234"), *REFUSED)
    attacker.refused("another body of that length", send(cloud, url, signed, b"54321"), *REFUSED)
    other_sum = {"x-amz-checksum-sha256": sha256(b"54321")}
    attacker.refused("another body with its checksum", send(cloud, url, signed, b"54321", **other_sum), *REFUSED)
    attacker.refused("a PUT over what is there", send(cloud, url, {"headers": {}}, b"12345"), *REFUSED)
    assert send(cloud, url, signed, b"12345").status == 200
    attacker.refused("the same PUT again", send(cloud, url, signed, b"12345"), 412)
    unconditional = {"headers": {k: v for k, v in signed["headers"].items() if k != "if-none-match"}}
    attacker.refused("the same PUT without its condition", send(cloud, url, unconditional, b"12345"), *REFUSED)
    cloud.call("DELETE", f"api/transfers/{own['id']}/files/1", token=own["owner_token"])
    again = send(cloud, url, signed, b"12345")
    eventually(lambda: f"files/{own['id']}/1" not in cloud.keys(own["id"]))
    attacker.harmless("the same PUT after the file was deleted: what it puts there goes again", again, held=True)
    for number, body in enumerate((b"first", b"second"), 1):
        got = cloud.s3.get_object(Bucket=cloud.outputs["Bucket"], Key=f"files/{theirs['id']}/{number}")["Body"].read()
        assert got == body


def test_what_a_signed_put_may_carry_besides_changes_nothing(attacker: Attacker) -> None:
    """Types, names and caching are what the GET says; an encoding is refused. S3 itself takes no unsigned x-amz-*."""
    cloud = attacker.cloud
    carried = {
        "a type that browsers run": {"Content-Type": "text/html"},
        "a disposition of its own": {"Content-Disposition": "inline; filename=evil.html"},
        "caching of its own": {"Cache-Control": "public, max-age=31536000", "Expires": "Thu, 01 Jan 2099 00:00:00 GMT"},
        "a redirect": {"x-amz-website-redirect-location": "https://evil.example/"},
        "metadata": {"x-amz-meta-a": "b"},
        "tags": {"x-amz-tagging": "a=b"},
        "an access control list": {"x-amz-acl": "public-read"},
        "another storage class": {"x-amz-storage-class": "STANDARD_IA"},
    }
    body = b"<script>document.title = 'ran'</script>"
    for name, headers in carried.items():
        own = begin(cloud, body, name="page.html", sign=1)
        answer = put(cloud, own["urls"][0], body, **headers)
        if answer.status == 200:
            got = cloud.call("GET", cloud.call("GET", stored(cloud, own)["files"][0]["link"]).headers["Location"])
            held = got.headers["Content-Type"] == "application/octet-stream" and (
                got.headers["Content-Disposition"].startswith("attachment;")
                and got.headers["Cache-Control"] == "private, no-store"
                and got.data == body
            )
        else:
            held = answer.status in REFUSED
        attacker.harmless(f"a PUT that carries {name}", answer, held=held)
    bomb = gzip.compress(bytes(MIB))
    own = begin(cloud, bomb, sign=1)
    answer = put(cloud, own["urls"][0], bomb, **{"Content-Encoding": "gzip"})
    failed = eventually(lambda: status(cloud, own)["files"][0]["state"] == "failed")
    attacker.harmless("a PUT that carries an encoding, so that browsers save more", answer, held=failed)
    assert cloud.keys(own["id"]) == []


def test_the_parts_of_one_upload_fit_no_other(attacker: Attacker, theirs: Any) -> None:
    """Nor another place in it, nor what is complete."""
    cloud = attacker.cloud
    body = bytes(16 * MIB) + b"tail"
    own = begin(cloud, body)
    place, token = f"api/transfers/{own['id']}", own["owner_token"]
    asked = [(1, body[: 16 * MIB]), (2, b"tail")]
    wanted = {"parts": [{"file": 1, "number": number, "sha256": sha256(data)} for number, data in asked]}
    first, tail = cloud.call("POST", f"{place}/parts", body=wanted, token=token).json["urls"]
    sign = {"parts": [{"file": 3, "number": 2, "sha256": sha256(bytes(MIB))}]}
    foreign = cloud.call("POST", f"api/transfers/{theirs['id']}/parts", body=sign, token=theirs["owner_token"])
    words = dict(parse_qsl(urlsplit(foreign.json["urls"][0]["url"]).query))
    tries = {
        "a part sent as another part": altered(tail["url"], partNumber="1"),
        "a part sent into somebody else's upload": altered(tail["url"], uploadId=words["uploadId"]),
        "a part sent to somebody else's key": altered(
            tail["url"], path=urlsplit(foreign.json["urls"][0]["url"]).path, uploadId=words["uploadId"]
        ),
        "a part sent as a whole file": altered(tail["url"], without="uploadId"),
    }
    for name, url in tries.items():
        attacker.refused(name, send(cloud, url, tail, b"tail"), *REFUSED)
    for method in ("POST", "DELETE", "GET"):
        url = altered(tail["url"], without="partNumber")
        attacker.refused(f"{method} on the whole upload with a part's URL", cloud.call(method, url), *REFUSED)
    assert send(cloud, first["url"], first, asked[0][1]).status == 200
    assert send(cloud, tail["url"], tail, b"tail").status == 200
    assert cloud.call("POST", f"{place}/files/1/complete", token=token).status == 202
    attacker.refused("a part sent again when the file is complete", send(cloud, tail["url"], tail, b"tail"), *REFUSED)
    again = cloud.call("POST", f"{place}/parts", body=wanted, token=token)
    stored(cloud, own)
    again = cloud.call("POST", f"{place}/parts", body=wanted, token=token)
    attacker.harmless("parts of a complete file asked for", again, held=again.json["urls"] == [])


def test_a_signed_get_reads_one_file_as_it_was_signed(attacker: Attacker, mine: Any, theirs: Any) -> None:
    """Neither another's, nor as a page, nor what else the bucket holds."""
    cloud = attacker.cloud
    url = cloud.call("GET", f"t/{mine['id']}/files/1").headers["Location"]
    key = urlsplit(url).path
    bucket = key.partition("/files/")[0]
    tries = {
        "somebody else's file": altered(url, path=f"{bucket}/files/{theirs['id']}/1"),
        "its own file shown as a page": altered(url, **{"response-content-type": "text/html"}),
        "its own file shown and not saved": altered(url, **{"response-content-disposition": "inline"}),
        "its own file, with the words left out": altered(url, without="response-content-disposition"),
        "its own file for a week": altered(url, **{"X-Amz-Expires": "604800"}),
        "its own file's access control list": altered(url, acl=""),
        "its own file's attributes": altered(url, attributes=""),
        "the list of all files": altered(url, path=f"{bucket}/", **{"list-type": "2"}),
        "the bucket's policy": altered(url, path=f"{bucket}/", policy=""),
    }
    for name, other in tries.items():
        attacker.refused(f"a GET of {name}", cloud.call("GET", other), *REFUSED)
    for method in ("PUT", "DELETE", "POST", "HEAD"):
        raw = b"1" if method in ("PUT", "POST") else None
        attacker.refused(f"{method} with the URL of a GET", cloud.call(method, url, raw=raw), *REFUSED)
    anonymous = url.partition("?")[0]
    for method in ("GET", "PUT", "DELETE"):
        raw = b"1" if method == "PUT" else None
        attacker.refused(f"{method} of a key without a signature", cloud.call(method, anonymous, raw=raw), 403)
    assert cloud.call("GET", url).data == b"mine"

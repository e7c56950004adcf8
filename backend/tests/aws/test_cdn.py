"""What CloudFront gets to see is what it checks: a signature by KMS, verified here with the public key as it would."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from backend import wiring
from backend.aws import cdn as edge_module, clients as aws
from backend.aws.bucket import Objects
from backend.aws.cdn import Edge
from backend.http import resolver
from backend.messages import NewFile, NewTransfer
from backend.rules.transfer import content_disposition, key_of
from backend.services.arriving import Arrivals
from backend.services.receiving import Caller, Downloads
from backend.services.sending import Uploads
from backend.tests.conftest import SETTINGS
from backend.tests.fakes import Clock, FakeObjects

ORIGIN = "https://downloads.example.com"
KEY_ARN = "arn:aws:kms:eu-central-1:111111111111:key/0f"
KEY_ID = "K2JCJMDEHXQW5F"
QUERY = {"response-content-type": "image/png", "response-content-disposition": "inline"}


class Kms:
    """KMS at the other end of botocore's wire, with one key; `asked` are the requests that came."""

    def __init__(self) -> None:
        """Make a key, of which only this knows the private half."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.public_key = self._key.public_key()
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Answer a Sign."""
        sent: Any = request.body
        asked = json.loads(sent)
        self.asked.append((request.url, asked))
        digest = base64.b64decode(asked["Message"])
        signature = self._key.sign(digest, ec.ECDSA(utils.Prehashed(SHA256())))
        body = json.dumps({"KeyId": KEY_ARN, "Signature": base64.b64encode(signature).decode()}).encode()
        raw: Any = BytesIO(body)
        raw.stream = lambda: iter([body])
        return AWSResponse(request.url, 200, HTTPHeaders(), raw)


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Kms:
    """Let what asks KMS ask this one."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    made = Kms()

    def client(service: str, config: Any) -> Any:
        real = aws.client(service, config)
        real.meta.events.register("before-send.kms.Sign", made)
        return real

    monkeypatch.setattr(edge_module, "client", client)
    return made


@pytest.fixture
def edge(kms: Kms, clock: Clock) -> Edge:  # noqa: ARG001  it has to be there before it is asked
    """Return a distribution whose URLs that KMS signs."""
    return Edge(ORIGIN, key_arn=KEY_ARN, key_id=KEY_ID, now=clock)


def verify(kms: Kms, url: str) -> None:
    """Check a URL as CloudFront does with a canned policy: what stands before its own parameters is what was signed."""
    resource, _, own = url.partition("&Expires=")
    until, signature = parse_qs(f"Expires={own}")["Expires"][0], parse_qs(f"Expires={own}")["Signature"][0]
    policy = f'{{"Statement":[{{"Resource":"{resource}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{until}}}}}}}]}}'
    plain = base64.b64decode(signature.translate(str.maketrans("-_~", "+=/")), validate=True)
    kms.public_key.verify(plain, policy.encode(), ec.ECDSA(SHA256()))


def test_the_public_key_verifies_what_kms_has_signed(edge: Edge, kms: Kms, clock: Clock) -> None:
    """With when it ends, which key it was and how it was hashed, since CloudFront takes SHA-1 for granted."""
    url = edge.sign("files/t/1", QUERY, seconds=60)
    verify(kms, url)
    found = parse_qs(urlsplit(url).query)
    assert url.startswith(f"{ORIGIN}/files/t/1?response-content-type=image%2Fpng&")
    assert found["Expires"] == [str(int(clock.now) + 60)]
    assert (found["Key-Pair-Id"], found["Hash-Algorithm"]) == ([KEY_ID], ["SHA256"])


def test_kms_is_asked_for_one_signature_in_the_keys_own_region(edge: Edge, kms: Kms) -> None:
    """ECDSA over SHA-256, by the key that the settings name."""
    edge.sign("files/t/1", QUERY, seconds=60)
    ((url, asked),) = kms.asked
    assert url == "https://kms.eu-central-1.amazonaws.com/"
    assert {**asked, "Message": ""} == {
        "KeyId": KEY_ARN,
        "Message": "",
        "MessageType": "DIGEST",
        "SigningAlgorithm": "ECDSA_SHA_256",
    }


@pytest.mark.parametrize(
    ("signed", "wanted"),
    [("image%2Fpng", "text%2Fhtml"), ("files/t/1", "files/t/2"), ("Expires=1", "Expires=2"), ("inline", "inline&a=b")],
)
def test_a_url_is_good_for_what_was_signed_and_for_nothing_else(edge: Edge, kms: Kms, signed: str, wanted: str) -> None:
    """Neither another type nor another file, a later end or one parameter more."""
    url = edge.sign("files/t/1", QUERY, seconds=60)
    assert signed in url
    with pytest.raises(InvalidSignature):
        verify(kms, url.replace(signed, wanted))


@pytest.mark.parametrize("name", ["a b.txt", "it's (1)*.txt", 'q"?&=+%#.txt', "ü" * 127, "&" * 255, "日本語.txt"])
def test_names_are_spelled_so_that_nothing_on_the_way_spells_them_otherwise(edge: Edge, kms: Kms, name: str) -> None:
    """Browsers and CloudFront leave letters, digits, `-._~` and percent signs alone; it takes 8,192 characters."""
    disposition = content_disposition(name, 1)
    url = edge.sign("files/t/1", {"response-content-disposition": disposition}, seconds=60)
    verify(kms, url)
    query = urlsplit(url).query
    assert re.fullmatch(r"(&?[A-Za-z-]+=([A-Za-z0-9._~-]|%[0-9A-F]{2})+)+", query)
    assert parse_qs(query)["response-content-disposition"] == [disposition]
    assert len(url) < 8_192


def test_s3_is_asked_to_answer_as_its_own_urls_ask_it(edge: Edge, kms: Kms) -> None:
    """The same type, disposition and caching, whichever way a file is downloaded."""
    bucket = Objects("bucket", edge)
    url = bucket.sign_download("files/t/1", disposition="inline", seconds=60, content_type="image/png")
    verify(kms, url)
    answered = {name: values for name, values in parse_qs(urlsplit(url).query).items() if "response" in name}
    assert answered == {
        "response-cache-control": ["private, no-store"],
        "response-content-disposition": ["inline"],
        "response-content-type": ["image/png"],
    }


def test_the_owner_gets_no_urls_by_the_thousand(
    uploads: Uploads, arrivals: Arrivals, downloads: Downloads, objects: FakeObjects
) -> None:
    """Each would be a call of KMS, which costs and has a quota; a file's link leads to one at any time."""
    made = uploads.create(NewTransfer(files=[NewFile(name="a", size=1)]))
    objects.put(key_of(made.id, 1), 1)
    arrivals.arrived(key_of(made.id, 1))
    owner = Caller(token=made.owner_token)
    behind = replace(downloads, settings=replace(SETTINGS, downloads_origin=ORIGIN))
    assert downloads.status(made.id, owner, None).files[0].download_url is not None
    assert behind.status(made.id, owner, None).files[0].download_url is None
    assert behind.download(made.id, 1, owner)


@pytest.fixture
def wired(monkeypatch: pytest.MonkeyPatch, kms: Kms) -> Iterator[pytest.MonkeyPatch]:  # noqa: ARG001  credentials
    """Return what sets the settings; nothing that is made of them stays."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    for made in (wiring.bucket, resolver.origins):
        made.cache_clear()
    yield monkeypatch
    for made in (wiring.bucket, resolver.origins):
        made.cache_clear()


def test_downloads_come_from_cloudfront_where_the_settings_say_so(wired: pytest.MonkeyPatch) -> None:
    """And uploads go to the bucket all the same."""
    set_up = replace(SETTINGS, downloads_origin=ORIGIN, downloads_key_arn=KEY_ARN, downloads_key_id=KEY_ID)
    for module in (wiring, resolver):
        wired.setattr(module, "settings", lambda: set_up)
    found = resolver.origins()
    assert (found.uploads, found.downloads) == ("https://bucket.s3.eu-central-1.amazonaws.com", ORIGIN)
    assert wiring.bucket().sign_download("k", disposition="d", seconds=1).startswith(f"{ORIGIN}/k?")


def test_downloads_come_from_the_bucket_otherwise(wired: pytest.MonkeyPatch) -> None:
    """One origin for both."""
    for module in (wiring, resolver):
        wired.setattr(module, "settings", lambda: SETTINGS)
    found = resolver.origins()
    assert found.downloads == found.uploads == "https://bucket.s3.eu-central-1.amazonaws.com"

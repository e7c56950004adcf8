"""The deployment to verify, everything that was sent to it, and how to delete that again."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from backend.services.operating import Operators
from e2e import sending
from e2e.cloud import Answer, Cloud, origin_of
from e2e.expiring import items, sweep
from e2e.verify.report import NotTriedError
from infra.aws import STACK
from infra.operations import deployed

# How long asynchronous operations may take. S3's events and SNS's messages usually arrive within seconds.
PATIENCE_SECONDS = 120
AT_ONE_TIME = 8
# The id of a transfer that never existed.
NOBODY = "a" * 26
FIRST_PART = bytes(range(256)) * (16 * sending.MIB // 256)
LAST_PART = b"the end"


@dataclass
class Target:
    """A deployment; `slow` also runs the checks that take twenty minutes."""

    cloud: Cloud
    slow: bool = False
    idle_seconds: float = 20 * 60
    begun: list[Any] = field(default_factory=list[Any])

    # What is deployed

    @property
    def is_local(self) -> bool:
        """Whether this is a local cloud."""
        return urlsplit(self.cloud.address).hostname == "localhost"

    def not_local(self, why: str) -> None:
        """Raise `NotTriedError` on a local cloud; `why` completes the sentence "the local cloud …"."""
        if self.is_local:
            raise NotTriedError(f"the local cloud {why}")

    @cached_property
    def operators(self) -> Operators:
        """Return the operator's side, in the operators' role. Raises `NotTriedError` if it may not assume that."""
        try:
            made = deployed()
            made.records.transfer(NOBODY)
        except (BotoCoreError, ClientError) as error:
            raise NotTriedError(f"these credentials cannot assume the OperatorRole: {error}") from error
        return made

    def resource(self, kind: str) -> str:
        """Return the physical id of the stack's only resource of a kind, as in `ApiGateway::RestApi`."""
        pages = self.cloud.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
        (found,) = pages.search(f"StackResourceSummaries[?ResourceType=='AWS::{kind}'].PhysicalResourceId")
        return found

    @property
    def page_origins(self) -> list[str]:
        """Return the origins of the pages: the domain name, if there is one, and the gateway's own name."""
        own = origin_of(self.cloud.address)
        if self.is_local:
            return [own]
        region = self.cloud.client("apigateway").meta.region_name
        api = self.resource("ApiGateway::RestApi")
        return list(dict.fromkeys([own, f"https://{api}.execute-api.{region}.amazonaws.com"]))

    # What is sent

    def begin(self, *bodies: bytes, name: str = "verify.bin", sign: int = 0) -> Any:
        """Start a transfer, which is deleted at the end."""
        transfer = sending.begin(self.cloud, *bodies, name=name, sign=sign)
        self.begun.append(transfer)
        return transfer

    def send(self, body: bytes, name: str = "verify.bin") -> Any:
        """Send a file of one part, and return its transfer when it is ready."""
        transfer = self.begin(body, name=name, sign=1)
        answer = sending.put(self.cloud, transfer["urls"][0], body)
        assert answer.status == HTTPStatus.OK, answer.data
        sending.stored(self.cloud, transfer, PATIENCE_SECONDS)
        return transfer

    @cached_property
    def in_two_parts(self) -> Any:
        """Send a file of two parts, once, and return its transfer when it is ready."""
        transfer = self.begin(FIRST_PART + LAST_PART)
        sending.send_in_parts(self.cloud, transfer, FIRST_PART, LAST_PART)
        answer = sending.complete(self.cloud, transfer)
        assert answer.status == HTTPStatus.ACCEPTED, answer.data
        sending.stored(self.cloud, transfer, PATIENCE_SECONDS)
        return transfer

    def location_of(self, transfer: Any) -> str:
        """Follow the link of a transfer's first file, and return the signed URL that it redirects to."""
        answer = self.cloud.call("GET", f"t/{transfer['id']}/files/1")
        assert answer.status == HTTPStatus.SEE_OTHER, answer.data
        return answer.headers["Location"]

    def get(self, transfer: Any, **headers: str) -> Answer:
        """Download a transfer's first file by its link."""
        return self.cloud.call("GET", self.location_of(transfer), headers=headers)

    def exists(self, transfer: Any) -> bool:
        """Tell whether anything of a transfer is left: records, objects, evidence, incomplete uploads."""
        kept = (
            items(self.cloud, transfer),
            self.cloud.keys(transfer["id"]),
            self.cloud.keys(transfer["id"], among="evidence"),
            self.cloud.incomplete_uploads(transfer["id"]),
        )
        return any(kept)

    # What is deleted

    def clear(self) -> list[str]:
        """Delete every transfer that was started, whatever its state; return the ids of those that are left."""
        left = self._not_gone(self.begun)
        if left:  # the sweep deletes those that have expired
            with suppress(Exception):  # the report names what is left
                sweep(self.cloud)
            left = self._not_gone(left)
        return [transfer["id"] for transfer in left]

    def _not_gone(self, transfers: list[Any]) -> list[Any]:
        with ThreadPoolExecutor(AT_ONE_TIME) as pool:
            gone = list(pool.map(self._delete, transfers))
        return [transfer for transfer, is_gone in zip(transfers, gone, strict=True) if not is_gone]

    def _delete(self, transfer: Any) -> bool:
        """Delete a transfer as its owner, or as an operator if it is blocked; return whether nothing is left."""
        try:
            answer = self.cloud.call("DELETE", f"api/transfers/{transfer['id']}", token=transfer["owner_token"])
            if answer.status == HTTPStatus.GONE and answer.error["code"] == "blocked":
                self.operators.take_down(transfer["id"])
                self.operators.erase(transfer["id"])
            return not self.exists(transfer)
        except Exception:  # noqa: BLE001  one that cannot be deleted must not stop the others
            return False

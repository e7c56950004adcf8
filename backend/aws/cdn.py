"""CloudFront, where files are downloaded through it: signs its URLs with a key that has never left KMS.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

from botocore.config import Config
from botocore.signers import CloudFrontSigner

from backend.aws.clients import client


class Edge:
    """A distribution in front of the bucket."""

    def __init__(self, origin: str, *, key_arn: str, key_id: str, now: Callable[[], float]) -> None:
        """Take its origin, its key in KMS and what CloudFront calls that one; `now` gives epoch seconds."""
        self.origin = origin
        self._key_arn = key_arn
        self._signer = CloudFrontSigner(key_id, self._signature)
        self._now = now

    @cached_property
    def _kms(self) -> Any:
        return client(
            "kms",
            Config(
                region_name=self._key_arn.split(":")[3],
                connect_timeout=2,
                read_timeout=4,
                retries={"mode": "standard", "total_max_attempts": 3},
            ),
        )

    def sign(self, key: str, query: Mapping[str, str], *, seconds: int) -> str:
        """Sign a GET of the object `key` with exactly this query, good for so many seconds."""
        # Every character that a browser might spell otherwise is spelled out: what is signed is what it sends.
        url = f"{self.origin}/{key}?{urlencode(query, quote_via=quote, safe='')}"
        until = datetime.fromtimestamp(int(self._now()) + seconds, UTC)
        return self._signer.generate_presigned_url(url, date_less_than=until) + "&Hash-Algorithm=SHA256"

    def _signature(self, policy: bytes) -> bytes:
        answer = self._kms.sign(
            KeyId=self._key_arn,
            Message=hashlib.sha256(policy).digest(),  # a policy may be longer than KMS takes
            MessageType="DIGEST",
            SigningAlgorithm="ECDSA_SHA_256",
        )
        return answer["Signature"]

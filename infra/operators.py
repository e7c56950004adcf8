"""Operators: what may reach the evidence. A role for `make takedown`, and a function for the button on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from aws_cdk import Duration, aws_iam as iam, aws_lambda as lambda_
from constructs import Construct

from infra.config import Config
from infra.findings import accept
from infra.function import allow, backend_function
from infra.storage import EVIDENCE_FINDING, FILES_FINDING, FileStore

# As long as Lambda lets it. A file that has not moved by then begins again at the next call, which Lambda makes twice.
TIMEOUT = Duration.minutes(15)


class Operators(Construct):
    """A role for people: whoever of this account may assume roles, its administrators, may take it.

    With accounts also a function that does its part of it when an operator blocks a transfer on the page. Both may read
    files although nobody else may past CloudFront, and only they reach the evidence.
    """

    def __init__(self, scope: Construct, name: str, *, config: Config, store: FileStore, code: lambda_.Code) -> None:
        """Make the role."""
        super().__init__(scope, name)
        self._config = config
        self._store = store
        self._code = code
        moving = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        self.role = iam.Role(
            self,
            "Role",
            description="Sidestep: listing transfers, taking them down, giving them back",
            assumed_by=cast("iam.IPrincipal", iam.AccountRootPrincipal()),
            inline_policies={
                "Rights": iam.PolicyDocument(
                    statements=[
                        allow(moving, store.files_arn),
                        allow(moving, store.evidence_arn),
                        # As for links: without it S3 answers 403, not 404, for what is not there.
                        allow(["s3:ListBucket"], store.bucket_arn),
                        allow(["dynamodb:Query"], store.by_created_arn),
                        allow(
                            [
                                "dynamodb:BatchGetItem",
                                "dynamodb:BatchWriteItem",
                                "dynamodb:DeleteItem",
                                "dynamodb:GetItem",
                                "dynamodb:Query",
                                "dynamodb:UpdateItem",
                            ],
                            store.table.table_arn,
                        ),
                    ]
                )
            },
        )
        reason = "A file's key is made with the file, so rights on files end in a star."
        accept(self, reason, FILES_FINDING, EVIDENCE_FINDING)

    def add_button(self, environment: Mapping[str, str]) -> lambda_.Function:
        """Make the function behind the page's button, with the rights that moving to the evidence takes and no more."""
        store = self._store
        function = backend_function(
            Construct(self, "Takedown"),
            config=self._config,
            code=self._code,
            service="takedown",
            timeout=TIMEOUT,
            environment=environment,
            grants=[
                allow(["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject"], store.files_arn),
                allow(["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], store.evidence_arn),
                allow(["s3:ListBucket"], store.bucket_arn),
                allow(["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"], store.table.table_arn),
            ],
        )
        # Three calls that take their whole time; what comes later would surprise whoever has decided otherwise.
        function.configure_async_invoke(max_event_age=Duration.hours(1), retry_attempts=2)
        return function

"""Operators: the role in which `make takedown` and `make transfers` act, with exactly the rights that these need."""

from __future__ import annotations

from typing import cast

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.findings import accept
from infra.function import allow
from infra.storage import EVIDENCE_FINDING, FILES_FINDING, FileStore


class Operators(Construct):
    """A role for people, not for a function: whoever of this account may assume roles, its administrators, may take it.

    It is what may read files although nobody else may past CloudFront, and the only one that reaches the evidence.
    """

    def __init__(self, scope: Construct, name: str, *, store: FileStore) -> None:
        """Make it."""
        super().__init__(scope, name)
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

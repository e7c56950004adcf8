"""FileStore: the bucket that holds the files, the table that holds the transfers and its two indexes."""

from __future__ import annotations

from typing import cast

from aws_cdk import (
    Aws,
    Duration,
    Fn,
    aws_dynamodb as dynamodb,
    aws_iam as iam,
    aws_s3 as s3,
    aws_sqs as sqs,
)
from constructs import Construct, IDependable

from infra.config import Config
from infra.findings import accept
from infra.function import kept

PREFIX = "files/"
EVIDENCE = "evidence/"
BY_EXPIRY = "by_expiry"
BY_CREATED = "by_created"
# How cdk-nag calls a right on all files, and on all evidence.
FILES_FINDING, EVIDENCE_FINDING = (
    "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::sidestep-"
    f'{{"Fn::Select":[2,{{"Fn::Split":["/",{{"Ref":"AWS::StackId"}}]}}]}}/{prefix}*]'
    for prefix in (PREFIX, EVIDENCE)
)


# A policy may make objects public; an ACL never may.
BLOCK_PUBLIC_ACLS = s3.BlockPublicAccess(
    block_public_acls=True, ignore_public_acls=True, block_public_policy=False, restrict_public_buckets=False
)


class FileStore(Construct):
    """Private, encrypted, TLS only, and emptied automatically; on AWS both outlive the stack once it is deployed."""

    def __init__(self, scope: Construct, name: str, *, config: Config) -> None:
        """Make bucket and table."""
        super().__init__(scope, name)
        removal = kept(config)
        outlived = Duration.days(config.object_days)

        # A name that does not refer to the bucket lets the bucket refer to the queue whose policy names it, so that
        # S3's notification is the bucket's own property. The stack id's last part is new with each creation of a stack.
        self.bucket_name = Fn.join("-", ["sidestep", Fn.select(2, Fn.split("/", Aws.STACK_ID))])
        self.bucket_arn = f"arn:{Aws.PARTITION}:s3:::{self.bucket_name}"
        self.files_arn = f"{self.bucket_arn}/{PREFIX}*"
        self.evidence_arn = f"{self.bucket_arn}/{EVIDENCE}*"
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=self.bucket_name,
            removal_policy=removal,
            encryption=s3.BucketEncryption.S3_MANAGED,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            block_public_access=BLOCK_PUBLIC_ACLS if config.public_downloads else s3.BlockPublicAccess.BLOCK_ALL,
            # The local cloud speaks plain HTTP.
            enforce_ssl=not config.is_local,
            minimum_tls_version=None if config.is_local else 1.2,
            lifecycle_rules=[
                # Counted from the start of an upload, which may take as long as the transfer lives.
                s3.LifecycleRule(id="abort-incomplete-uploads", abort_incomplete_multipart_upload_after=outlived),
                s3.LifecycleRule(id="expire-files", prefix=PREFIX, expiration=outlived),
            ],
        )
        accept(
            self.bucket,
            "S3's access logs need a second bucket to keep, to pay and to empty; the functions log what they sign.",
            "AwsSolutions-S1",
            "CKV_AWS_18",
        )
        accept(self.bucket, "Nothing is overwritten, and what was deleted must be gone.", "CKV_AWS_21")
        self.metadata_headers: list[str] = []
        if config.public_downloads:
            # The page sends what these files are saved as along with them.
            self.metadata_headers = ["content-disposition", "content-type"]
            accept(
                self.bucket,
                "The operator wants everybody to read files: ACLs stay blocked, and the policy allows nothing else.",
                "AwsSolutions-S2",
                "CKV_AWS_54",
                "CKV_AWS_56",
            )
            self.bucket.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["s3:GetObject"],
                    principals=[cast("iam.IPrincipal", iam.AnyPrincipal())],
                    resources=[self.files_arn],
                )
            )
        self.table = dynamodb.Table(
            self,
            "Transfers",
            removal_policy=removal,
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="ttl",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
        )
        accept(self.table, "DynamoDB encrypts; a key of ours would cost more and keep out nobody else.", "CKV_AWS_119")
        # Sparse: only a transfer's own item has these attributes. What else an item holds is not copied.
        for index, sort_key in ((BY_EXPIRY, "expires_at"), (BY_CREATED, "created")):
            self.table.add_global_secondary_index(
                index_name=index,
                partition_key=dynamodb.Attribute(name="id_shard", type=dynamodb.AttributeType.STRING),
                sort_key=dynamodb.Attribute(name=sort_key, type=dynamodb.AttributeType.NUMBER),
                projection_type=dynamodb.ProjectionType.KEYS_ONLY,
            )
        self.by_expiry_arn = f"{self.table.table_arn}/index/{BY_EXPIRY}"
        self.by_created_arn = f"{self.table.table_arn}/index/{BY_CREATED}"

    def allow_page(self, origins: list[str]) -> None:
        """Let our page at these origins, and no other, send parts and read files."""
        exposed = ["ETag", "x-amz-checksum-sha256"]
        self.bucket.add_cors_rule(
            id="send",
            allowed_origins=origins,
            allowed_methods=[s3.HttpMethods.PUT],
            allowed_headers=[*self.metadata_headers, "if-none-match", "x-amz-checksum-sha256"],
            exposed_headers=exposed,
            max_age=3600,
        )
        self.bucket.add_cors_rule(
            id="receive",
            allowed_origins=origins,
            allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.HEAD],
            allowed_headers=["range"],
            exposed_headers=[*exposed, "Content-Length", "Content-Range"],
            max_age=3600,
        )

    def announce(self, queue: sqs.Queue) -> None:
        """Have S3 put a message into the queue for every file that is there, whole.

        Written on the bucket itself: CDK's own way is a custom resource whose function may change any bucket's
        notifications.
        """
        allowed = queue.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sqs:SendMessage"],
                principals=[cast("iam.IPrincipal", iam.ServicePrincipal("s3.amazonaws.com"))],
                resources=[queue.queue_arn],
                # A bucket's name alone does not say whose it is.
                conditions={
                    "ArnEquals": {"aws:SourceArn": self.bucket_arn},
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                },
            )
        )
        bucket = cast("s3.CfnBucket", self.bucket.node.default_child)
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=queue.queue_arn,
                    filter=s3.CfnBucket.NotificationFilterProperty(
                        s3_key=s3.CfnBucket.S3KeyFilterProperty(
                            rules=[s3.CfnBucket.FilterRuleProperty(name="prefix", value=PREFIX)]
                        )
                    ),
                )
            ]
        )
        # S3 tries the queue when it takes the configuration.
        bucket.node.add_dependency(cast("IDependable", allowed.policy_dependable))

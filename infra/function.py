"""The one place that says how a function runs: runtime, platform, memory, logs, tracing, rights."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import cast

from aws_cdk import (
    Duration,
    RemovalPolicy,
    aws_cloudwatch as cloudwatch,
    aws_iam as iam,
    aws_lambda as lambda_,
    aws_logs as logs,
)
from constructs import Construct

from infra.config import Config
from infra.findings import accept

# One whole vCPU. A cold start is nearly all imports, so less memory costs the same money and more time.
MEMORY_MIB = 1769
# Under which CloudWatch keeps what the functions count.
NAMESPACE = "Sidestep"
ACCEPTED = {
    "AwsSolutions-L1": "The bundle's wheels and bytecode are for Python 3.13, which AWS supports until 2029.",
    "CKV_AWS_115": "A young account may run ten workers in all, and none should be kept from the others.",
    "CKV_AWS_116": "Sweep's next run goes on, and operators see a takedown that failed.",
    "CKV_AWS_117": "Nothing it talks to lies in a VPC, and the way out of one costs money by the hour.",
    "CKV_AWS_173": "The environment holds settings and no secret.",
    "W3005": "CDK itself makes each function depend on its role, which the function also refers to.",
}


def backend_function(
    scope: Construct,
    *,
    config: Config,
    code: lambda_.Code,
    service: str,
    timeout: Duration,
    environment: Mapping[str, str],
    grants: Sequence[iam.PolicyStatement],
) -> lambda_.Function:
    """Make the function `service`, whose entry is `backend.<service>.handler`, with a role of its own.

    The role holds the grants, its own log group and X-Ray, and nothing else: it is also the boundary of every URL that
    the function signs.
    """
    log_group = log_group_of(scope, "Logs", config)
    role = iam.Role(
        scope,
        "Role",
        # CDK's Python types name some parameters otherwise than their protocols do, which strict checking minds.
        assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("lambda.amazonaws.com")),
        inline_policies={
            "Rights": iam.PolicyDocument(
                statements=[
                    *grants,
                    allow(["logs:CreateLogStream", "logs:PutLogEvents"], log_group.log_group_arn),
                    # X-Ray has no resources to name.
                    allow(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*"),
                ]
            )
        },
    )
    accept(role, "X-Ray has no resources to name.", "AwsSolutions-IAM5[Resource::*]")
    function = lambda_.Function(
        scope,
        "Function",
        code=code,
        handler=f"backend.{service}.handler",
        # CDK would add the same rights again, in a policy of their own.
        role=role.without_policy_updates(),
        runtime=local_runtime() if config.is_local else lambda_.Runtime.PYTHON_3_13,
        architecture=lambda_.Architecture.X86_64 if config.is_local else lambda_.Architecture.ARM_64,
        memory_size=MEMORY_MIB,
        timeout=timeout,
        tracing=lambda_.Tracing.ACTIVE,
        log_group=log_group,
        environment={
            **environment,
            "MAX_FILE_BYTES": str(config.max_file_bytes),
            "MAX_TRANSFER_BYTES": str(config.max_transfer_bytes),
            "MAX_FILES": str(config.max_files),
            "MAX_TRANSFERS_PER_DAY": str(config.max_transfers_per_day),
            "MAX_BYTES_PER_DAY": str(config.max_bytes_per_day),
            "MAX_TRANSFERS_PER_DAY_PER_SENDER": str(config.max_transfers_per_day_per_sender),
            "MAX_BYTES_PER_DAY_PER_SENDER": str(config.max_bytes_per_day_per_sender),
            "EXPIRY_CHOICES": ",".join(map(str, config.expiry_choices)),
            "DEFAULT_EXPIRY": str(config.default_expiry),
            "UPLOAD_URL_SECONDS": str(config.upload_url_seconds),
            "DOWNLOAD_URL_SECONDS": str(config.download_url_seconds),
            "UPLOAD_ACCESS": config.upload_access,
            "SESSION_SECONDS": str(config.session_seconds),
            "PUBLIC_DOWNLOADS": str(config.public_downloads).lower(),
            "BRAND_NAME": config.brand_name,
            "BRAND_ACCENT": config.brand_accent,
            "BRAND_LEGAL": config.brand_legal,
            "POWERTOOLS_SERVICE_NAME": service,
            "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
            "POWERTOOLS_LOG_LEVEL": config.log_level,
        },
    )
    for finding, reason in ACCEPTED.items():
        accept(function, reason, finding)
    return function


def role_arn(function: lambda_.Function) -> str:
    """Return the ARN of the role in which a function acts."""
    return cast("iam.IRole", function.role).role_arn


def allow(actions: Sequence[str], resource: str) -> iam.PolicyStatement:
    """Grant exact actions on one resource; wider ones come from CDK's own grant methods, which is why none is used."""
    return iam.PolicyStatement(actions=list(actions), resources=[resource])


def emitted(service: str, name: str, *, statistic: str, period: Duration) -> cloudwatch.Metric:
    """Return a metric that the function `service` writes itself (backend/telemetry.py)."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service},
        statistic=statistic,
        period=period,
    )


def log_group_of(scope: Construct, name: str, config: Config) -> logs.LogGroup:
    """Make a log group that keeps what the settings say and goes with the stack."""
    group = logs.LogGroup(scope, name, removal_policy=RemovalPolicy.DESTROY)
    resource = cast("logs.CfnLogGroup", group.node.default_child)
    resource.retention_in_days = config.log_retention_days  # LogGroup itself takes no number, only names for some
    accept(
        group,
        "CloudWatch encrypts, and no token, URL or file's name is logged that needs a key of ours.",
        "CKV_AWS_158",
    )
    return group


def kept(config: Config) -> RemovalPolicy:
    """Return what happens to data when the stack is deleted: on AWS it stays.

    But if a deployment fails, what it created is deleted: nobody has used it, and the next try creates its own.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    return RemovalPolicy.DESTROY if config.is_local else RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE


def local_runtime() -> lambda_.Runtime:
    """Name the Python that runs this: the local cloud runs functions in it whatever the template says."""
    return lambda_.Runtime(f"python3.{sys.version_info.minor}", lambda_.RuntimeFamily.PYTHON)

"""TransferStack: the whole of Sidestep, and who in it may do what."""

from __future__ import annotations

import json

from aws_cdk import CfnOutput, CliCredentialsStackSynthesizer, Stack, aws_lambda as lambda_
from constructs import Construct

from infra.access import Access
from infra.config import Config
from infra.dashboard import Watched
from infra.edge import Edge
from infra.findings import accept
from infra.function import allow, role_arn
from infra.links import Links
from infra.monitoring import Alerts, Monitoring
from infra.operators import Operators
from infra.storage import FILES_FINDING, FileStore
from infra.sweep import Sweep
from infra.web import WebApi


class TransferStack(Stack):
    """browser → web → presigned URL → bucket → links → table → browser; and sweep, when it is over."""

    def __init__(self, scope: Construct, name: str, *, config: Config, code: lambda_.Code) -> None:
        """Compose the constructs and write the grants.

        Whoever holds a presigned URL holds the rights of the role that signed it. So web can start, sign, complete and
        abort uploads and cannot read a byte; links can read and sign downloads, drop what is wrong, and write none;
        sweep drops what has expired, and can neither read nor write a byte of it. What a takedown has put among the
        evidence is beyond all of them; takedown puts it there, and signs nothing.
        """
        super().__init__(
            scope,
            name,
            description="Sidestep: files from the browser straight to S3, and back by a link.",
            # The local cloud refuses the roles that `cdk bootstrap` makes on AWS.
            synthesizer=CliCredentialsStackSynthesizer() if config.is_local else None,
        )
        alerts = Alerts(self, "Alerts", config=config)
        store = FileStore(self, "Store", config=config)
        edge = Edge(self, "Edge", config=config, store=store) if config.cloudfront_downloads else None
        environment = {
            "TABLE_NAME": store.table.table_name,
            "BUCKET_NAME": store.bucket_name,
            "ALERTS_TOPIC_ARN": alerts.topic.topic_arn,
            **(edge.environment if edge else {}),
        }

        links = Links(
            self,
            "Links",
            config=config,
            code=code,
            environment=environment,
            grants=[
                allow(["s3:DeleteObject", "s3:GetObject"], store.files_arn),
                # Without it S3 answers 403, not 404, for a file that is not there. No condition on s3:prefix: a HEAD
                # has no prefix, so it would never hold.
                allow(["s3:ListBucket"], store.bucket_arn),
                allow(
                    ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"],
                    store.table.table_arn,
                ),
                *([allow(["kms:Sign"], config.downloads_key_arn)] if edge else []),
            ],
        )
        access = Access(self, "Access", config=config)
        operators = Operators(self, "Operators", config=config, store=store, code=code)
        # Only accounts tell who is an operator, so only with them there is a page with a button.
        takedown = operators.add_button(environment) if access.pool else None
        if edge:
            movers = [operators.role.role_arn, *([role_arn(takedown)] if takedown else [])]
            edge.serve_alone(role_arn(links.function), *movers)
        web = WebApi(
            self,
            "Web",
            config=config,
            code=code,
            environment={
                **environment,
                **access.environment,
                **({"TAKEDOWN_FUNCTION": takedown.function_name} if takedown else {}),
            },
            grants=[
                *access.grants,
                *([allow(["dynamodb:Query"], store.by_created_arn)] if access.pool else []),
                *([allow(["lambda:InvokeFunction"], takedown.function_arn)] if takedown else []),
                allow(
                    ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
                    store.files_arn,
                ),
                allow(
                    [
                        "dynamodb:BatchGetItem",
                        "dynamodb:BatchWriteItem",
                        "dynamodb:DeleteItem",
                        "dynamodb:GetItem",
                        "dynamodb:PutItem",
                        "dynamodb:Query",
                        "dynamodb:UpdateItem",
                    ],
                    store.table.table_arn,
                ),
                *alerts.grants(),
            ],
            links=links.function,
            authorizer=access.authorizer,
        )
        for variable, value in access.open_for(web.address, web.origins[0]).items():
            web.function.add_environment(variable, value)
        sweep = Sweep(
            self,
            "Sweep",
            config=config,
            code=code,
            environment=environment,
            grants=[
                allow(["s3:AbortMultipartUpload", "s3:DeleteObject"], store.files_arn),
                allow(["dynamodb:Query"], store.by_expiry_arn),
                allow(
                    ["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:Query", "dynamodb:UpdateItem"],
                    store.table.table_arn,
                ),
            ],
        )
        for part in (links, web, sweep):
            accept(part, "A file's key is made with the file, so rights on files end in a star.", FILES_FINDING)
        store.allow_page(web.origins)
        store.announce(links.arrivals)
        monitoring = Monitoring(
            self,
            "Monitoring",
            config=config,
            alerts=alerts,
            watched=Watched(store=store, links=links, web=web, sweep=sweep, takedown=takedown),
        )

        CfnOutput(self, "Address", value=web.address)
        if access.passphrase_arn:
            CfnOutput(self, "Passphrase", value=access.passphrase_arn)
        if access.pool:
            CfnOutput(self, "UserPool", value=access.pool.user_pool_id)
        CfnOutput(self, "Bucket", value=store.bucket.bucket_name)
        CfnOutput(self, "Table", value=store.table.table_name)
        CfnOutput(self, "WebFunction", value=web.function.function_name)
        CfnOutput(self, "LinksFunction", value=links.function.function_name)
        CfnOutput(self, "SweepFunction", value=sweep.function.function_name)
        if takedown:
            CfnOutput(self, "TakedownFunction", value=takedown.function_name)
        CfnOutput(self, "Arrivals", value=links.arrivals.queue_url)
        CfnOutput(self, "DeadLetters", value=links.dead_letters.queue_url)
        CfnOutput(self, "Alarms", value=alerts.topic.topic_arn)
        CfnOutput(self, "OperatorRole", value=operators.role.role_arn)
        CfnOutput(self, "Dashboard", value=monitoring.dashboard.dashboard_name)
        # `make deploy` compares with it. In ASCII, because CloudFormation returns other characters as question marks:
        # https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/814
        CfnOutput(self, "Settings", value=json.dumps(config.record()))

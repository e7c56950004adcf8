"""WebApi: the REST API, the function behind nearly all of it, its throttle, its log and its own answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import cast

from aws_cdk import (
    Aws,
    Duration,
    RemovalPolicy,
    Size,
    Tags,
    aws_apigateway as apigateway,
    aws_iam as iam,
    aws_lambda as lambda_,
)
from constructs import Construct, IConstruct

from infra import gateway_answers
from infra.config import Config
from infra.domain import own_domain
from infra.findings import accept
from infra.function import backend_function, log_group_of

STAGE = "prod"
# The local cloud names an API by this tag's value, so that the page has one address on every machine.
LOCAL_API_ID = "sidestep"

# API Gateway never falls back from a resource to a greedy one further up, so each level has its own.
WEB_PATHS = (
    "/",
    "/{proxy+}",
    "/api",
    "/api/{proxy+}",
    "/api/transfers",
    "/api/transfers/{transfer}",
    "/api/transfers/{transfer}/{proxy+}",
    "/t",
    "/t/{transfer}",
    "/t/{transfer}/{proxy+}",
    "/t/{transfer}/files",
    "/t/{transfer}/files/{file}",
    "/t/{transfer}/files/{file}/{proxy+}",
)
# What only the function that signs downloads can answer.
LINKS_PATHS = ("/api/transfers/{transfer}", "/t/{transfer}/files/{file}")

# What only accounts may do, where there are accounts: the gateway lets nothing else through to the function.
ACCOUNT_ROUTES = (
    ("GET", "/api/transfers"),
    ("POST", "/api/transfers"),
    ("POST", "/api/transfers/{transfer}/owner"),
    ("ANY", "/api/operator/{proxy+}"),
)

# No path, only the route: a transfer's id is all that its link keeps secret.
ACCESS_LOG = {
    "time": "$context.requestTime",
    "request_id": "$context.requestId",
    "trace_id": "$context.xrayTraceId",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "function_milliseconds": "$context.integrationLatency",
    "error": "$context.error.responseType",
}


class WebApi(Construct):
    """Everything the browser asks of us; the files themselves never come here."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        config: Config,
        code: lambda_.Code,
        environment: Mapping[str, str],
        grants: Sequence[iam.PolicyStatement],
        links: lambda_.Function,
        authorizer: apigateway.IAuthorizer | None,
    ) -> None:
        """Make the API and the web function, and route two requests to the links function.

        Where there is an authorizer, it checks who wants to send, to see what he has sent, or to operate.
        """
        super().__init__(scope, name)
        self.function = backend_function(
            self,
            config=config,
            code=code,
            service="web",
            # Far beyond the gateway's 29 seconds: S3 may take minutes to complete an upload, and the function should
            # see it through although nobody waits for its answer; the page polls.
            timeout=Duration.minutes(5),
            environment=environment,
            grants=grants,
        )
        self._api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name="Sidestep",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            min_compression_size=Size.kibibytes(1),
            cloud_watch_role=config.set_account_log_role,
            # The role serves every API of the account and region, so it stays when this one goes, also when a first
            # deployment fails: the account's setting must not name a role that is gone.
            cloud_watch_role_removal_policy=RemovalPolicy.RETAIN if config.set_account_log_role else None,
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                throttling_rate_limit=config.requests_per_second,
                throttling_burst_limit=config.request_burst,
                tracing_enabled=True,
                access_log_destination=apigateway.LogGroupLogDestination(log_group_of(self, "AccessLog", config)),
                access_log_format=apigateway.AccessLogFormat.custom(json.dumps(ACCESS_LOG)),
            ),
        )
        self.stage = self._api.deployment_stage
        self._api.node.try_remove_child("Endpoint")  # an output that would say Address again
        if config.is_local:
            Tags.of(cast("IConstruct", self._api.node.default_child)).add("ms-custom-id", LOCAL_API_ID)
        self._accept_findings()
        self._route(links, authorizer)

        host = f"{self._api.rest_api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"
        origin = f"http://localhost:{config.local_port}" if config.is_local else f"https://{host}"
        base = f"{origin}/_aws/execute-api/{LOCAL_API_ID}" if config.is_local else origin
        self.origins = [origin]
        self.address = f"{base}/{STAGE}/"
        if config.domain_name:
            own_domain(self, "Domain", config=config, api=self._api)
            # Links that were given out under the gateway's own name go on working.
            self.origins.append(f"https://{config.domain_name}")
            self.address = f"https://{config.domain_name}/"
        self._answer_as_we_do(config)

    def _route(self, links: lambda_.Function, authorizer: apigateway.IAuthorizer | None) -> None:
        for path in WEB_PATHS:
            self._method("ANY", path, self.function)
        self._may_call("GatewayMayCallWeb", self.function, "*", "/*")
        for method, path in ACCOUNT_ROUTES if authorizer else ():
            self._method(method, path, self.function, authorizer)
        for path in LINKS_PATHS:
            self._method("GET", path, links)
        self._may_call("GatewayMayCallLinksForStatus", links, "GET", "/api/transfers/*")
        self._may_call("GatewayMayCallLinksForDownload", links, "GET", "/t/*/files/*")

    def _method(
        self,
        method: str,
        path: str,
        function: lambda_.Function,
        authorizer: apigateway.IAuthorizer | None = None,
    ) -> None:
        integration = apigateway.AwsIntegration(
            proxy=True, service="lambda", path=f"2015-03-31/functions/{function.function_arn}/invocations"
        )
        made = self._api.root.resource_for_path(path).add_method(
            method,
            integration,
            authorizer=authorizer,
            authorization_type=apigateway.AuthorizationType.COGNITO if authorizer else None,
        )
        if authorizer is None:
            accept(
                made,
                "The functions know who may do what: a recipient has only the link, an owner the transfer's token.",
                "AwsSolutions-APIG4",
                "AwsSolutions-COG4",
                "CKV_AWS_59",
            )

    def _may_call(self, name: str, function: lambda_.Function, method: str, path: str) -> None:
        """Let this API's one stage call the function by that method and path, and no console's test button."""
        lambda_.CfnPermission(
            self,
            name,
            action="lambda:InvokeFunction",
            function_name=function.function_arn,
            principal="apigateway.amazonaws.com",
            source_arn=self._api.arn_for_execute_api(method, path, STAGE),
        )

    def _accept_findings(self) -> None:
        accept(self._api, "The functions check every request against their type hints.", "AwsSolutions-APIG2")
        accept(
            self._api,
            "The role is the account's, for all its APIs, and AWS's policy for it is what API Gateway asks for.",
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AmazonAPIGatewayPushToCloudWatchLogs]",
        )
        accept(self.stage, "A web application firewall costs money each month, used or not.", "AwsSolutions-APIG3")
        accept(
            self.stage,
            "Execution logs hold paths, whose ids are all that links keep secret; the access log has none.",
            "AwsSolutions-APIG6",
        )
        accept(self.stage, "Answers differ by caller and by the moment, and a cache costs by the hour.", "CKV_AWS_120")

    def _answer_as_we_do(self, config: Config) -> None:
        for answer in gateway_answers.ANSWERS:
            headers = gateway_answers.headers(answer, config)
            self._api.add_gateway_response(
                answer.kind,
                type=apigateway.ResponseType.of(answer.kind),
                status_code=str(answer.status) if answer.status else None,
                response_headers={name: f"'{value}'" for name, value in headers.items()},
                templates=gateway_answers.templates(answer, brand=config.brand_name, address=self.address),
            )

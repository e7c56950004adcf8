"""The REST API: routes, throttle, access log, and what the gateway says by itself."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from backend.http.headers import every_answer
from infra.config import Config
from infra.tests.conftest import Stack, Synth, flat
from infra.tests.test_edge import NAMED
from infra.web import WEB_PATHS


def routes(stack: Stack) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the integrations by method and path."""
    resources = stack.all("ApiGateway::Resource")

    def path(reference: dict[str, Any]) -> str:
        if "Ref" not in reference:
            return ""
        properties = resources[reference["Ref"]]["Properties"]
        return f"{path(properties['ParentId'])}/{properties['PathPart']}"

    methods = [method["Properties"] for method in stack.all("ApiGateway::Method").values()]
    return {(m["HttpMethod"], path(m["ResourceId"]) or "/"): m["Integration"] for m in methods}


def test_two_requests_go_to_links_and_all_others_to_web(aws: Stack) -> None:
    """Only the function that may sign downloads answers status and download; web has every other method and path."""
    invoke = "arn:{{AWS::Partition}}:apigateway:{{AWS::Region}}:lambda:path/2015-03-31/functions/{}/invocations"
    web, links = invoke.format("{WebFunctionB8DF7D3F.Arn}"), invoke.format("{LinksFunctionA5D9F812.Arn}")
    assert {route: flat(integration["Uri"]) for route, integration in routes(aws).items()} == {
        **{("ANY", path): web for path in WEB_PATHS},
        ("GET", "/api/transfers/{transfer}"): links,
        ("GET", "/t/{transfer}/files/{file}"): links,
    }


def test_requests_are_handed_on_whole(aws: Stack) -> None:
    """Every integration is a proxy: function and browser see each other's headers and bodies as they are."""
    assert {(i["Type"], i["IntegrationHttpMethod"]) for i in routes(aws).values()} == {("AWS_PROXY", "POST")}


def test_no_address_falls_between_resources(aws: Stack) -> None:
    """Every resource answers by itself, and by a child that takes any name whatever comes below it."""
    paths = {path for method, path in routes(aws) if method == "ANY"}
    parents = {path.rstrip("/") for path in paths if not path.endswith("{proxy+}")}
    wildcards = {path.rpartition("/")[0] for path in paths if path.endswith("}")}
    assert parents == wildcards


def test_requests_are_throttled(synth: Synth) -> None:
    """The stage lets through what the settings say, over all routes."""
    stack = synth(Config(requests_per_second=5, request_burst=9))
    assert stack.properties("ApiGateway::Stage")["MethodSettings"] == [
        {
            "HttpMethod": "*",
            "ResourcePath": "/*",
            "DataTraceEnabled": False,
            "ThrottlingRateLimit": 5,
            "ThrottlingBurstLimit": 9,
        }
    ]


def test_access_is_logged_as_json_without_secrets(aws: Stack) -> None:
    """A line per request, to a group of its own; the route, never the path, which holds what only link holders know."""
    setting = aws.properties("ApiGateway::Stage")["AccessLogSetting"]
    assert flat(setting["DestinationArn"]) == "{WebAccessLogABDFBA3E.Arn}"
    line = json.loads(setting["Format"])
    assert {"request_id", "ip", "method", "route", "status", "milliseconds"} <= set(line)
    assert not {"$context.path", "$context.identity.userAgent"} & set(line.values())


def test_the_stage_is_traced(aws: Stack) -> None:
    """A trace starts at the gateway."""
    assert aws.properties("ApiGateway::Stage")["TracingEnabled"] is True


def test_answers_are_compressed(aws: Stack) -> None:
    """From 1 KiB on, for callers who can read that."""
    assert aws.properties("ApiGateway::RestApi")["MinimumCompressionSize"] == 1024


def test_the_gateway_answers_in_our_words(aws: Stack) -> None:
    """Each of the gateway's own answers is an error of our shape, with the request's id and the functions' headers."""
    answers = [answer["Properties"] for answer in aws.all("ApiGateway::GatewayResponse").values()]
    statuses = {answer["ResponseType"]: answer.get("StatusCode") for answer in answers}
    assert statuses == {
        "DEFAULT_4XX": None,
        "DEFAULT_5XX": None,
        "EXPIRED_TOKEN": "401",
        "INTEGRATION_FAILURE": "504",
        "INTEGRATION_TIMEOUT": "504",
        "MISSING_AUTHENTICATION_TOKEN": "404",
        "RESOURCE_NOT_FOUND": "404",
        "THROTTLED": "429",
        "UNAUTHORIZED": "401",
    }
    for answer in answers:
        error = json.loads(answer["ResponseTemplates"]["application/json"])["error"]
        assert set(error) == {"code", "message", "request_id"}
        assert error["request_id"] == "$context.requestId"
        assert error["message"].endswith(".")
        told = headers(answer)
        assert told.pop("Content-Security-Policy").startswith(every_answer(https=True)["Content-Security-Policy"])
        expected = {"Cache-Control": "no-store", **every_answer(https=True)}
        del expected["Content-Security-Policy"]
        assert expected.items() <= told.items()


def headers(answer: dict[str, Any]) -> dict[str, str]:
    """Return the headers of one of the gateway's own responses, without the quotes of fixed values."""
    parameters: dict[str, str] = answer["ResponseParameters"]
    return {name.removeprefix("gatewayresponse.header."): value[1:-1] for name, value in parameters.items()}


def page(stack: Stack, kind: str) -> str:
    """Return the gateway's page for people."""
    (answer,) = [each for each in stack.all("ApiGateway::GatewayResponse").values() if in_type(each, kind)]
    return flat(answer["Properties"]["ResponseTemplates"]["text/html"])


def in_type(answer: dict[str, Any], kind: str) -> bool:
    """Return whether this is the answer of that type."""
    return answer["Properties"]["ResponseType"] == kind


def test_people_get_a_page_and_no_json(aws: Stack) -> None:
    """With each of the responses; it says what happened and links onward."""
    for answer in aws.all("ApiGateway::GatewayResponse").values():
        html = flat(answer["Properties"]["ResponseTemplates"]["text/html"])
        assert html.startswith("<!doctype html>")
        assert len(re.findall(r"<h1>[A-Z][^<]+</h1>\n<p>[^<]+\.</p>\n<p><a href=", html)) == 1
        assert set(answer["Properties"]["ResponseTemplates"]) == {"application/json", "text/html"}


@pytest.mark.parametrize("kind", ["THROTTLED", "DEFAULT_5XX", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"])
def test_what_passes_can_be_tried_again(aws: Stack, kind: str) -> None:
    """At the requested address, which is what a link with an empty href points to."""
    assert '<a href="">Try again</a>' in page(aws, kind)


@pytest.mark.parametrize("kind", ["UNAUTHORIZED", "EXPIRED_TOKEN"])
def test_who_is_signed_out_can_sign_in_from_there(aws: Stack, kind: str) -> None:
    """On the first page, from any address, so a relative link does not work."""
    address = flat(aws.template["Outputs"]["Address"]["Value"])
    assert f'<a href="{address}">Sign in</a>' in page(aws, kind)


def test_what_is_throttled_says_when_to_come_back(aws: Stack) -> None:
    """In seconds: https://www.rfc-editor.org/rfc/rfc6585#section-4."""
    assert headers(aws.properties("ApiGateway::GatewayResponse", "WebApiTHROTTLED"))["Retry-After"] == "1"


def test_the_gateways_pages_bear_the_operators_name_as_text(synth: Synth) -> None:
    """Whatever it contains: markup, or what API Gateway would take for a variable."""
    stack = synth(Config(brand_name="<b>$context.path {0}"))
    for answer in stack.all("ApiGateway::GatewayResponse").values():
        html = flat(answer["Properties"]["ResponseTemplates"]["text/html"])
        assert "<p>&lt;b&gt;&#36;context.path {0}</p>" in html
        assert "$context" not in html


def test_the_gateways_pages_lead_to_the_operators_domain(synth: Synth) -> None:
    """Where there is one."""
    assert '<a href="https://files.example.com/">Sign in</a>' in page(synth(NAMED), "UNAUTHORIZED")


def test_the_gateways_pages_may_be_styled_by_their_own_style_and_nothing_else(aws: Stack) -> None:
    """The policy names it by its hash."""
    (style,) = re.findall(r"<style>(.*)</style>", page(aws, "THROTTLED"))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    for answer in aws.all("ApiGateway::GatewayResponse").values():
        policy = headers(answer["Properties"])["Content-Security-Policy"]
        assert policy == f"{every_answer(https=True)['Content-Security-Policy']}; style-src 'sha256-{digest}'"


def test_deployments_carry_the_answers(aws: Stack) -> None:
    """API Gateway takes its own answers from the deployment, so they must be there when it is made."""
    needed = aws.one("ApiGateway::Deployment")["DependsOn"]
    assert set(aws.all("ApiGateway::GatewayResponse")) <= set(needed)
    assert set(aws.all("ApiGateway::Method")) <= set(needed)


def test_addresses(aws: Stack, local: Stack) -> None:
    """The output is where the page is: the stage on AWS, a fixed path on the local cloud's port."""
    on_aws = "https://{WebApi27F67B01}.execute-api.{AWS::Region}.{AWS::URLSuffix}/prod/"
    assert flat(aws.template["Outputs"]["Address"]["Value"]) == on_aws
    here = "http://localhost:4566/_aws/execute-api/sidestep/prod/"
    assert flat(local.template["Outputs"]["Address"]["Value"]) == here
    assert local.properties("ApiGateway::RestApi")["Tags"] == [{"Key": "ms-custom-id", "Value": "sidestep"}]
    assert "Tags" not in aws.properties("ApiGateway::RestApi")


def test_outputs(aws: Stack) -> None:
    """What people and tests need to know of a deployment, and nothing else."""
    assert set(aws.template["Outputs"]) == {
        "Address",
        "Alarms",
        "Arrivals",
        "Bucket",
        "Dashboard",
        "DeadLetters",
        "LinksFunction",
        "OperatorRole",
        "Passphrase",
        "Settings",
        "SweepFunction",
        "Table",
        "WebFunction",
    }


def test_the_stack_records_the_settings_that_differ_from_the_defaults(synth: Synth) -> None:
    """In ASCII, because CloudFormation returns other characters as question marks."""
    outputs = synth(Config(max_files=5, brand_name="Büro")).template["Outputs"]
    assert outputs["Settings"]["Value"] == '{"max_files": "5", "brand_name": "B\\u00fcro"}'


def test_the_account_log_role_can_be_left_alone(synth: Synth) -> None:
    """A team whose account has such a role keeps it."""
    stack = synth(Config(set_account_log_role=False))
    assert not stack.all("ApiGateway::Account")
    assert len(stack.all("IAM::Role")) == 4


def test_the_stack_names_no_account_and_no_region(aws: Stack) -> None:
    """One template fits every account and region: they stand in it only as what CloudFormation fills in."""
    text = json.dumps(aws.template)
    assert "us-east-1" not in text
    assert "000000000000" not in text

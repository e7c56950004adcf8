"""The measure of all: a function that says hello, behind an API of its own, in the same local cloud as ours."""

import io
import json
import secrets
import zipfile
from urllib.parse import urljoin

from e2e.cloud import Cloud
from infra.local import REGION

STAGE = "prod"
SOURCE = """def handler(event, context):
    return {"statusCode": 200, "body": "hello"}
"""
LOGGED = SOURCE.replace("    return", "    print('hello')\n    return")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


def deploy(cloud: Cloud, source: str) -> str:
    """Deploy one of the sources with the web function's runtime, memory and platform; return its address.

    A name of its own for each run: a local cloud that runs already may have an earlier one.
    """
    name = f"hello-{secrets.token_hex(4)}"
    functions = cloud.client("lambda")
    ours = functions.get_function_configuration(FunctionName=cloud.outputs["WebFunction"])
    role = cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    arn = functions.create_function(
        FunctionName=name,
        Runtime=ours["Runtime"],
        Architectures=ours["Architectures"],
        MemorySize=ours["MemorySize"],
        Role=role["Role"]["Arn"],
        Handler="hello.handler",
        Code={"ZipFile": _zipped(source)},
    )["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName=name)

    gateway = cloud.client("apigateway")
    api: str = gateway.create_rest_api(name=name, endpointConfiguration={"types": ["REGIONAL"]})["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    gateway.put_integration(
        restApiId=api,
        resourceId=root,
        httpMethod="GET",
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations",
    )
    functions.add_permission(
        FunctionName=name,
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{REGION}:{arn.split(':')[4]}:{api}/{STAGE}/GET/",
    )
    gateway.create_deployment(restApiId=api, stageName=STAGE)
    return urljoin(cloud.address, f"../../{api}/{STAGE}/")


def _zipped(source: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("hello.py", source)
    return packed.getvalue()

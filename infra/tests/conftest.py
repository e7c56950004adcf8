"""The two templates, synthesized once for all tests: without credentials, account or region, as anyone's."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from constructs import IConstruct

from infra import steps
from infra.config import Config

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", steps.OLD_NODES)


class Stack:
    """A template with short questions, and the construct that it was made of."""

    def __init__(self, template: Mapping[str, Any], construct: IConstruct) -> None:
        """Keep both."""
        self.template = template
        self.construct = construct

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the resources of a kind, as in `S3::Bucket`, by logical id."""
        resources = cast("dict[str, dict[str, Any]]", self.template["Resources"])
        return {name: resource for name, resource in resources.items() if resource["Type"] == f"AWS::{kind}"}

    def one(self, kind: str, name: str = "") -> dict[str, Any]:
        """Return the only resource of a kind whose logical id starts so."""
        (found,) = [resource for key, resource in self.all(kind).items() if key.startswith(name)]
        return found

    def properties(self, kind: str, name: str = "") -> dict[str, Any]:
        """Return its properties."""
        return self.one(kind, name)["Properties"]


Synth = Callable[[Config], Stack]


@pytest.fixture(scope="session")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Synth:
    """Return a function from settings to the stack; the functions' code is a stand-in."""
    from aws_cdk import App, assertions, aws_lambda as lambda_  # noqa: PLC0415 - takes seconds; other tests do without

    from infra.stack import TransferStack  # noqa: PLC0415 - likewise

    code = tmp_path_factory.mktemp("code")
    Path(code, "backend.py").write_text("")

    def make(config: Config) -> Stack:
        stack = TransferStack(App(), "Sidestep", config=config, code=lambda_.Code.from_asset(str(code)))
        # Raises for a dependency cycle.
        return Stack(assertions.Template.from_stack(stack).to_json(), stack)

    return make


@pytest.fixture(scope="session")
def aws(synth: Synth) -> Stack:
    """Return what AWS gets with no setting."""
    return synth(Config())


@pytest.fixture(scope="session")
def accounts(synth: Synth) -> Stack:
    """Return what AWS gets where people have accounts."""
    return synth(Config(upload_access="cognito", session_seconds=7200))


@pytest.fixture(scope="session")
def local(synth: Synth) -> Stack:
    """Return what the local cloud gets."""
    return synth(Config(local_port=4566, upload_access="open"))


def flat(value: Any) -> str:
    """Write an intrinsic function as CloudFormation would read it, with ids in braces: `arn:{AWS::Partition}:…`."""
    match value:
        case {"Ref": str(name)}:
            return f"{{{name}}}"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"{{{name}.{attribute}}}"
        case {"Fn::Join": [str(separator), list(items)]}:
            return separator.join(flat(item) for item in cast("list[Any]", items))
        case {"Fn::Select": [int(index), {"Fn::Split": [str(), source]}]}:
            return f"{flat(source)}[{index}]"
        case _:
            return str(value)

"""What the API says of itself, and what it does: requests made from its description, and from the opposite of it."""

import json
from http import HTTPStatus
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st

from backend import web
from backend.http.openapi import openapi_json
from backend.http.routes import links_receiving
from backend.tests.conftest import SETTINGS
from e2e.cloud import Cloud
from e2e.sending import begin

EXAMPLES = 25
# JSON Schema takes 1.0 for a whole number, and we do not; a transfer that is gone is 404 with and without a token.
LEFT_OUT = ("ignored_auth", "positive_data_acceptance")
CONFIG = schemathesis.Config.from_dict(
    {"generation": {"mode": "all"}, "checks": {name: {"enabled": False} for name in LEFT_OUT}}
)
DESCRIPTION = json.loads(openapi_json(SETTINGS, web.app, links_receiving.app))
API = schemathesis.openapi.from_dict(DESCRIPTION, config=CONFIG)
OPERATIONS = {found.label: found for found in (cast("Any", result).ok() for result in API.get_all_operations())}


def test_the_description_is_the_one_that_is_deployed(cloud: Cloud) -> None:
    """So that the requests below are made from it; only its limits, in words, are this deployment's own."""
    deployed = cloud.call("GET", "api/openapi.json").json
    assert {**deployed, "info": None} == {**DESCRIPTION, "info": None}


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_one_of_those_that_are_described(cloud: Cloud, label: str) -> None:
    """None is a fault, whoever asks for whatever: the owner, another one, or a client that follows the description."""
    transfers = [begin(cloud, b"1", bytes(2))]

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.too_slow],
    )
    @given(OPERATIONS[label].as_strategy(), st.sampled_from(["owner", "other", "as described"]))
    def ask(case: schemathesis.Case[Any], caller: str) -> None:
        headers: dict[str, str] = {}
        if caller != "as described":
            transfer = transfers[-1]
            if "transfer" in case.path_parameters:
                case.path_parameters["transfer"] = transfer["id"]
            headers["Authorization"] = f"Bearer {transfer['owner_token'] if caller == 'owner' else 'x' * 43}"
        answer = case.call_and_validate(base_url=cloud.address.rstrip("/"), headers=headers)
        if answer.status_code == HTTPStatus.NO_CONTENT:
            transfers.append(begin(cloud, b"1", bytes(2)))

    ask()

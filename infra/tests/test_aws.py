"""What `make deploy` says at its end; nothing is deployed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra import aws

BEGINNING = "Sidestep is deployed: https://x/\nHow it is doing: the dashboard d in CloudWatch\n"


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ({}, BEGINNING),
        (
            {"PagesLeadTo": "d-1.example", "DownloadsLeadTo": "d2.example"},
            (
                f"{BEGINNING}"
                "Make a DNS record by which domain_name leads to d-1.example (CNAME or alias).\n"
                "Make a DNS record by which downloads_domain_name leads to d2.example (CNAME or alias).\n"
            ),
        ),
    ],
)
def test_a_deployment_says_where_it_is_and_which_records_are_left_to_make(
    outputs: dict[str, str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Records are the operator's where the stack may not make them."""
    monkeypatch.setattr(aws, "OUTPUTS", tmp_path / "outputs.json")

    def cdk(*_: object) -> int:
        aws.OUTPUTS.write_text(json.dumps({aws.STACK: {"Address": "https://x/", "Dashboard": "d", **outputs}}))
        return 0

    monkeypatch.setattr(aws, "cdk", cdk)
    assert aws.deploy([]) == 0
    assert capsys.readouterr().out == said

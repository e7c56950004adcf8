"""Who may send: what the template makes for it."""

from __future__ import annotations

import pytest

from infra.config import Config, ConfigError
from infra.tests.conftest import Stack, Synth, flat


def test_the_passphrase_is_made_on_aws_and_stands_nowhere_else(aws: Stack) -> None:
    """124 random bits that can be typed; the function is told its address, not its text."""
    secret = aws.properties("SecretsManager::Secret")
    assert secret["GenerateSecretString"] == {
        "ExcludePunctuation": True,
        "ExcludeUppercase": True,
        "PasswordLength": 24,
    }
    assert "SecretString" not in secret


def test_an_open_deployment_has_no_secret(synth: Synth) -> None:
    """And no right to read one."""
    stack = synth(Config(upload_access="open"))
    assert not stack.all("SecretsManager::Secret")
    assert "Passphrase" not in stack.template["Outputs"]
    assert "secretsmanager" not in str(stack.all("IAM::Role"))


def test_the_gateway_checks_accounts_where_only_they_may_call(accounts: Stack, aws: Stack) -> None:
    """Beginning a transfer, seeing and claiming one's own, operating; nothing that an owner or a recipient asks for."""
    checked = {
        name.rstrip("0123456789ABCDEF")
        for name, method in accounts.all("ApiGateway::Method").items()
        if method["Properties"]["AuthorizationType"] == "COGNITO_USER_POOLS"
    }
    assert checked == {
        "WebApiapitransfersGET",
        "WebApiapitransfersPOST",
        "WebApiapitransferstransferownerPOST",
        "WebApiapioperatorproxyANY",
    }
    (pool,) = accounts.properties("ApiGateway::Authorizer")["ProviderARNs"]
    assert flat(pool) == "{AccessPool454D4749.Arn}"
    assert not aws.all("ApiGateway::Authorizer")


def test_only_where_there_are_accounts_the_function_may_list_every_transfer(accounts: Stack, aws: Stack) -> None:
    """By the index of creation; elsewhere nobody could be told to be an operator."""
    assert "/index/by_created" in str(accounts.properties("IAM::Role", "WebRole"))
    assert "/index/by_created" not in str(aws.properties("IAM::Role", "WebRole"))


def test_only_the_operator_takes_people_into_the_pool(accounts: Stack) -> None:
    """Nobody signs up by himself."""
    assert accounts.properties("Cognito::UserPool")["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert accounts.properties("Cognito::UserPoolGroup")["GroupName"] == "operators"


def test_the_page_signs_in_by_code_and_keeps_no_secret(accounts: Stack) -> None:
    """The pool leads back to nothing but the page's own address, and sessions end when the settings say."""
    client = accounts.properties("Cognito::UserPoolClient")
    assert client["GenerateSecret"] is False
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["CallbackURLs"] == client["LogoutURLs"] == [accounts.template["Outputs"]["Address"]["Value"]]
    assert client["SupportedIdentityProviders"] == ["COGNITO"]
    assert (client["RefreshTokenValidity"], client["TokenValidityUnits"]["RefreshToken"]) == (120, "minutes")
    told = accounts.properties("Lambda::Function", "WebFunction")["Environment"]["Variables"]
    assert flat(told["SIGN_IN_CLIENT"]) == "{AccessPageDE62106C}"
    assert flat(told["SIGN_IN_ADDRESS"]) == "https://{AccessDomainF0089673}.auth.{AWS::Region}.amazoncognito.com"


def test_people_may_sign_in_with_a_provider_of_the_operators_own(synth: Synth) -> None:
    """And then with no other; its secret stands in no template."""
    stack = synth(
        Config(
            upload_access="cognito",
            oidc_issuer="https://login.example.com",
            oidc_client_id="sidestep",
            oidc_client_secret_arn="arn:aws:secretsmanager:eu-west-1:111122223333:secret:oidc-AbCdEf",
        )
    )
    provider = stack.properties("Cognito::UserPoolIdentityProvider")
    assert provider["ProviderType"] == "OIDC"
    assert provider["ProviderDetails"]["oidc_issuer"] == "https://login.example.com"
    assert "resolve:secretsmanager:arn:aws" in flat(provider["ProviderDetails"]["client_secret"])
    (named,) = stack.properties("Cognito::UserPoolClient")["SupportedIdentityProviders"]
    assert flat(named).startswith("{AccessProvider")


def test_half_a_provider_is_none() -> None:
    """All three settings or none, and only where there are accounts."""
    with pytest.raises(ConfigError, match="go together"):
        Config(upload_access="cognito", oidc_issuer="https://login.example.com")
    with pytest.raises(ConfigError, match="go together"):
        Config(oidc_issuer="https://x", oidc_client_id="x", oidc_client_secret_arn="x")

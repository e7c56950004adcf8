"""Access: what tells those who may send from those who may not."""

from __future__ import annotations

from typing import cast

from aws_cdk import (
    Aws,
    Duration,
    Fn,
    SecretValue,
    aws_apigateway as apigateway,
    aws_cognito as cognito,
    aws_iam as iam,
    aws_secretsmanager as secretsmanager,
)
from constructs import Construct

from infra.config import Config
from infra.findings import accept
from infra.function import allow, kept

# 24 of 36 characters are 124 bits: no number of tries finds that, and it can be read out and typed.
PASSPHRASE_LENGTH = 24
# Who is in it sees every transfer, and takes down what must not be there.
OPERATORS = "operators"
PROVIDER = "OperatorsOwn"


class Access(Construct):
    """The passphrase, made while it is deployed and known to Secrets Manager alone, or accounts in a user pool.

    `environment` and `grants` are what the web function needs for it; `authorizer` is what checks accounts.
    """

    def __init__(self, scope: Construct, name: str, *, config: Config) -> None:
        """Make what `upload_access` asks for; nothing where it is open to all."""
        super().__init__(scope, name)
        self._config = config
        self.environment: dict[str, str] = {}
        self.grants: list[iam.PolicyStatement] = []
        self.passphrase_arn: str | None = None
        self.pool: cognito.UserPool | None = None
        self.authorizer: apigateway.IAuthorizer | None = None
        if config.upload_access == "passphrase":
            self._make_passphrase()
        if config.upload_access == "cognito":
            self.pool = self._make_pool()
            authorizer = apigateway.CognitoUserPoolsAuthorizer(self, "Accounts", cognito_user_pools=[self.pool])
            self.authorizer = cast("apigateway.IAuthorizer", authorizer)

    def _make_passphrase(self) -> None:
        secret = secretsmanager.Secret(
            self,
            "Passphrase",
            description="What people enter on Sidestep's page before they can send files. Change it as you like.",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=PASSPHRASE_LENGTH, exclude_punctuation=True, exclude_uppercase=True
            ),
        )
        accept(
            secret,
            "People type it: it changes when the operator says so, and signs everybody out.",
            "AwsSolutions-SMG4",
        )
        accept(
            secret, "Secrets Manager encrypts; a key of ours would cost more and keep out nobody else.", "CKV_AWS_149"
        )
        # A Ref is the ARN on AWS only, not on the local cloud; the attribute is it on both.
        arn = cast("secretsmanager.CfnSecret", secret.node.default_child).attr_id
        self.passphrase_arn = arn
        self.environment["PASSPHRASE_SECRET"] = arn
        self.grants.append(allow(["secretsmanager:GetSecretValue"], arn))

    def _make_pool(self) -> cognito.UserPool:
        """Make a pool into which only the operator takes people in."""
        pool = cognito.UserPool(
            self,
            "Pool",
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            password_policy=cognito.PasswordPolicy(
                min_length=12, require_digits=True, require_lowercase=True, require_symbols=True, require_uppercase=True
            ),
            # No deletion protection: with it, CloudFormation could not delete the pool when a first deployment fails.
            # https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html
            removal_policy=kept(self._config),
        )
        accept(
            pool,
            "People may set up a second factor; whether they must is for the operator to say.",
            "AwsSolutions-COG2",
        )
        accept(pool, "The Plus plan costs money for each person each month.", "AwsSolutions-COG8")
        cognito.CfnUserPoolGroup(
            self,
            "Operators",
            user_pool_id=pool.user_pool_id,
            group_name=OPERATORS,
            description="Who sees every transfer, and takes down what must not be there.",
        )
        return pool

    def open_for(self, address: str, origin: str) -> dict[str, str]:
        """Let people sign in for the page at that address; return what the web function is told of it.

        `origin` is where the local cloud answers; on AWS the pool has a host of its own.
        """
        if self.pool is None:
            return {}
        # The stack id's last part is new with each creation of a stack: nobody else can have the name.
        prefix = Fn.join("-", ["sidestep", Fn.select(2, Fn.split("/", Aws.STACK_ID))])
        domain = cognito.CfnUserPoolDomain(self, "Domain", domain=prefix, user_pool_id=self.pool.user_pool_id)
        client = cognito.UserPoolClient(
            self,
            "Page",
            user_pool=self.pool,
            # A page keeps no secret; PKCE proves that who began to sign in is who ends it.
            generate_secret=False,
            auth_flows=cognito.AuthFlow(),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL],
                callback_urls=[address],
                logout_urls=[address],
            ),
            supported_identity_providers=[self._provider(self.pool)],
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            id_token_validity=Duration.hours(1),
            access_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.seconds(self._config.session_seconds),
        )
        host = f"https://{domain.ref}.auth.{Aws.REGION}.amazoncognito.com"
        return {
            "SIGN_IN_ADDRESS": origin if self._config.is_local else host,
            "SIGN_IN_CLIENT": client.user_pool_client_id,
        }

    def _provider(self, pool: cognito.UserPool) -> cognito.UserPoolClientIdentityProvider:
        """Return whom people sign in with: the pool itself, or a provider of the operator's own through it."""
        if not self._config.oidc_issuer:
            return cognito.UserPoolClientIdentityProvider.COGNITO
        provider = cognito.UserPoolIdentityProviderOidc(
            self,
            "Provider",
            user_pool=pool,
            name=PROVIDER,
            issuer_url=self._config.oidc_issuer,
            client_id=self._config.oidc_client_id,
            # CloudFormation reads it while it deploys; it stands in no template.
            client_secret=SecretValue.secrets_manager(self._config.oidc_client_secret_arn).unsafe_unwrap(),
            scopes=["openid", "email"],
            attribute_mapping=cognito.AttributeMapping(email=cognito.ProviderAttribute.other("email")),
        )
        return cognito.UserPoolClientIdentityProvider.custom(provider.provider_name)

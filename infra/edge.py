"""Edge: CloudFront in front of the bucket, for downloads."""

from __future__ import annotations

import hashlib
import textwrap
from typing import cast

from aws_cdk import (
    Aws,
    Duration,
    aws_certificatemanager as acm,
    aws_cloudfront as cloudfront,
    aws_cloudfront_origins as origins,
    aws_iam as iam,
)
from constructs import Construct

from infra.config import Config
from infra.domain import lead
from infra.findings import accept
from infra.storage import FileStore

# What S3 is asked to answer with. Signed like all of a URL, so nobody can ask for anything else.
RESPONSE_QUERIES = ("response-cache-control", "response-content-disposition", "response-content-type")
# What S3 needs to know to answer as its CORS rules say, which stay the only ones.
CORS_HEADERS = ("Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method")
# https://docs.aws.amazon.com/general/latest/gr/cf_region.html
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"


class Edge(Construct):
    """A distribution that serves what the links function has signed, and is the only way to a file's bytes.

    It keeps nothing: a file belongs to few, and what has expired must be gone.
    """

    def __init__(self, scope: Construct, name: str, *, config: Config, store: FileStore) -> None:
        """Make it; who may read the bucket past it is said in `serve_alone`."""
        super().__init__(scope, name)
        self._store = store
        # Names that are CloudFront's own must not meet another deployment's, wherever in the account that is.
        unique = store.bucket_name
        # CloudFront does not exchange a key: another key is another resource.
        digest = hashlib.sha256(config.downloads_public_key.encode()).hexdigest()[:8]
        key = cloudfront.PublicKey(
            self, f"Key{digest}", public_key_name=f"{unique}-{digest}", encoded_key=pem(config.downloads_public_key)
        )
        keys = cloudfront.KeyGroup(self, "Keys", key_group_name=unique, items=[key])
        access = cloudfront.S3OriginAccessControl(self, "Access", origin_access_control_name=unique)
        domain = config.downloads_domain_name
        self._distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment="Sidestep: downloads",
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            domain_names=[domain] if domain else None,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", config.downloads_certificate_arn)
            if domain
            else None,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if domain else None,
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_bucket_defaults(
                    store.bucket, origin_access_control_id=access.origin_access_control_id
                ),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
                # A range and a progress bar need the length, which what is compressed on the way has not.
                compress=False,
                trusted_key_groups=[keys],
                cache_policy=self._nothing_kept(),
            ),
        )
        self._accept_findings(own_name=bool(domain))
        host = domain or self._distribution.distribution_domain_name
        self.origin = f"https://{host}"
        self.environment = {
            "DOWNLOADS_ORIGIN": self.origin,
            "DOWNLOADS_KEY_ARN": config.downloads_key_arn,
            "DOWNLOADS_KEY_ID": key.public_key_id,
        }
        if domain:
            lead(
                self,
                ["A", "AAAA"],
                config=config,
                name=domain,
                target=self._distribution.distribution_domain_name,
                zone=CLOUDFRONT_ZONE,
                output="DownloadsLeadTo",
            )

    def _accept_findings(self, *, own_name: bool) -> None:
        accept(
            self._distribution,
            "What is asked of it is signed by us, and everything else is refused: a firewall would find nothing more.",
            "AwsSolutions-CFR2",
            "CKV_AWS_68",
        )
        accept(self._distribution, "Recipients may be anywhere.", "AwsSolutions-CFR1")
        accept(
            self._distribution,
            "Its logs would need a bucket to keep, to pay and to empty; the functions log what they sign.",
            "AwsSolutions-CFR3",
            "CKV_AWS_86",
        )
        if not own_name:
            accept(
                self._distribution,
                "CloudFront's own name comes with its own choice of TLS; downloads_domain_name with ours.",
                "AwsSolutions-CFR4",
                "CKV_AWS_174",
            )

    def _nothing_kept(self) -> cloudfront.CachePolicy:
        """Cache nothing, but tell requests apart by all that their answers depend on.

        Even so CloudFront gives requests that come at once the same answer, and an error to all for some seconds, by
        this key. What is in it is also what S3 gets to see. Where all times are 0 there is no key; S3 says `no-store`.
        """
        return cloudfront.CachePolicy(
            self,
            "NothingKept",
            cache_policy_name=self._store.bucket_name,
            min_ttl=Duration.seconds(0),
            default_ttl=Duration.seconds(0),
            max_ttl=Duration.seconds(1),
            query_string_behavior=cloudfront.CacheQueryStringBehavior.allow_list(*RESPONSE_QUERIES),
            header_behavior=cloudfront.CacheHeaderBehavior.allow_list(*CORS_HEADERS),
            cookie_behavior=cloudfront.CacheCookieBehavior.none(),
        )

    def serve_alone(self, *readers: str) -> None:
        """Let this distribution read files, and nobody else but these roles, which their ARNs name.

        The links function looks at what arrived, and operators move what they take down to the evidence. By a header,
        that is: no URL that either could presign is good for reading.
        """
        us = self._distribution.distribution_arn
        self._say(
            "Allow",
            iam.ServicePrincipal("cloudfront.amazonaws.com"),
            {"StringEquals": {"aws:SourceArn": us, "aws:SourceAccount": Aws.ACCOUNT_ID}},
        )
        self._say(
            "Deny",
            iam.AnyPrincipal(),
            {"ArnNotEquals": {"aws:PrincipalArn": list(readers)}, "StringNotEquals": {"aws:SourceArn": us}},
        )
        self._say("Deny", iam.AnyPrincipal(), {"StringEquals": {"s3:authType": "REST-QUERY-STRING"}})

    def _say(self, effect: str, who: iam.PrincipalBase, conditions: dict[str, dict[str, str | list[str]]]) -> None:
        self._store.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                effect=iam.Effect.ALLOW if effect == "Allow" else iam.Effect.DENY,
                actions=["s3:GetObject"],
                principals=[cast("iam.IPrincipal", who)],
                resources=[self._store.files_arn],
                conditions=conditions,
            )
        )


def pem(public_key: str) -> str:
    """Spell a public key as PEM, from its DER in base64."""
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *textwrap.wrap(public_key, 64), "-----END PUBLIC KEY-----", ""])

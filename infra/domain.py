"""The names that people know our addresses by: the gateway's custom domain, and DNS records where we may make them."""

from __future__ import annotations

from aws_cdk import CfnOutput, aws_apigateway as apigateway, aws_certificatemanager as acm, aws_route53 as route53
from constructs import Construct

from infra.config import Config


def own_domain(scope: Construct, name: str, *, config: Config, api: apigateway.RestApi) -> None:
    """Have the API answer at the operator's domain name, at its root, by TLS 1.2 or newer."""
    domain = apigateway.DomainName(
        scope,
        name,
        domain_name=config.domain_name,
        certificate=acm.Certificate.from_certificate_arn(scope, f"{name}Certificate", config.certificate_arn),
        endpoint_type=apigateway.EndpointType.REGIONAL,
        security_policy=apigateway.SecurityPolicy.TLS_1_2,
        mapping=api,
    )
    lead(
        domain,
        # A regional domain has IPv4 addresses only.
        ["A"],
        config=config,
        name=config.domain_name,
        target=domain.domain_name_alias_domain_name,
        zone=domain.domain_name_alias_hosted_zone_id,
        output="PagesLeadTo",
    )


def lead(scope: Construct, kinds: list[str], *, config: Config, name: str, target: str, zone: str, output: str) -> None:
    """Have `name` lead to `target`, by alias records of these kinds; where there is no zone for them, say so.

    `zone` is the target's own; `output` is what tells the operator where a record has to lead.
    """
    if not config.hosted_zone_id:
        CfnOutput(scope, output, value=target).override_logical_id(output)
        return
    for kind in kinds:
        route53.CfnRecordSet(
            scope,
            f"Alias{kind}",
            hosted_zone_id=config.hosted_zone_id,
            name=name,
            type=kind,
            alias_target=route53.CfnRecordSet.AliasTargetProperty(dns_name=target, hosted_zone_id=zone),
        )

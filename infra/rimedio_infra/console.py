"""The web console: files in a private bucket behind CloudFront, which also passes `/v1/*` on to the API.

Page and API share an origin, so no other site needs to be allowed. The deployment script uploads the files.
"""

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from rimedio_infra.api import STAGE
from rimedio_infra.deployment import ACCOUNT, Deployment

# Policies that AWS keeps, by their ids (CloudFront developer guide, "Use managed cache policies" and others).
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
CONTENT_SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def console(stack: cdk.Stack, d: Deployment, rest_api_id: str) -> cloudfront.CfnDistribution:
    """Bucket, access control, headers, distribution."""
    acl = cdk.CfnParameter(
        stack, "WebAclArn", default="", description="Output of the edge stack; empty: no web ACL"
    )
    with_acl = cdk.CfnCondition(
        stack, "WithWebAcl", expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(acl.value_as_string, ""))
    )
    bucket = s3.Bucket(
        stack,
        "Files",
        bucket_name=d.bucket("console"),
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        versioned=True,
        removal_policy=cdk.RemovalPolicy.DESTROY,  # everything in it comes out of the repository
        lifecycle_rules=[
            s3.LifecycleRule(id="versions", noncurrent_version_expiration=cdk.Duration.days(30))
        ],
    )
    made = cloudfront.CfnDistribution(
        stack,
        "Distribution",
        distribution_config={
            "enabled": True,
            "comment": f"{d.name} console",
            "httpVersion": "http2and3",
            "priceClass": "PriceClass_100",
            "defaultRootObject": "index.html",
            "ipv6Enabled": True,
            "webAclId": cdk.Token.as_string(
                cdk.Fn.condition_if(with_acl.logical_id, acl.value_as_string, cdk.Aws.NO_VALUE)
            ),
            "viewerCertificate": {"cloudFrontDefaultCertificate": True},
            "origins": [_files_origin(stack, d, bucket), _api_origin(d, rest_api_id)],
            "defaultCacheBehavior": _behaviour("files", CACHING_OPTIMIZED, _headers(stack, d)),
            "cacheBehaviors": [
                _behaviour("api", CACHING_DISABLED, None)
                | {
                    "pathPattern": "/v1/*",
                    "originRequestPolicyId": ALL_VIEWER_EXCEPT_HOST,
                    "allowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
                }
            ],
        },
    )
    _let_read(bucket, made)
    cdk.CfnOutput(stack, "Address", value=f"https://{made.attr_domain_name}")
    cdk.CfnOutput(stack, "DistributionId", value=made.ref)
    return made


def _behaviour(origin: str, cache_policy: str, headers: str | None) -> dict[str, object]:
    return {
        "targetOriginId": origin,
        "viewerProtocolPolicy": "redirect-to-https",
        "cachePolicyId": cache_policy,
        "compress": True,
    } | ({"responseHeadersPolicyId": headers} if headers else {})


def _files_origin(stack: cdk.Stack, d: Deployment, bucket: s3.Bucket) -> dict[str, object]:
    control = cloudfront.CfnOriginAccessControl(
        stack,
        "Access",
        origin_access_control_config={
            "name": d.named("console"),
            "originAccessControlOriginType": "s3",
            "signingBehavior": "always",
            "signingProtocol": "sigv4",
        },
    )
    return {
        "id": "files",
        "domainName": bucket.bucket_regional_domain_name,
        "originAccessControlId": control.ref,
        "s3OriginConfig": {"originAccessIdentity": ""},
    }


def _api_origin(d: Deployment, rest_api_id: str) -> dict[str, object]:
    return {
        "id": "api",
        "domainName": f"{rest_api_id}.execute-api.{d.region}.{cdk.Aws.URL_SUFFIX}",
        "originPath": f"/{STAGE}",
        "customOriginConfig": {
            "originProtocolPolicy": "https-only",
            "originSslProtocols": ["TLSv1.2"],
            "originReadTimeout": 60,
        },
    }


def _headers(stack: cdk.Stack, d: Deployment) -> str:
    security = {
        "contentSecurityPolicy": {"contentSecurityPolicy": CONTENT_SECURITY, "override": True},
        "contentTypeOptions": {"override": True},
        "frameOptions": {"frameOption": "DENY", "override": True},
        "referrerPolicy": {"referrerPolicy": "no-referrer", "override": True},
        "strictTransportSecurity": {
            "accessControlMaxAgeSec": 63_072_000,
            "includeSubdomains": True,
            "override": True,
        },
    }
    policy = cloudfront.CfnResponseHeadersPolicy(
        stack,
        "Headers",
        response_headers_policy_config={"name": d.named("console"), "securityHeadersConfig": security},
    )
    return str(policy.ref)


def _let_read(bucket: s3.Bucket, distribution: cloudfront.CfnDistribution) -> None:
    arn = f"arn:{cdk.Aws.PARTITION}:cloudfront::{ACCOUNT}:distribution/{distribution.ref}"
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid="ThisDistributionReads",
            principals=[iam.ServicePrincipal("cloudfront.amazonaws.com")],
            actions=["s3:GetObject"],
            resources=[bucket.arn_for_objects("*")],
            conditions={"StringEquals": {"aws:SourceArn": arn}},
        )
    )

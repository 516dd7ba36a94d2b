"""What an account or a region has only once, and whether it is there already: asked before a stack makes its own.

The templates make each of these under a condition, whose parameter `MakeNAME` the deployment answers with no where
somebody has made the thing before (infra/rimedio_infra/singletons.py).
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

ISSUER = "token.actions.githubusercontent.com"
SEARCH_ROLE = "AWSServiceRoleForAmazonOpenSearchService"
# Which stack makes what.
MADE_BY: Mapping[str, tuple[str, ...]] = {
    "network": ("SearchRole",),
    "cost": ("TagMonitor",),
    "github": ("OidcProvider",),
    "security": ("GuardDuty", "SecurityHub", "Recorder", "Analyzer"),
}
ABSENT = frozenset(
    {
        "NoSuchEntity",
        "ResourceNotFoundException",
        "InvalidAccessException",
        "AWSOrganizationsNotInUseException",
    }
)

Clients = Callable[[str], Any]


def there(name: str, clients: Clients) -> bool:
    """Whether the account has it. `clients` makes boto3 clients by service. Raises KeyError, ClientError."""
    try:
        return LOOKS[name](clients)
    except ClientError as error:
        if error.response["Error"]["Code"] in ABSENT:
            return False
        raise


def _provider(clients: Clients) -> bool:
    told = clients("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    return any(row["Arn"].endswith(f"oidc-provider/{ISSUER}") for row in told)


def _search_role(clients: Clients) -> bool:
    return bool(clients("iam").get_role(RoleName=SEARCH_ROLE))


def _detector(clients: Clients) -> bool:
    return bool(clients("guardduty").list_detectors()["DetectorIds"])


def _hub(clients: Clients) -> bool:
    return bool(clients("securityhub").describe_hub())


def _recorder(clients: Clients) -> bool:
    return bool(clients("config").describe_configuration_recorders()["ConfigurationRecorders"])


def _analyzer(clients: Clients) -> bool:
    return bool(clients("accessanalyzer").list_analyzers(type="ACCOUNT")["analyzers"])


def _member(clients: Clients) -> bool:
    """Whether another account manages this one: monitors by tag are that one's."""
    manager = clients("organizations").describe_organization()["Organization"]["MasterAccountId"]
    return bool(manager != clients("sts").get_caller_identity()["Account"])


LOOKS: Mapping[str, Callable[[Clients], bool]] = {
    "OidcProvider": _provider,
    "SearchRole": _search_role,
    "GuardDuty": _detector,
    "SecurityHub": _hub,
    "Recorder": _recorder,
    "Analyzer": _analyzer,
    "TagMonitor": _member,
}

"""Audits security groups: what is open to whom, and whether it should be.

A group is judged by its rules alone, from an account (`security_groups_ec2`) or from a template before it is deployed.
Sources: AWS Foundational Security Best Practices EC2.2, EC2.13, EC2.14, EC2.18, EC2.19; CIS AWS Foundations 5.x.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

EVERYTHING = "-1"
PORT_MAX = 65_535
WIDE_PORTS = 100  # a range of more ports than this is rarely meant
PUBLIC_PORTS = frozenset({80, 443})
ADMIN_PORTS: Mapping[int, str] = {22: "SSH", 3389: "RDP", 5985: "WinRM", 5986: "WinRM", 23: "Telnet"}
DATA_PORTS: Mapping[int, str] = {
    1433: "SQL Server", 1521: "Oracle", 3306: "MySQL", 5432: "PostgreSQL", 6379: "Redis", 9200: "OpenSearch",
    9300: "OpenSearch", 11211: "Memcached", 27017: "MongoDB", 2049: "NFS", 445: "SMB",
}  # fmt: skip
_WIDE_BITS = {4: 8, 6: 32}  # prefixes at least this wide count as "a good part of the internet"


class Severity(StrEnum):
    """How bad a finding is."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


@dataclass(frozen=True, slots=True)
class PortRule:
    """Who may reach which ports (`ingress`), or be reached. `sources` are CIDR blocks; groups are left out."""

    sources: tuple[str, ...]
    protocol: str = "tcp"  # tcp, udp, icmp, or EVERYTHING
    first: int = 0
    last: int = PORT_MAX
    ingress: bool = True
    description: str = ""

    @property
    def all_ports(self) -> bool:
        """Whether it opens every port."""
        return self.protocol == EVERYTHING or (self.first <= 0 and self.last >= PORT_MAX)

    def opens(self, port: int) -> bool:
        """Whether it opens this port."""
        return self.protocol == EVERYTHING or (
            self.protocol in ("tcp", "udp", "6", "17") and self.first <= port <= self.last
        )


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A group and its rules. `attached` says whether anything uses it; None where nobody knows."""

    group_id: str
    name: str
    rules: tuple[PortRule, ...] = ()
    attached: bool | None = None


@dataclass(frozen=True, slots=True)
class GroupFinding:
    """Something to change."""

    group_id: str
    code: str
    severity: Severity
    message: str


def audit_security_groups(groups: Iterable[SecurityGroup]) -> tuple[GroupFinding, ...]:
    """All findings, the worst first."""
    order = list(Severity)
    found = [finding for group in groups for finding in _findings(group)]
    return tuple(sorted(found, key=lambda f: (order.index(f.severity), f.group_id, f.code)))


def _findings(group: SecurityGroup) -> Iterator[GroupFinding]:
    if group.name == "default" and group.rules:
        yield _finding(
            group,
            "DEFAULT_GROUP_USED",
            Severity.HIGH,
            "The default group has rules. Remove them, and use groups of your own.",
        )
    if group.attached is False and group.name != "default":
        yield _finding(group, "UNUSED", Severity.LOW, "Nothing uses this group. Remove it.")
    for rule in group.rules:
        for source in rule.sources:
            if rule.ingress:
                yield from _ingress(group, rule, source)
            elif rule.all_ports and is_world(source):
                yield _finding(
                    group,
                    "EGRESS_ALL",
                    Severity.LOW,
                    f"Everything may leave to {source}. Name what is needed.",
                )


def _ingress(group: SecurityGroup, rule: PortRule, source: str) -> Iterator[GroupFinding]:
    world = is_world(source)
    if not world and not is_wide(source):
        return
    who = "the whole internet" if world else f"{source}, a large part of the internet"
    worst, named = _exposed(rule)
    if rule.all_ports:
        yield _finding(group, "ALL_PORTS_OPEN", Severity.CRITICAL, f"Every port is open to {who}.")
    elif named:
        yield _finding(
            group,
            "SENSITIVE_PORT_OPEN",
            worst,
            f"{named} is open to {who}. Use a session manager, a VPN or a group as source.",
        )
    elif rule.last - rule.first > WIDE_PORTS:
        yield _finding(
            group, "WIDE_RANGE_OPEN", Severity.HIGH, f"Ports {rule.first} to {rule.last} are open to {who}."
        )
    elif world and rule.protocol in ("tcp", "udp", "6", "17") and not _public(rule):
        yield _finding(
            group,
            "UNUSUAL_PORT_OPEN",
            Severity.MEDIUM,
            f"Port {rule.first} is open to {who}. Is it meant to be public?",
        )


def _exposed(rule: PortRule) -> tuple[Severity, str]:
    """The sensitive services that a rule opens, and how bad that is."""
    admin = [f"{name} ({port})" for port, name in ADMIN_PORTS.items() if rule.opens(port)]
    data = [f"{name} ({port})" for port, name in DATA_PORTS.items() if rule.opens(port)]
    return (Severity.CRITICAL if admin else Severity.HIGH), ", ".join([*admin, *data])


def _public(rule: PortRule) -> bool:
    return all(port in PUBLIC_PORTS for port in range(rule.first, rule.last + 1))


def is_world(cidr: str) -> bool:
    """Whether a block is every address."""
    network = _network(cidr)
    return network is not None and network.prefixlen == 0


def is_wide(cidr: str) -> bool:
    """Whether a block holds a good part of the public internet."""
    network = _network(cidr)
    return network is not None and network.is_global and network.prefixlen <= _WIDE_BITS[network.version]


def _network(cidr: str) -> "ipaddress.IPv4Network | ipaddress.IPv6Network | None":
    try:
        return ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return None


def _finding(group: SecurityGroup, code: str, severity: Severity, message: str) -> GroupFinding:
    return GroupFinding(group.group_id, code, severity, f"{group.name}: {message}")

"""Refuses URLs that would make Rimedio call its own machine, its network or a cloud's metadata service.

A name is resolved once and the connection goes to the very addresses that were judged (`pinned`), so a DNS
answer that changes between the check and the call (rebinding) changes nothing. Redirects must not be
followed, or each hop must be checked again. Rules: OWASP "Server-Side Request Forgery Prevention", IANA's
special-purpose address registries (RFC 6890), the WHATWG URL standard for hosts that end in a number.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from rimedio.domain.errors import InvalidInput, Unavailable

URL_CHARS_MAX = 2048
SCHEMES = {"http": 80, "https": 443}
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]

_HOST = re.compile(r"^(?=.{1,253}$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9-]{1,63}\.?$")
_NUMBER = re.compile(r"^(0[xX][0-9A-Fa-f]*|\d+)$")
_AS_GIVEN = "".join(map(chr, range(0x21, 0x7F)))  # only letters beyond ASCII are written in percent
_UNWANTED = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]")
_REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "224.0.0.0/3",
        "168.63.129.16/32",  # Azure's host, reachable from inside under a public address
        "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16",
        "fc00::/7", "fe80::/9", "ff00::/8",
    )
)  # fmt: skip
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")  # all that IANA has given out of IPv6 for the internet
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class PublicUrl:
    """A URL that may be called, with the addresses that were judged: connect to these and no others."""

    url: str
    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]

    @property
    def headers(self) -> Mapping[str, str]:
        """The Host header to send, since the pinned URL carries an address."""
        bare = f"[{self.host}]" if ":" in self.host else self.host
        return {"Host": bare if self.port == SCHEMES[self.scheme] else f"{bare}:{self.port}"}

    @property
    def extensions(self) -> Mapping[str, str]:
        """What httpx needs to check the certificate against the name: `extensions=` of a request."""
        return {"sni_hostname": self.host} if self.scheme == "https" else {}

    def pinned(self, place: int = 0) -> str:
        """The same URL on the judged address number `place`: what to hand to the HTTP client."""
        address = self.addresses[place]
        bare = f"[{address}]" if ":" in address else address
        parts = urlsplit(self.url)
        path, query = (quote(part, safe=_AS_GIVEN) for part in (parts.path or "/", parts.query))
        return urlunsplit((self.scheme, f"{bare}:{self.port}", path, query, ""))


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name, as the operating system knows them. Raises Unavailable when there is none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        msg = f"The name {host!r} has no address ({error}). Check its spelling, or try again later."
        raise Unavailable(msg) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def check_public_url(url: str, *, allow_loopback: bool = False, resolver: Resolver = resolve) -> PublicUrl:
    """The URL with the addresses to connect to.

    `allow_loopback` lets 127.0.0.0/8 and ::1 pass, for development and tests; other private ranges stay
    refused. Raises InvalidInput for a URL that must not be called, Unavailable when the name has no address.
    """
    parts = _split(url)
    host = _host(parts, url)
    port = _port(parts, url)
    literal = _literal(host)
    addresses = [str(literal)] if literal is not None else list(resolver(host, port))
    if not addresses:
        raise Unavailable(f"The name {host!r} has no address. Check its spelling, or try again later.")
    for address in addresses:
        _require_public(address, host, allow_loopback)
    return PublicUrl(url, parts.scheme.lower(), host, port, tuple(addresses))


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, also where it hides an IPv4 address inside."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return is_public(inner)
        if address not in _GLOBAL_UNICAST:
            return False
    if any(address in network for network in _REFUSED if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that traffic to a mapped, 6to4, Teredo or NAT64 address ends at."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _split(url: str) -> SplitResult:
    if len(url) > URL_CHARS_MAX:
        raise InvalidInput(f"The URL has {len(url)} characters; at most {URL_CHARS_MAX} are accepted.")
    if _UNWANTED.search(url):
        msg = f"The URL {url!r} has blanks, control or broken characters, or backslashes. Remove them."
        raise InvalidInput(msg)
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InvalidInput(f"{url!r} is not a URL ({error}). Give one such as https://host/path.") from error
    if parts.scheme.lower() not in SCHEMES:
        raise InvalidInput(f"The URL {url!r} must begin with http:// or https://.")
    if "@" in parts.netloc:
        raise InvalidInput(
            "The URL carries a user name or password. Remove it; use a signed webhook instead."
        )
    return parts


def _host(parts: SplitResult, url: str) -> str:
    host = parts.hostname or ""
    if not host:
        raise InvalidInput(f"The URL {url!r} names no host. Give one such as https://host/path.")
    if ":" in host:
        return host
    if not host.isascii():
        raise InvalidInput(f"The host {host!r} has letters beyond ASCII. Write it as punycode (xn--…).")
    if not _HOST.match(host):
        raise InvalidInput(f"{host!r} is not the name of a host. Check the URL.")
    return host.rstrip(".")


def _port(parts: SplitResult, url: str) -> int:
    try:
        port = parts.port
    except ValueError as error:
        raise InvalidInput(f"The URL {url!r} has no valid port ({error}).") from error
    if port == 0:
        raise InvalidInput(f"The URL {url!r} has port 0. Give a port from 1 to 65535.")
    return port or SCHEMES[parts.scheme.lower()]


def _literal(host: str) -> Address | None:
    """The address that the host is written as; None for a name.

    Resolvers read 2130706433, 0177.1 and 0x7f.0.0.1 as addresses; only four plain decimal numbers are one.
    """
    if ":" not in host and not _NUMBER.match(host.rsplit(".", 1)[-1]):
        return None
    try:
        if "%" in host:
            raise ValueError("a zone is local by nature")
        return ipaddress.ip_address(host)
    except ValueError as error:
        msg = f"{host!r} is not an address ({error}). Write four decimal numbers, an IPv6 address, or a name."
        raise InvalidInput(msg) from error


def _require_public(text: str, host: str, allow_loopback: bool) -> None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise InvalidInput(f"The name {host!r} resolves to {text!r}, which is no address.") from error
    if allow_loopback and address.is_loopback:
        return
    if not is_public(address):
        msg = (
            f"The URL's host {host!r} stands at {address}, an address that is private, local or reserved. "
            "Only public addresses are called."
        )
        raise InvalidInput(msg)

"""URLs that must not be called, however they are written."""

import pytest

from rimedio.domain.errors import InvalidInput, Unavailable
from rimedio.security.ssrf import check_public_url

PUBLIC = "93.184.215.14"


def at(*addresses: str):
    return lambda _host, _port: addresses


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.8.9.1:8080/x",
        "http://10.0.0.1/",
        "http://172.16.5.4/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.100.100.200/",
        "http://168.63.129.16/metadata",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://198.18.0.1/",
        "http://192.0.2.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[::127.0.0.1]/",
        "http://[fe80::1]/",
        "http://[fe80::1%25eth0]/",
        "http://[fd00:ec2::254]/",
        "http://[ff02::1]/",
        "http://[2002:7f00:1::]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[::ffff:0:10.0.0.1]/",
        "http://[4000::1]/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://0x7f.0.0.1/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://017700000001/",
        "http://1.2.3.4.5/",
    ],
)
def test_an_address_that_is_not_public_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        check_public_url(url, resolver=at(PUBLIC))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "//example.com/",
        "https://",
        "https:///path",
        "https://user:word@example.com/",
        "https://user@example.com/",
        "https://example.com@127.0.0.1/",
        "https://exa mple.com/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/\r\nX: y",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:abc/",
        "https://ⓔxample.com/",
        "https://127。0。0。1/",
        "https://[::1/",
        "https://example.com/\ud800",
        "https://-a-.b..c/",
        "https://example.com/" + "a" * 3000,
    ],
)
def test_a_url_of_the_wrong_shape_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        check_public_url(url, resolver=at(PUBLIC))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.1.1", "::1", "::ffff:10.0.0.1", "169.254.169.254"])
def test_a_name_is_judged_by_every_address_it_has(address: str) -> None:
    with pytest.raises(InvalidInput, match="private, local or reserved"):
        check_public_url("https://hooks.example.com/", resolver=at(PUBLIC, address))


def test_a_public_url_is_pinned_to_the_addresses_that_were_judged() -> None:
    found = check_public_url("https://Hooks.Example.com/in?a=1#part", resolver=at(PUBLIC, "2606:2800::1"))

    assert found.host == "hooks.example.com"
    assert found.pinned() == f"https://{PUBLIC}:443/in?a=1"
    assert found.pinned(1) == "https://[2606:2800::1]:443/in?a=1"
    assert found.headers == {"Host": "hooks.example.com"}
    assert found.extensions == {"sni_hostname": "hooks.example.com"}


def test_letters_beyond_ascii_go_over_the_wire_in_percent_and_nothing_else_is_changed() -> None:
    found = check_public_url("https://hooks.example.com/perché/%20a+b;c?q=è&r=%C3%A8#è", resolver=at(PUBLIC))

    assert found.pinned() == f"https://{PUBLIC}:443/perch%C3%A9/%20a+b;c?q=%C3%A8&r=%C3%A8"


def test_another_port_stands_in_the_host_header() -> None:
    found = check_public_url("http://hooks.example.com:8080/in", resolver=at(PUBLIC))

    assert found.headers == {"Host": "hooks.example.com:8080"}
    assert found.extensions == {}


def test_loopback_passes_only_where_it_is_allowed_and_nothing_else_does() -> None:
    assert check_public_url("http://127.0.0.1:9/", allow_loopback=True).addresses == ("127.0.0.1",)
    assert check_public_url("http://localhost:9/", allow_loopback=True, resolver=at("::1")).port == 9
    for address in ("10.0.0.1", "169.254.169.254"):
        with pytest.raises(InvalidInput):
            check_public_url(f"http://{address}/", allow_loopback=True)


def test_a_name_without_an_address_may_have_one_later() -> None:
    with pytest.raises(Unavailable):
        check_public_url("https://hooks.example.com/", resolver=at())

"""Other sites' pages."""

from rimedio.lambdas.cors import CrossOrigin

ASKS = {"origin": "https://app.example", "access-control-request-method": "POST"}


def test_by_default_no_other_site_may_read_an_answer() -> None:
    nobody = CrossOrigin([""])

    assert nobody.headers("https://app.example") == []
    assert nobody.preflight(ASKS) is None


def test_an_allowed_site_is_named_and_no_other() -> None:
    allowed = CrossOrigin(["https://app.example/", " https://two.example "])

    assert (
        dict(allowed.headers("https://app.example"))[b"access-control-allow-origin"] == b"https://app.example"
    )
    for origin in ("https://evil.example", "https://app.example.evil", "null", "http://app.example", None):
        assert b"access-control-allow-origin" not in dict(allowed.headers(origin))
        assert (b"vary", b"origin") in allowed.headers(origin)


def test_a_preflight_says_what_may_be_sent_but_never_credentials() -> None:
    found = dict(CrossOrigin(["https://app.example"]).preflight(ASKS) or [])

    assert b"authorization" in found[b"access-control-allow-headers"]
    assert b"access-control-allow-credentials" not in found


def test_an_options_request_that_is_no_preflight_is_none() -> None:
    allowed = CrossOrigin(["https://app.example"])

    assert allowed.preflight({"origin": "https://app.example"}) is None
    assert allowed.preflight({"access-control-request-method": "GET"}) is None
    assert allowed.preflight({**ASKS, "origin": "https://evil.example"}) is None

"""Log lines are for machines or for people, and hold neither secrets nor personal data."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from rimedio.observability.correlation import bound
from rimedio.observability.logs import ROOT, configure_logs, get_logger

log = get_logger("test")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    logger = logging.getLogger(ROOT)
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.fixture
def out() -> io.StringIO:
    stream = io.StringIO()
    configure_logs("DEBUG", stream=stream, redact=lambda text: text.replace("Marta", "[PERSON]"))
    return stream


def line(out: io.StringIO) -> dict:
    (text,) = out.getvalue().splitlines()
    return json.loads(text)


def test_a_line_tells_what_when_where_and_for_whom(out: io.StringIO) -> None:
    with bound(tenant="acme", ticket_id="tkt_1", request_id="req_1", trace_id="a" * 32, execution_id="exe_1"):
        log.info("Ticket settled", status="READY", seconds=1.5)
    found = line(out)
    assert found["level"] == "INFO"
    assert found["message"] == "Ticket settled"
    assert found["location"].startswith("test_a_line_tells")
    assert found["timestamp"].endswith("+00:00")
    ids = ("tenant", "ticket_id", "request_id", "trace_id", "execution_id")
    assert [found[name] for name in ids] == ["acme", "tkt_1", "req_1", "a" * 32, "exe_1"]
    assert (found["status"], found["seconds"]) == ("READY", 1.5)


def test_ids_end_with_what_they_belong_to(out: io.StringIO) -> None:
    with bound(ticket_id="tkt_1"), bound(step="generate"):
        pass
    log.info("Outside")
    assert "ticket_id" not in line(out)


def test_personal_data_is_taken_out_of_messages_fields_and_tracebacks(out: io.StringIO) -> None:
    try:
        raise ValueError("Marta called")
    except ValueError as error:
        log.error("Marta's ticket failed", error=error, said="Marta again", where={"who": "Marta"})
    assert "Marta" not in out.getvalue()
    assert out.getvalue().count("[PERSON]") >= 4
    assert line(out)["exception_name"] == "ValueError"


@pytest.mark.parametrize(
    "secret",
    [
        "Bearer " + "abcdefgh12345678",
        "eyJ" + "hbGciOiJSUzI1NiJ9." + "eyJzdWIiOiIxIn0." + "c2lnbmF0dXJl",
        "https://user:" + "hunter2" + "@example.com",
        "AKIA" + "A" * 16,
        "whsec_" + "0123456789abcdef",
        "password=" + "hunter2",
        "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIE\n-----END RSA PRIVATE " + "KEY-----",
    ],
)
def test_what_looks_like_a_secret_is_masked(out: io.StringIO, secret: str) -> None:
    log.warning(f"Sent {secret} away", note=secret)
    kept = line(out)
    for piece in ("hunter2", "MIIE", "abcdefgh", "c2lnbmF0", "A" * 16, "0123456789abcdef"):
        assert piece not in kept["message"] + kept["note"]


@pytest.mark.parametrize(
    "name", ["authorization", "llm_api_key", "Set-Cookie", "client_secret", "password", "code"]
)
def test_what_is_called_a_secret_is_masked(out: io.StringIO, name: str) -> None:
    log.info("Called", **{name: "plain words"})
    assert line(out)[name] == "***"


def test_counts_of_tokens_are_no_secret(out: io.StringIO) -> None:
    log.info("Asked", tokens_input=120, token=7)
    assert (line(out)["tokens_input"], line(out)["token"]) == (120, 7)


def test_other_modules_log_lines_take_the_same_way(out: io.StringIO) -> None:
    logging.getLogger("rimedio.other").warning("Marta said %s", "Bearer " + "abcdefgh12345678")
    assert line(out)["message"] == "[PERSON] said ***"


def test_below_the_level_nothing_is_said() -> None:
    stream = io.StringIO()
    configure_logs("WARNING", stream=stream)
    log.info("Quiet")
    log.debug("Quieter")
    assert stream.getvalue() == ""


def test_on_a_terminal_a_line_is_for_people_and_stays_one_line() -> None:
    stream = Terminal()
    configure_logs("INFO", stream=stream)
    with bound(ticket_id="tkt_1", tenant="acme"):
        log.info("Two\nlines \x1b[2Jand a trick", wait="3 s")
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert "\x1b[2J" not in text
    assert "ticket_id=tkt_1" in text
    assert "wait=3 s" in text


def test_json_stays_one_line_whatever_is_logged(out: io.StringIO) -> None:
    log.info("a\nb\u2028c", text="x\ny", other=object)
    assert line(out)["message"] == "a\nb\u2028c"


def test_huge_texts_are_cut(out: io.StringIO) -> None:
    log.info("x" * 100_000, text="y" * 100_000)
    assert len(out.getvalue()) < 10_000


def test_setting_up_again_replaces_the_first(out: io.StringIO) -> None:
    second = io.StringIO()
    configure_logs("INFO", stream=second)
    log.info("Once")
    assert out.getvalue() == ""
    assert len(second.getvalue().splitlines()) == 1

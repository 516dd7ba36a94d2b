"""`rimedio sign-in` and `rimedio token` beside a service that runs on the same folder."""

import json

import httpx
import pytest
from tests.integration.http.house import ACME, House, running_house
from typer.testing import CliRunner

from rimedio.cli.app import app


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory):
    with running_house(tmp_path_factory.mktemp("commands")) as found:
        yield found


def run(house: House, *arguments: str) -> str:
    folder = str(house.system.folder.path)
    done = CliRunner().invoke(app, ["--data-dir", folder, "--tenant", ACME, *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def who(house: House, token: str) -> dict[str, object]:
    answer = httpx.get(house.url + "/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=60)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_code_made_while_the_service_runs_signs_in(house: House) -> None:
    made = json.loads(run(house, "sign-in", "--role", "technician", "--subject", "luca", "--json"))
    session = httpx.post(house.url + "/v1/session", json={"code": made["code"]}, timeout=60)

    assert made["link"].endswith(f"/?code={made['code']}")
    me = who(house, session.json()["token"])
    assert (me["subject"], me["roles"], me["tenant_id"]) == ("luca", ["technician"], ACME)


def test_a_token_made_while_the_service_runs_counts(house: House) -> None:
    token = run(house, "token", "--role", "integration", "--days", "1").splitlines()[0]

    assert who(house, token)["roles"] == ["integration"]


def test_a_rotation_beside_the_service_keeps_its_tokens(house: House) -> None:
    before = house.token()
    run(house, "keys", "rotate")
    after = run(house, "token").splitlines()[0]

    who(house, before)
    assert len(httpx.get(house.url + "/.well-known/jwks.json", timeout=60).json()["keys"]) >= 1
    assert after.split(".")[0] != before.split(".")[0]


def test_after_a_theft_no_token_of_before_counts(house: House) -> None:
    stolen = run(house, "token").splitlines()[0]
    run(house, "keys", "rotate", "--stolen")
    fresh = run(house, "token").splitlines()[0]

    who(house, fresh)
    refused = httpx.get(house.url + "/v1/me", headers={"Authorization": f"Bearer {stolen}"}, timeout=60)
    assert refused.status_code == 401

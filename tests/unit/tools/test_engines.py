"""What of the engines needs no engine: which Java fits, what is recorded, when a reason is given."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tools.engines import start
from tools.engines.java import Jdk, Missing, chosen, version_in
from tools.engines.recipes import RECIPES, ROOT
from tools.engines.record import Record, recorded

POM = "{http://maven.apache.org/POM/4.0.0}"


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime', 17),
        ('openjdk version "25" 2025-09-16', 25),
        ('java version "1.8.0_402"', 1),
        ("command not found", 0),
    ],
)
def test_the_version_of_a_java_is_read(said: str, version: int) -> None:
    assert version_in(said) == version


def test_the_lowest_java_that_is_new_enough_is_taken() -> None:
    jdks = [Jdk(version, Path(f"/jvm/{version}")) for version in (25, 11, 17, 21)]
    assert chosen(jdks, 17).version == 17
    assert chosen(jdks, 18).version == 21
    with pytest.raises(Missing, match=r"JDK 26 .* 17 on Debian 12, 21 on Debian 13"):
        chosen(jdks, 26)


def test_the_record_is_what_tests_read_and_survives_damage(tmp_path: Path) -> None:
    path = tmp_path / "engines.json"
    record = Record({"dynamodb": "http://127.0.0.1:8000"}, {"dynamodb": 42}, {"opensearch": "no Maven"})
    record.write(path)
    assert json.loads(path.read_text())["dynamodb"] == "http://127.0.0.1:8000"
    assert recorded(path) == record
    for damaged in ("", "[]", '{"pids": 3}', '{"dynamodb": "x"}'):
        path.write_text(damaged)
        assert recorded(path) == Record()
    assert recorded(tmp_path / "absent") == Record()


def test_without_maven_the_reason_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(Missing, match="apt-get install maven"):
        start.Maven().fetch(replace(RECIPES[0], has=tmp_path / "absent.jar"))


def test_maven_that_failed_is_not_waited_for_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/mvn")
    monkeypatch.setattr(start.Maven, "_run", lambda _, __, recipe: asked.append(recipe.name) or "no network")
    maven = start.Maven()
    for recipe in RECIPES:
        with pytest.raises(Missing, match="no network"):
            maven.fetch(replace(recipe, has=tmp_path / "absent.jar"))
    assert asked == [RECIPES[0].name]


def test_pom_and_recipes_speak_of_the_same_versions_and_of_no_repository() -> None:
    pom = ET.parse(ROOT / "pom.xml").getroot()
    profiles = {profile.findtext(f"{POM}id"): profile for profile in pom.iter(f"{POM}profile")}
    assert set(profiles) == {recipe.profile for recipe in RECIPES}
    for recipe in RECIPES:
        versions = {found.text for found in profiles[recipe.profile].iter(f"{POM}version")}
        assert any(version and version in recipe.has.name for version in versions), recipe.has
    assert not list(pom.iter(f"{POM}repository")) + list(pom.iter(f"{POM}pluginRepository"))


def test_docker_gives_the_same_engines_at_the_same_ports_on_loopback_only() -> None:
    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    ports = [line.split('"')[1] for line in compose.splitlines() if line.strip().startswith("ports:")]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert {int(port.split(":")[1]) for port in ports} >= {recipe.port for recipe in RECIPES}

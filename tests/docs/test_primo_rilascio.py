"""The page on the first deployment is true: what needs no account is executed, of the rest every word exists.

The page deploys `dev`; the templates that a test run has are prod's, which differ in nothing that these commands print.
"""

import importlib
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.infra.conftest import assembly  # noqa: F401 - a fixture, made once a run

PAGE = ROOT / "docs" / "05-operations" / "primo-rilascio.md"
BLOCK = re.compile(r"```(sh|console)\n(.*?)```", re.DOTALL)
TOOL = re.compile(r"(?:\S*/)?python -m (tools\.\w+)(.*)")


def commands(kind: str) -> Iterator[tuple[str, list[str]]]:
    """Commands of the page's blocks of a kind, each with what it prints."""
    for found, body in BLOCK.findall(PAGE.read_text("utf-8")):
        if found != kind:
            continue
        if kind == "sh":
            yield from ((line, []) for line in body.splitlines() if line.strip())
            continue
        for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command, *printed = part.splitlines()
            yield command, printed


def said(module: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], str]:
    """Run a tool in this process; its lines, and what it said of its failure."""
    monkeypatch.setattr(sys, "argv", [module, *words])
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            importlib.import_module(module).main()
        except SystemExit as ended:
            if ended.code:
                return [], err.getvalue()
    return [line.rstrip() for line in out.getvalue().splitlines()], err.getvalue()


def as_prod(command: str, folder: Path) -> tuple[str, list[str]]:
    """The command for the templates at hand."""
    found = TOOL.fullmatch(command)
    assert found, command
    words = shlex.split(found[2].replace("--stage dev", "--stage prod"))
    return found[1], [*words, "--assembly", str(folder)]


def test_every_command_that_needs_no_account_prints_what_the_page_shows(
    assembly: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []
    for command, printed in commands("console"):
        module, words = as_prod(command, assembly)
        seen.append(module)
        if module == "tools.remove":
            continue  # knows dev alone: the next test
        lines, failed = said(module, words, monkeypatch)
        assert not failed
        told = [
            line.replace(str(assembly), "build/cdk").replace("prod-frugal", "dev-frugal") for line in lines
        ]
        shown = printed[: printed.index("…")] if "…" in printed else printed
        assert told[: len(shown)] == shown, command
        assert "…" in printed or len(told) == len(shown), command
    assert seen == ["tools.cost_estimate", "tools.deploy", "tools.remove"]


def test_what_is_taken_away_is_what_was_deployed_the_other_way_round(
    assembly: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manifest = assembly / "assembly-prod-frugal" / "manifest.json"
    home = tmp_path / "build" / "cdk" / "assembly-dev-frugal"
    home.mkdir(parents=True)
    (home / "manifest.json").write_text(
        manifest.read_text("utf-8").replace("rimedio-prod-", "rimedio-dev-"), "utf-8"
    )
    deployed = next(printed for command, printed in commands("console") if "tools.deploy" in command)
    stacks = [line.split()[4] for line in deployed]

    words = ["--stage", "dev", "--profile", "frugal", "--dry-run", "--assembly", str(home.parent)]
    lines, failed = said("tools.remove", words, monkeypatch)

    assert not failed
    assert [line.split()[4] for line in lines] == stacks[::-1]
    shown = next(printed for command, printed in commands("console") if "tools.remove" in command)
    told = [line.replace(str(home.parent), "build/cdk") for line in lines]
    assert told[:2] == shown[:2]


def test_every_tool_of_the_page_takes_the_options_that_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [found for command, _ in commands("sh") if (found := TOOL.fullmatch(command))]
    assert {found[1] for found in asked} == {
        f"tools.{name}" for name in ("package_lambda", "deploy", "invite", "rollback", "remove")
    }
    for found in asked:
        lines, _ = said(found[1], ["--help"], monkeypatch)
        known = set(re.findall(r"--[a-z-]+", "\n".join(lines)))
        assert set(re.findall(r"--[a-z-]+", found[2])) <= known, found[0]


def test_every_operation_of_aws_on_the_page_exists_with_its_parameters() -> None:
    session = pytest.importorskip("botocore.session", reason="botocore is not installed").get_session()
    everywhere = {"--region", "--query", "--output"}
    asked = [words for command, _ in commands("sh") for words in re.findall(r"aws ([a-z]+ [^$)]+)", command)]
    assert len(asked) == 8
    for text in asked:
        service, operation, *options = text.split()
        name = "".join(part.capitalize() for part in operation.split("-"))
        members = session.get_service_model(service).operation_model(name).input_shape.members
        known = {"--" + re.sub(r"(?<!^)(?=[A-Z])", "-", member).lower() for member in members}
        given = {option for option in options if option.startswith("--")}
        assert given <= known | everywhere, text


def test_the_page_names_targets_versions_and_settings_that_are_there() -> None:
    from tools.deploy import CDK

    text = PAGE.read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"^make (\w+)", text, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
    assert set(re.findall(r"aws-cdk@[\d.]+", text)) == {CDK}
    settings = (ROOT / "infra" / "deployments.toml").read_text("utf-8")
    table = re.findall(r"^\| (`[^|]+`) \|", text, flags=re.MULTILINE)
    for name in (name for row in table for name in re.findall(r"`([a-z_]+)`", row)):
        assert re.search(rf"^{name} = ", settings, flags=re.MULTILINE), name
    assert "[models]" in settings


def test_the_bootstrap_of_the_page_reaches_every_region_that_the_profile_goes_to(assembly: Path) -> None:  # noqa: F811
    from rimedio_infra.templates import templates

    wanted = {t.region for t in templates(assembly) if t.profile == "frugal"}
    (command,) = [c for c, _ in commands("sh") if " bootstrap " in c]
    assert {word.rpartition("/")[2] for word in command.split() if word.startswith("aws://")} == wanted


def test_a_deployment_of_bare_sources_is_refused_as_the_page_says(assembly: Path) -> None:  # noqa: F811
    # The templates of the tests hold no archive: the real script must not even ask for credentials.
    command = [sys.executable, "-m", "tools.deploy", "--stage", "prod", "--profile", "frugal", "--assembly"]
    done = subprocess.run(
        [*command, str(assembly)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "tools.package_lambda" in done.stderr

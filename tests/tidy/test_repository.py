"""What must never be committed, and what must always be there."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KIB_MAX = 1024

FORBIDDEN = {
    # Dots in brackets, so that this very file does not hold what it forbids.
    "a package registry's host": r"pypi[.]org|pythonhosted[.]org|registry[.]npmjs[.]org|repo1[.]maven",
    "a path of one machine": r"(?<![\w.~-])/(?:work|root)[/]\w|/home[/](?!v1/)\w+/",
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a private key": r"-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE[ ]KEY-----",
    "a bearer token": r"\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.",
    "a key of a hosted service": r"\b(?:sk-[A-Za-z0-9]{32,}|ghp_[A-Za-z0-9]{36}|xox[bp]-\d{8,})",
}


@cache
def tracked() -> tuple[Path, ...]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so there is no list of committed files")
    names = [n for n in listed.stdout.decode().split("\0") if n]
    return tuple(ROOT / n for n in names if (ROOT / n).is_file())


@cache
def text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_committed_holds(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    guilty = [str(p.relative_to(ROOT)) for p in tracked() if pattern.search(text_of(p))]
    assert not guilty, f"{what} stands in {guilty}"


def test_no_committed_file_is_large() -> None:
    large = {
        str(p.relative_to(ROOT)): p.stat().st_size for p in tracked() if p.stat().st_size > KIB_MAX * 1024
    }
    assert not large


@pytest.mark.parametrize("name", ["runtime", "model", "build", "dev", "model-weights"])
def test_every_locked_requirement_has_hashes_and_no_address(name: str) -> None:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").replace("\\\n", " ").splitlines()
    pins = [line for line in lines if line.strip() and not line.startswith("#")]
    assert pins
    assert not [line for line in pins if "--hash=sha256:" not in line]
    assert not [line for line in pins if re.search(r"https?://|--(extra-)?index-url|--find-links", line)]


def test_everything_a_newcomer_looks_for_is_there() -> None:
    for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "Makefile", ".ci/run"):
        assert (ROOT / name).stat().st_size > 0, name


def test_every_make_target_that_the_documents_name_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    documents = [p for p in tracked() if p.suffix == ".md"]
    named = {t for p in documents for t in re.findall(r"`make ([a-z-]+)", text_of(p))}
    assert named, "the documents name no make target at all"
    assert not named - targets

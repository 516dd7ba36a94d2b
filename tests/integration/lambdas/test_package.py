"""The package as Lambda unpacks it: small enough, complete, and the same when it is built again."""

import hashlib
import json
import platform
import shutil
import subprocess
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from tools.package_lambda import SOURCE, UNZIPPED_MB_MAX, ZIPPED_MB_MAX, Package, build, python_of_lambda

from rimedio.lambdas.functions import FUNCTIONS

ARCHITECTURE = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
PROGRAM = """
import json, sys
from importlib import import_module
from pathlib import Path, PurePosixPath
for name in json.loads(sys.argv[1]):
    import_module("rimedio.lambdas.functions." + name)
for name in ("boto3", "docx", "docutils.core", "selectolax.lexbor", "pypdfium2", "PIL.Image", "fasttext", "Stemmer",
             "cryptography.hazmat.primitives.asymmetric.ec", "opensearchpy", "opentelemetry.sdk.trace", "numpy.linalg"):
    import_module(name)
import boto3
boto3.session.Session(region_name="eu-south-1").client("dynamodb", aws_access_key_id="x", aws_secret_access_key="x")
from rimedio.bootstrap.system import Rimedio
from rimedio.llm.guardrails.pii import redact
assert "[EMAIL" in redact("write to anna@example.com").text
print(sys.version_info.minor)
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources as they are now: both builds take the same."""
    kept = tmp_path_factory.mktemp("source") / "rimedio"
    shutil.copytree(SOURCE, kept, ignore=shutil.ignore_patterns("__pycache__", "models"))
    return kept


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Package:
    try:
        return build(tmp_path_factory.mktemp("package") / "lambda.zip", ARCHITECTURE, source=source)
    except subprocess.CalledProcessError:
        pytest.skip("the wheels of requirements/lambda.txt cannot be had here")


def test_lambda_takes_the_package(package: Package) -> None:
    assert package.zipped_mb < ZIPPED_MB_MAX
    assert package.unzipped_mb < UNZIPPED_MB_MAX


def test_the_package_that_is_deployed_is_for_arm64_and_fits_too(
    package: Package, tmp_path: Path, source: Path
) -> None:
    """The wheels for Amazon's own processors, whatever this machine is."""
    made = package if ARCHITECTURE == "arm64" else build(tmp_path / "arm64.zip", "arm64", source=source)
    assert made.zipped_mb < ZIPPED_MB_MAX
    assert made.unzipped_mb < UNZIPPED_MB_MAX
    with zipfile.ZipFile(made.path) as packed:
        libraries = [name for name in packed.namelist() if ".so" in PurePosixPath(name).suffixes]
        machines = {packed.read(name)[18:20] for name in libraries}
    assert len(libraries) > 20
    assert machines == {b"\xb7\x00"}  # EM_AARCH64 (ELF header, e_machine)


def test_every_function_starts_out_of_the_package_alone(package: Package, tmp_path: Path) -> None:
    python = python_of_lambda()
    if python is None:
        pytest.skip("there is no interpreter of Lambda's version on this machine")
    with zipfile.ZipFile(package.path) as packed:
        packed.extractall(tmp_path)
    command = [python, "-S", "-B", "-W", "ignore", "-c", PROGRAM, json.dumps(FUNCTIONS)]
    environment = {"PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "13"


def test_the_package_holds_no_path_of_the_machine_that_built_it(package: Package) -> None:
    with zipfile.ZipFile(package.path) as packed:
        names = packed.namelist()
        assert names == sorted(names, key=PurePosixPath)
        compiled = [name for name in names if name.endswith(".pyc") and "rimedio" in name]
        for name in compiled[:50]:
            assert str(Path.home()).encode() not in packed.read(name)


def test_built_again_it_is_the_same(package: Package, source: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "again.zip", ARCHITECTURE, source=source)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (package.path, again.path)]
    assert digests[0] == digests[1]
    shutil.rmtree(tmp_path)

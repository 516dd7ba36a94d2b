"""The templates of prod in both profiles, synthesized once a test run, whichever worker needs them first."""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
sys.path[:0] = [path for path in (str(INFRA),) if path not in sys.path]
WAIT_SECONDS = 400


def needed() -> None:
    """Skip, and say why, where the CDK or Node is missing."""
    for module in ("aws_cdk", "cdk_nag"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed: pip install the dependency group `infra`")
    if shutil.which("node") is None:
        pytest.skip("the CDK needs Node; Debian: apt-get install nodejs")


def synthesize(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the app in a process of its own, without credentials and without a region."""
    hidden = ("AWS_", "CDK_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    command = [sys.executable, str(INFRA / "app.py"), "--outdir", str(folder), *options]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=WAIT_SECONDS
    )


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the cloud assembly of prod, both profiles; cdk-nag's rules were asked while it was made."""
    needed()
    if ready := os.environ.get(
        "RIMEDIO_ASSEMBLY"
    ):  # made before, by `python infra/app.py --stage prod --outdir …`
        return Path(ready)
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, lock = shared / "assembly", shared / "assembly.lock"
    try:
        lock.mkdir()
    except FileExistsError:  # another worker makes it
        return _awaited(folder)
    done = synthesize(shared / "making", "--stage", "prod")
    (shared / "making.txt").write_text(done.stdout + done.stderr, "utf-8")
    if done.returncode == 0:
        (shared / "making").rename(folder)
    else:
        (shared / "assembly.failed").write_text(done.stdout + done.stderr, "utf-8")
    return _awaited(folder)


def _awaited(folder: Path) -> Path:
    until = time.monotonic() + WAIT_SECONDS
    failed = folder.with_name("assembly.failed")
    while time.monotonic() < until:
        if folder.exists():
            return folder
        if failed.exists():
            pytest.fail(failed.read_text("utf-8")[-3000:])
        time.sleep(0.2)
    pytest.fail(f"nobody made {folder} within {WAIT_SECONDS} s")

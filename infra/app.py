"""The CDK app: `python infra/app.py [--stage STAGE] [--profile PROFILE] [--outdir DIR]` writes the templates.

Needs no account, no credentials and no network; one process for all stages and both profiles.
"""

import argparse
import os
import sys
from pathlib import Path

# Node 20 serves well; without this, jsii prints a banner about its age at every start.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "src")]

from rimedio_infra.assembly import synthesize  # noqa: E402 - after the path and the banner
from rimedio_infra.deployment import Profile, StageName  # noqa: E402 - after the path and the banner
from rimedio_infra.functions import Code  # noqa: E402 - after the path and the banner

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Read the command line and write the cloud assembly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", type=StageName, action="append", help="only this stage (may be repeated)")
    parser.add_argument(
        "--profile", type=Profile, action="append", help="only this profile (may be repeated)"
    )
    parser.add_argument("--outdir", type=Path, default=os.environ.get("CDK_OUTDIR", ROOT / "build" / "cdk"))
    parser.add_argument("--lambda-zip", type=Path, default=os.environ.get("RIMEDIO_LAMBDA_ZIP"))
    parser.add_argument("--architecture", default="arm64", choices=("arm64", "x86_64"))
    parser.add_argument("--no-nag", action="store_true", help="leave the security rules out")
    given = parser.parse_args()
    result = synthesize(
        Path(given.outdir),
        stages=given.stage or list(StageName),
        profiles=given.profile or list(Profile),
        code=Code(given.lambda_zip, given.architecture),
        nag=not given.no_nag,
    )
    sys.stdout.write(f"{result}\n")


if __name__ == "__main__":
    main()

"""The classifier on SageMaker: print the training pipeline or an endpoint's variants, take an approved model in.

    python -m tools.classifier_on_sagemaker pipeline --role ARN --image URI --bucket NAME --group NAME
    python -m tools.classifier_on_sagemaker variants --champion MODEL --challenger MODEL [--share 0.1 | --shadow]
    python -m tools.classifier_on_sagemaker take-in --bucket NAME --group NAME [--region REGION]

The first two print JSON and call nobody: `aws sagemaker create-pipeline` and `create-endpoint-config` take it.
The last one asks AWS: the newest model that a person approved becomes a challenger of Rimedio's registry.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rimedio.aws import AwsConnections
from rimedio.aws.connections import parsed_endpoints
from rimedio.classification.registry import ModelRegistry
from rimedio.classification.s3_shelf import S3Shelf
from rimedio.classification.sagemaker_pipeline import PipelineSetup, training_pipeline
from rimedio.classification.sagemaker_registry import SageMakerPackages, take_in
from rimedio.classification.sagemaker_variants import Variant, ab_test, endpoint_config, shadow_test
from rimedio.domain.clock import SystemClock
from rimedio.domain.errors import RimedioError


def pipeline(given: argparse.Namespace) -> object:
    """The pipeline's definition."""
    setup = PipelineSetup(given.role, given.image, given.bucket, given.group, given.kms_key)
    return training_pipeline(setup)


def variants(given: argparse.Namespace) -> object:
    """Arguments of CreateEndpointConfig."""
    champion, challenger = Variant("champion", given.champion), Variant("challenger", given.challenger)
    chosen = shadow_test(champion, challenger) if given.shadow else ab_test(champion, challenger, given.share)
    return endpoint_config(given.name, chosen, kms_key=given.kms_key, tags={"project": "rimedio"})


def approved(given: argparse.Namespace) -> object:
    """What was taken in."""
    connections = AwsConnections(given.region, parsed_endpoints(given.endpoints))
    with tempfile.TemporaryDirectory(prefix="rimedio-classifiers-") as scratch:
        s3 = connections.client("s3")
        registry = ModelRegistry(S3Shelf(s3, given.bucket, Path(scratch), SystemClock()), SystemClock())
        version = take_in(SageMakerPackages(connections.client("sagemaker"), given.group), s3, registry)
    connections.close()
    return {"registered": version.version if version else None}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the three; its exit code."""
    given = _arguments(arguments)
    try:
        told = given.run(given)
    except RimedioError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(json.dumps(told, indent=1))
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.classifier_on_sagemaker", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    commands = parser.add_subparsers(required=True)
    for name, run, needed in (
        ("pipeline", pipeline, ("role", "image", "bucket", "group")),
        ("variants", variants, ("champion", "challenger")),
        ("take-in", approved, ("bucket", "group")),
    ):
        command = commands.add_parser(name, help=run.__doc__)
        command.set_defaults(run=run)
        for option in needed:
            command.add_argument(f"--{option}", required=True)
        command.add_argument("--kms-key")
        if name == "variants":
            command.add_argument(
                "--share", type=float, default=0.1, help="of requests that the challenger answers"
            )
            command.add_argument("--shadow", action="store_true", help="it gets copies and answers nobody")
            command.add_argument("--name", default="classifier")
        if name == "take-in":
            command.add_argument("--region", default="eu-south-1")
            command.add_argument(
                "--endpoints", default="", help="other addresses, as the setting aws_endpoints"
            )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())

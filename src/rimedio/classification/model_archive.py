"""Unpacks a model.tar.gz as SageMaker makes them, with a limit and without a way out of the folder."""

import tarfile
from pathlib import Path

from rimedio.domain.errors import InvalidInput

UNPACKED_BYTES_MAX = 512 * 1024 * 1024


def unpacked(archive: Path, target: Path) -> Path:
    """`target` with the archive's files. Raises InvalidInput."""
    try:
        with tarfile.open(archive) as packed:
            if sum(member.size for member in packed) > UNPACKED_BYTES_MAX:
                raise InvalidInput(f"{archive} would unpack to more than {UNPACKED_BYTES_MAX} bytes.")
            packed.extractall(target, filter="data")  # refuses paths that lead out
    except (tarfile.TarError, OSError) as error:
        raise InvalidInput(f"{archive} cannot be unpacked: {error}") from error
    return target

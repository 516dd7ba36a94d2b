"""Unpacks a model.tar.gz as SageMaker makes them, with a limit and without a way out of the folder."""

import tarfile
from pathlib import Path, PurePosixPath

from rimedio.domain.errors import InvalidInput

UNPACKED_BYTES_MAX = 512 * 1024 * 1024


def unpacked(archive: Path, target: Path) -> Path:
    """`target` with the archive's files. Raises InvalidInput."""
    try:
        with tarfile.open(archive) as packed:
            if sum(member.size for member in packed) > UNPACKED_BYTES_MAX:
                raise InvalidInput(f"{archive} would unpack to more than {UNPACKED_BYTES_MAX} bytes.")
            _extract(packed, target)
    except (tarfile.TarError, OSError) as error:
        raise InvalidInput(f"{archive} cannot be unpacked: {error}") from error
    return target


def _extract(packed: tarfile.TarFile, target: Path) -> None:
    """Refuse what leads out. Raises TarError. Python before 3.11.4 (Debian 12) has no filter that does so."""
    if hasattr(tarfile, "data_filter"):
        packed.extractall(target, filter="data")
        return
    for member in packed:
        path = PurePosixPath(member.name)
        if not (member.isreg() or member.isdir()) or path.is_absolute() or ".." in path.parts:
            raise tarfile.ReadError(f"{member.name} is no file below the archive's own folder")
        packed.extract(member, target, set_attrs=False)

"""What people see of where a document came from: its file's name, never the folders of the machine that has it.

The register keeps the whole path: by it a folder is loaded again, what vanished is forgotten, and the original is read.
"""

import re

from rimedio.domain.codec import Json

ARCHIVES = (".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tar.xz", ".zip")
MEMBER_MARK = "!/"  # between an archive and the path inside it
SOURCE_FIELD = "source_uri"
_ROOTED = re.compile(r"/|[A-Za-z]:[/\\]|\\\\|file:", re.IGNORECASE)
_ENDS_FOLDER = re.compile(r"[/\\]")


def shown_source(uri: str) -> str:
    """The source without the folders it lies in: a file's name, `manuals.zip!/pumps/p1.md` for one in an archive.

    What is no path (`upload:///pump.md`, `ticket:…`, an address of the web) stays as it is.
    """
    if not _ROOTED.match(uri):
        return uri
    end = len(uri)
    for archive in ARCHIVES:
        found = uri.lower().find(archive + MEMBER_MARK)
        if found >= 0:
            end = min(end, found)
    folders = [match.end() for match in _ENDS_FOLDER.finditer(uri, 0, end)]
    return uri[folders[-1] :] if folders else uri


def without_folders(value: Json) -> Json:
    """The JSON value with every `source_uri` in it as people see it."""
    if isinstance(value, list):
        return [without_folders(inner) for inner in value]
    if isinstance(value, dict):
        return {
            name: shown_source(inner)
            if name == SOURCE_FIELD and isinstance(inner, str)
            else without_folders(inner)
            for name, inner in value.items()
        }
    return value

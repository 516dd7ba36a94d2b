"""Work that writes the knowledge: straight into an index, or into the one file that is published again.

On the frugal profile the index is a SQLite file in S3 that functions open read-only. A writer loads it, works on its
copy and publishes that; where another writer was quicker, the work is done again on the newer file. The register of
documents is written after that (`DeferredDocuments`).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from rimedio.storage.deferred_documents import DeferredDocuments

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio
    from rimedio.knowledge.index.sqlite import SqliteIndex

Result = TypeVar("Result")


def writing_knowledge(system: "Rimedio", work: Callable[["Rimedio"], Result]) -> Result:
    """Do `work` on a system whose index takes writes. It may be called more than once. Raises Conflict."""
    publisher = getattr(system, "publisher", None)  # only one home publishes
    if publisher is None:
        return work(system)

    def attempt(index: "SqliteIndex") -> tuple[Result, DeferredDocuments]:
        documents = DeferredDocuments(system.table)
        return work(system.on_index(index, documents)), documents  # type: ignore[attr-defined]

    result, documents = publisher.apply(attempt)
    documents.flush()
    written: Result = result
    return written

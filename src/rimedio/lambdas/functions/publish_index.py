"""The published index, brought up to date: what is still to be read is read, vectors are made, one file goes out.

For the frugal profile, on a schedule or on demand, behind `ingest`, which reads what just came. Nothing is
published where nothing is to be done.
"""

from typing import TYPE_CHECKING, TypedDict

from rimedio.lambdas.functions._function import LambdaFunction, Work
from rimedio.lambdas.functions._invocation import Event, Invocation
from rimedio.lambdas.functions._knowledge import writing_knowledge

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio


class Published(TypedDict):
    """How many documents were read and how many vectors were made."""

    documents: int
    vectors: int


def build_publish_index(system: "Rimedio") -> Work[Published]:
    """The publisher of one system."""

    def publish(_: Event, invocation: Invocation) -> Published:
        if not _is_behind(system):
            return {"documents": 0, "vectors": 0}
        return writing_knowledge(system, lambda writing: _work(writing, invocation))

    return publish


def _work(system: "Rimedio", invocation: Invocation) -> Published:
    documents = vectors = 0
    while invocation.has_time and (read := system.manuals.reading.run_once()):
        documents += read
    while invocation.has_time and (made := system.manuals.embed_some()):
        vectors += made
    return {"documents": documents, "vectors": vectors}


def _is_behind(system: "Rimedio") -> bool:
    from rimedio.storage.documents import DocumentStatus

    for tenant_id in dict.fromkeys((system.tenant, *system.tenants.all())):
        if system.documents.list_by_status(tenant_id, DocumentStatus.PROCESSING, limit=1).records:
            return True
        covered, _model = system.manuals.coverage(tenant_id)
        if system.embedder is not None and covered.embedded < covered.chunks:
            return True
    return False


handler = LambdaFunction("publish-index", build_publish_index, warm=("rimedio.knowledge.ingest",))

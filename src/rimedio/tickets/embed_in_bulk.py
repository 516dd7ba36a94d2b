"""Use case: make the missing vectors of a large library by batch jobs, one at a time.

Called now and then (a loop, a schedule). What is under way is noted beside the job's files, before the job is
started and after, so that a process may end at any moment: the next one goes on, and no job is started twice.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from rimedio.domain.errors import InvalidInput, NotFound, Unavailable
from rimedio.knowledge.embedding.bedrock_bulk import BulkEmbedding, Collected
from rimedio.llm.bedrock_batch import RECORDS_MIN, BatchJob, BatchRecord, BatchState, BedrockBatch
from rimedio.observability.logs import get_logger
from rimedio.storage.objects import ObjectStore

NOTE = "batch/embedding.json"
NAME = "embeddings"
TEXTS_MIN = 2_000  # fewer are quicker by direct calls, and cost cents
log = get_logger(__name__)


def _nobody(_: Collected) -> None:
    """Nobody keeps accounts."""


@dataclass(frozen=True)
class EmbedInBulk:
    """Batch jobs for vectors. `tenant_id` is whose folder holds the files; texts of all tenants go together."""

    bulk: BulkEmbedding
    batch: BedrockBatch
    objects: ObjectStore
    model: str
    tenant_id: str
    texts_min: int = TEXTS_MIN
    on_collected: Callable[[Collected], None] = _nobody

    @property
    def at_work(self) -> bool:
        """Whether a job is under way, so that nobody else makes the same vectors. Raises StorageFailed."""
        note = self._note()
        return note is not None and "arn" in note

    def run_once(self) -> int:
        """Start a job, look after it, or take in its results; how many vectors were stored.

        Raises Throttled, ModelUnavailable, StorageFailed; the next call goes on from there.
        """
        note = self._note()
        if note is None:
            return self._start(self.batch.new_token())
        if "arn" not in note:  # noted, perhaps started, never heard of: the token makes it the same job
            return self._start(str(note["token"]))
        return self._follow(BatchJob(**note))

    def _start(self, token: str) -> int:
        records = [BatchRecord(name, body) for name, body in self.bulk.records()]
        if len(records) < max(self.texts_min, RECORDS_MIN):
            self.objects.delete(self.tenant_id, NOTE)
            return 0
        self._write({"token": token})
        try:
            job = self.batch.start(NAME, self.model, records, tenant_id=self.tenant_id, token=token)
        except InvalidInput:
            self.objects.delete(self.tenant_id, NOTE)
            raise
        self._write(asdict(job))
        log.info("A batch job embeds texts", texts=job.records, model=self.model)
        return 0

    def _follow(self, job: BatchJob) -> int:
        status = self.batch.status(job)
        if not status.is_over:
            return 0
        collected = Collected(0, job.records)
        try:
            collected = self.bulk.collect(self.batch.results(job))
        except NotFound as error:
            log.error(
                "A batch job of embeddings ended without results", error=error, state=status.state.value
            )
        self.on_collected(collected)
        self.objects.delete(self.tenant_id, NOTE)
        if status.state is BatchState.FAILED and not collected.stored:
            raise Unavailable(f"The batch job {job.arn} failed: {status.message or 'no reason given'}.")
        return collected.stored

    def _note(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(self.objects.get(self.tenant_id, NOTE))
        except (NotFound, ValueError):  # a damaged note is none: its job's results are simply not used
            return None
        return found

    def _write(self, note: dict[str, Any]) -> None:
        self.objects.put(self.tenant_id, NOTE, json.dumps(note).encode())

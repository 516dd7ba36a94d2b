"""Tags of machines and activities."""

import json
from collections.abc import Callable, Mapping

from rimedio.asl.journal.port import Journal
from rimedio.asl.jsontext import JSON
from rimedio.asl.wire.faults import Fault
from rimedio.asl.wire.fields import Fields

NOTE = "tags/"
TAGS_MAX = 50
RESOURCES = ("stateMachine", "activity")


class Tags:
    """Key and value by resource."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.exists: Callable[[str], bool] = lambda _: True

    def operations(self) -> Mapping[str, Callable[[Fields], JSON]]:
        """By name."""
        return {
            "ListTagsForResource": self._list,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }

    def add(self, arn: str, request: Fields) -> None:
        """Keep the tags of a request. Raises TooManyTags."""
        found = self._read(arn)
        found.update({tag.text("key"): tag.text_or_none("value") or "" for tag in request.objects("tags")})
        if len(found) > TAGS_MAX:
            raise Fault("TooManyTags", f"{arn} would have {len(found)} tags; {TAGS_MAX} are allowed.")
        if found:
            self._journal.put_note(f"{NOTE}{arn}", json.dumps(found))

    def forget(self, arn: str) -> None:
        """Drop the tags of a resource that is gone."""
        self._journal.put_note(f"{NOTE}{arn}", None)

    def _read(self, arn: str) -> dict[str, str]:
        found: dict[str, str] = json.loads(self._journal.note(f"{NOTE}{arn}") or "{}")
        return found

    def _arn(self, request: Fields) -> str:
        arn = request.arn("resourceArn", *RESOURCES)
        if not self.exists(arn):
            raise Fault("ResourceNotFound", f"Resource not found: '{arn}'")
        return arn

    def _list(self, request: Fields) -> JSON:
        return {"tags": [{"key": k, "value": v} for k, v in self._read(self._arn(request)).items()]}

    def _tag(self, request: Fields) -> JSON:
        self.add(self._arn(request), request)
        return {}

    def _untag(self, request: Fields) -> JSON:
        arn, gone = self._arn(request), request.raw("tagKeys")
        kept = {k: v for k, v in self._read(arn).items() if not (isinstance(gone, list) and k in gone)}
        self._journal.put_note(f"{NOTE}{arn}", json.dumps(kept))
        return {}

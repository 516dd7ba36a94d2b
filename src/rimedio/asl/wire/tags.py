"""Tags of machines and activities."""

import json
from collections.abc import Callable

from rimedio.asl.journal.port import Journal
from rimedio.asl.jsontext import JSON
from rimedio.asl.wire.faults import Fault
from rimedio.asl.wire.fields import Fields

NOTE = "tags/"
TAGS_MAX = 50
RESOURCES = ("stateMachine", "activity")


class Tags:
    """Key and value by resource; the operations on them."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.exists: Callable[[str], bool] = lambda _: True

    def add(self, arn: str, request: Fields) -> None:
        """Keep the tags of a request. Raises TooManyTags."""
        found = self._read(arn)
        found.update({tag.text("key"): tag.text("value") for tag in request.objects("tags")})
        if len(found) > TAGS_MAX:
            raise Fault(
                "TooManyTags", f"Too many tags: '{arn}' would have {len(found)}, {TAGS_MAX} are allowed"
            )
        if found:
            self._journal.put_note(f"{NOTE}{arn}", json.dumps(found))

    def forget(self, arn: str) -> None:
        """Drop the tags of a resource that is gone."""
        self._journal.put_note(f"{NOTE}{arn}", None)

    def list_tags_for_resource(self, request: Fields) -> JSON:
        """ListTagsForResource."""
        return {
            "tags": [{"key": key, "value": value} for key, value in self._read(self._arn(request)).items()]
        }

    def tag_resource(self, request: Fields) -> JSON:
        """TagResource."""
        self.add(self._arn(request), request)
        return {}

    def untag_resource(self, request: Fields) -> JSON:
        """UntagResource."""
        arn, gone = self._arn(request), request.texts("tagKeys")
        kept = {key: value for key, value in self._read(arn).items() if key not in gone}
        self._journal.put_note(f"{NOTE}{arn}", json.dumps(kept))
        return {}

    def _read(self, arn: str) -> dict[str, str]:
        found: dict[str, str] = json.loads(self._journal.note(f"{NOTE}{arn}") or "{}")
        return found

    def _arn(self, request: Fields) -> str:
        arn = request.arn("resourceArn", *RESOURCES)
        if not self.exists(arn):
            raise Fault("ResourceNotFound", f"Resource not found: '{arn}'")
        return arn

"""Personal data and tokens out of a run's payloads, before anybody reads them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rimedio.domain.codec import Json
from rimedio.domain.source_names import without_folders
from rimedio.domain.ticket import Ticket
from rimedio.tickets.parts import RequestGuard

SECRET_KEYS = frozenset({"task_token", "vault"})
HIDDEN = "[hidden]"
RAW_STATES = frozenset({"Validate", "TakeUpAgain", "ExtractText", "ExtractAttachments"})  # before redaction
TEXT_CHARS_MIN = 10


@dataclass(frozen=True)
class RedactRun:
    """Redacts one ticket's payloads. `known` are values that were taken out, by placeholder."""

    ticket: Ticket
    known: Mapping[str, str]
    guard: RequestGuard

    def __call__(self, state: str, value: Json) -> Json:
        """The payload of a state as it may be read; texts from before the redaction are inspected again."""
        return self._walk(without_folders(value), self._raw if state in RAW_STATES else self._masked)

    def _walk(self, value: Json, clean: Callable[[str], str]) -> Json:
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, list):
            return [self._walk(item, clean) for item in value]
        if isinstance(value, dict):
            return {
                key: HIDDEN if key in SECRET_KEYS and item else self._walk(item, clean)
                for key, item in value.items()
            }
        return value

    def _raw(self, text: str) -> str:
        if len(text) >= TEXT_CHARS_MIN and " " in text:
            text = self.guard.inspect_request(text, self._names, self._keep).text
        return self._masked(text)

    def _masked(self, text: str) -> str:
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._placeholder[match[0].casefold()], text)

    @cached_property
    def _names(self) -> Sequence[str]:
        customer = self.ticket.customer
        return tuple(name for name in (customer.name, customer.contact_email) if name)

    @cached_property
    def _keep(self) -> Sequence[str]:
        asset = self.ticket.asset
        return tuple(k for k in (asset.serial, asset.model, self.ticket.error_code) if k)

    @cached_property
    def _placeholder(self) -> Mapping[str, str]:
        customer = self.ticket.customer
        found = {customer.name.casefold(): "[CUSTOMER]"}
        if customer.contact_email:
            found[customer.contact_email.casefold()] = "[EMAIL]"
        return found | {value.casefold(): name for name, value in self.known.items() if value}

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        values = sorted(self._placeholder, key=len, reverse=True)
        if not values:
            return None
        joined = "|".join(re.escape(value) for value in values)
        return re.compile(rf"(?<!\w)(?:{joined})(?!\w)", re.IGNORECASE)

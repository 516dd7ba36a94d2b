"""What a handler may give back, besides a plain value: a reply with headers, or a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")

LIMIT_DEFAULT = 25
LIMIT_MAX = 100
CURSOR_CHARS_MAX = 2048


class Paging(BaseModel):
    """Query parameters of every list; a list's own filters are a subclass."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int = Field(LIMIT_DEFAULT, ge=1, le=LIMIT_MAX, description="How many items a page holds.")
    cursor: str | None = Field(
        None,
        min_length=1,
        max_length=CURSOR_CHARS_MAX,
        pattern="^[A-Za-z0-9_=-]+$",
        description="`next_cursor` of the page before; absent on the first page.",
    )


class Items(BaseModel, Generic[T]):
    """A page of a list. `next_cursor` is null on the last page."""

    model_config = ConfigDict(frozen=True)

    items: tuple[T, ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """A value with headers of its own, or with another status than the route's."""

    value: T
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """A file. With a name it is saved by browsers, never shown: what customers send is never run."""

    content: bytes
    media_type: str
    name: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def disposition(self) -> str | None:
        """The header Content-Disposition, with the name in ASCII and in UTF-8 (RFC 6266)."""
        if self.name is None:
            return None
        plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in self.name)
        return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(self.name, safe='')}"

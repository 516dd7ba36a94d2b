"""How times, payloads, errors and states are written for people."""

import json
from datetime import UTC, datetime

from rimedio.asl.trace import Mark, Thread, Visit

WIDTH = 100


def took(seconds: float) -> str:
    """`0.12 s`, `4 m 05 s`, `2 h 03 m`, `3 d 4 h`."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes:02d} m" if hours else f"{minutes} m {rest:02d} s"


def ago(at: datetime, now: datetime | None = None) -> str:
    """`4 m 05 s ago`."""
    seconds = max(0.0, ((now or datetime.now(UTC)) - at).total_seconds())
    return f"{took(seconds) if seconds >= 60 else f'{seconds:.0f} s'} ago"


def cut(text: str, width: int = WIDTH) -> str:
    """One line of at most `width` characters."""
    text = " ".join(text.split())
    return text if len(text) <= width else f"{text[: width - 1]}…"


def cause_lines(cause: str | None) -> list[str]:
    """A cause as people read it: Lambda's JSON becomes its message and the last line of its trace."""
    if not cause:
        return []
    try:
        body = json.loads(cause)
    except ValueError:
        body = None
    if not isinstance(body, dict) or "errorMessage" not in body:
        return cause.splitlines()
    lines = str(body["errorMessage"]).splitlines() or ["(no message)"]
    trace = body.get("stackTrace") or body.get("trace")
    if isinstance(trace, list) and trace:
        lines.append(cut(str(trace[-1])))
    return lines


def label_of(thread: Thread) -> str:
    """`item 0`, by the item's index, or `branch 1`: what a thread is in its state."""
    if thread.owner is None:
        return ""
    return f"item {thread.index}" if thread.owner.type == "Map" else f"branch {thread.index + 1}"


def items_of(visit: Visit) -> str:
    """`37/100 items, 2 failed` of a Map."""
    ended, failed, total = visit.item_counts
    if visit.type != "Map" or not total:
        return ""
    return f"{ended}/{total} items" + (f", {failed} failed" if failed else "")


def state_line(visit: Visit, now: float) -> str:
    """`✓ Charge  0.20 s  attempt 2`: one state, what became of it, how long it took."""
    told = [f"{visit.mark.sign} {visit.name}"]
    seconds = (visit.left if visit.left is not None else now) - visit.entered
    if seconds >= 0.005:
        told.append(took(seconds))
    if items := items_of(visit):
        told.append(items)
    if visit.attempts > 1 or visit.mark is Mark.RETRYING:
        told.append(f"attempt {visit.attempts}" + (" failed" if visit.mark is Mark.RETRYING else ""))
    if visit.mark is Mark.WAITING:
        told.append("waits for an answer")
    if visit.mark is Mark.ABORTED:
        told.append("aborted")
    if visit.mark is Mark.CAUGHT:
        told.append(f"caught {visit.error}" if visit.error else "an error was caught")
    if visit.mark in (Mark.FAILED, Mark.RETRYING) and visit.error:
        cause = " ".join(cause_lines(visit.cause)[:1])
        told.append(cut(f"{visit.error}: {cause}" if cause else visit.error))
    return "  ".join(told)

"""One-time sign-in codes: how a person gets a first token into a browser.

On a machine of one's own a code is a file of the data folder named by the code's hash, so another process (`rimedio
sign-in`) can make one while the service runs, and reading the folder does not show it. Renaming the file is what
consumes it: of two who try at once, one wins. On AWS a code is an item of the table (storage/sign_in_codes.py).
The codes have 60 random bits; the limits of attempts make guessing hopeless.
"""

import hashlib
import json
import secrets
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rimedio.domain.clock import Clock
from rimedio.domain.errors import StorageFailed, Throttled, Unauthorized
from rimedio.domain.ticket import AccountTier
from rimedio.security.permissions import Role, roles_of
from rimedio.security.private_file import write_private

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
GROUPS, GROUP_CHARS = 3, 4
CODE_CHARS_MAX = 64
LIFE = timedelta(minutes=15)
FAILURES_MAX = 10  # of one address within LIFE
FAILURES_MAX_ALL = 200  # of all addresses within LIFE
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
REFUSED = (
    "The sign-in code is wrong, was used already, or is older than 15 minutes. Make another: rimedio sign-in."
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom a code signs in."""

    subject: str
    tenant_id: str
    roles: frozenset[Role]
    tier: AccountTier
    expires_at: datetime


class CodeBook:
    """Makes and consumes codes; where they are kept, a subclass says."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: deque[tuple[float, str]] = deque()  # when, from where

    def make(
        self,
        subject: str,
        tenant_id: str,
        roles: Iterable[Role],
        tier: AccountTier = AccountTier.ENTERPRISE,
    ) -> str:
        """A code such as `7K2M-Q0XW-93HB`, good once within 15 minutes. Raises StorageFailed."""
        self.sweep()
        letters = [secrets.choice(ALPHABET) for _ in range(GROUPS * GROUP_CHARS)]
        code = "".join(letters)
        stored = {
            "subject": subject,
            "tenant_id": tenant_id,
            "roles": sorted(roles),
            "tier": tier.value,
            "expires_at": (self._clock.now() + LIFE).isoformat(),
        }
        self._keep(digest_of(code), json.dumps(stored))
        return "-".join(code[i : i + GROUP_CHARS] for i in range(0, len(code), GROUP_CHARS))

    def redeem(self, code: str, source: str = "") -> Invitation:
        """Whom the code signs in; the code is gone afterwards.

        `source` is the address that tries. Raises Unauthorized for a code that does not count, Throttled
        after too many of these.
        """
        self._require_patience(source)
        found = self._take(_normal(code))
        if found is None or found.expires_at <= self._clock.now():
            with self._lock:
                self._failures.append((self._clock.monotonic(), source))
            raise Unauthorized(REFUSED)
        return found

    def _take(self, code: str) -> Invitation | None:
        text = self._taken(digest_of(code))
        if text is None:
            return None
        try:
            stored = json.loads(text)
            return Invitation(
                stored["subject"],
                stored["tenant_id"],
                roles_of(stored["roles"]),
                AccountTier(stored["tier"]),
                datetime.fromisoformat(stored["expires_at"]),
            )
        except (ValueError, KeyError, TypeError):
            return None

    def _keep(self, digest: str, text: str) -> None:
        """Keep a code's words under the code's hash. Raises StorageFailed."""
        raise NotImplementedError

    def _taken(self, digest: str) -> str | None:
        """The words under a hash, which are gone afterwards: of two who ask at once, one gets them."""
        raise NotImplementedError

    def sweep(self) -> int:
        """Remove codes that nobody used in time; how many."""
        return 0

    def _require_patience(self, source: str) -> None:
        with self._lock:
            since = self._clock.monotonic() - LIFE.total_seconds()
            while self._failures and self._failures[0][0] < since:
                self._failures.popleft()
            same = sum(where == source for _, where in self._failures)
        if same >= FAILURES_MAX or len(self._failures) >= FAILURES_MAX_ALL:
            raise Throttled("Too many wrong sign-in codes. Wait 15 minutes, then use a new one.")


class SignInCodes(CodeBook):
    """Codes in a folder."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        super().__init__(clock)
        self._folder = folder

    def _keep(self, digest: str, text: str) -> None:
        write_private(self._path(digest), text.encode())

    def _taken(self, digest: str) -> str | None:
        path = self._path(digest)
        taken = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            path.rename(taken)
        except FileNotFoundError:
            return None
        except OSError as error:
            msg = (
                f"The sign-in code cannot be used up ({error.strerror}). Check the data folder's permissions."
            )
            raise StorageFailed(msg) from error
        try:
            return taken.read_text("utf-8")
        except (OSError, ValueError):
            return None
        finally:
            taken.unlink(missing_ok=True)

    def sweep(self) -> int:
        """Remove codes that nobody used in time; how many. A file's own time is close enough for that."""
        before, removed = (self._clock.now() - LIFE).timestamp(), 0
        for path in self._folder.glob("*.code") if self._folder.is_dir() else ():
            try:
                if path.stat().st_mtime < before:
                    path.unlink(missing_ok=True)
                    removed += 1
            except OSError:
                continue
        return removed

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.code"


def digest_of(code: str) -> str:
    """What a code is kept under: reading where codes are kept does not show them."""
    return hashlib.sha256(f"rimedio sign-in {code}".encode(errors="replace")).hexdigest()


def _normal(code: str) -> str:
    """The code as it was made, however a person typed it."""
    kept = "".join(c for c in code[:CODE_CHARS_MAX].upper() if not c.isspace() and c not in "-–—")
    return kept.translate(_READ_AS)

"""One-time sign-in codes as items of the table, for a home without a folder of its own: AWS.

Who may write into the table may invite; `python -m tools.invite` does. Deleting the item is what consumes the code.
"""

from rimedio.domain.clock import Clock
from rimedio.domain.errors import ConditionFailed
from rimedio.security.sign_in import LIFE, CodeBook
from rimedio.storage import keys
from rimedio.storage.conditions import Exists
from rimedio.storage.table import EXPIRES_AT, Key, Table

SERVICE = "~service"  # owner of what belongs to no tenant
KIND = "sign-in"


class TableSignInCodes(CodeBook):
    """Codes in the table; time takes those that nobody uses."""

    def __init__(self, table: Table, clock: Clock) -> None:
        super().__init__(clock)
        self._table = table

    def _keep(self, digest: str, text: str) -> None:
        ends = int((self._clock.now() + LIFE).timestamp())
        item = keys.LINK.attributes(tenant=SERVICE, kind=KIND, name=digest)
        self._table.put({**item, "invitation": text, EXPIRES_AT: ends})

    def _taken(self, digest: str) -> str | None:
        try:  # on condition: of several deletes at once, an engine may tell each what was there
            found = self._table.delete(self._key(digest), Exists("pk"))
        except ConditionFailed:
            return None
        return None if found is None else str(found.get("invitation", ""))

    @staticmethod
    def _key(digest: str) -> Key:
        return keys.LINK.key(tenant=SERVICE, kind=KIND, name=digest)

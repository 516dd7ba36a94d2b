"""Requests to DynamoDB out of the port's actions and queries."""

from rimedio.storage.conditions import holds
from rimedio.storage.dynamodb_expressions import Expression
from rimedio.storage.dynamodb_values import Attributes, attributes_of, item_of, key_attributes
from rimedio.storage.table import (
    EXPIRES_AT,
    Action,
    Check,
    Delete,
    Key,
    Put,
    Query,
    Update,
    check_system_attributes,
)
from rimedio.storage.values import Item, Value, added, canonical, canonical_item, same

_OPERATIONS = {Put: "put_item", Update: "update_item", Delete: "delete_item"}
_MEMBERS = {Put: "Put", Update: "Update", Delete: "Delete", Check: "ConditionCheck"}
_ANSWERS = {Update: "ALL_NEW", Delete: "ALL_OLD"}


class Prepared:
    """An action that was checked, ready to be sent.

    An update of an item whose time is up must begin anew, not change what is left of it: so every update asks
    that the item live, and when DynamoDB shows that it does not, `reconsider` makes a put of it.
    """

    def __init__(self, action: Action, key: Key) -> None:
        self.action = action
        self.key = key
        self.size = 0
        self._fresh: Item | None = None
        self._plain: Item = {}
        if isinstance(action, Put):
            self._plain, self.size = canonical_item(action.item)
            check_system_attributes(self._plain)
        elif isinstance(action, Update):
            self._plain, self.size = canonical_item(action.changes.set)
            check_system_attributes(self._plain)

    def request(self, table: str, now: float) -> tuple[str, dict[str, object]]:
        """The operation of the client and its arguments."""
        sent = Put if self._fresh is not None else type(self.action)
        arguments = self._arguments(table, now)
        if answer := _ANSWERS.get(sent):
            arguments["ReturnValues"] = answer
        return _OPERATIONS[sent], arguments

    def answer(self) -> dict[str, object]:
        """What is known before it is sent: an item made anew is what it will be."""
        return {} if self._fresh is None else {"Attributes": attributes_of(self._fresh)}

    def in_transaction(self, table: str, now: float) -> dict[str, object]:
        """The member of a transaction."""
        sent = Put if self._fresh is not None else type(self.action)
        return {_MEMBERS[sent]: self._arguments(table, now)}

    def reconsider(self, stored: Attributes | None, now: float) -> bool:
        """Whether to try again after a refusal that showed `stored`: as a new item, or no longer as one."""
        if not isinstance(self.action, Update):
            return False
        gone = stored is not None and _expired(item_of(stored), now)
        condition = self.action.condition
        if gone and self._fresh is None and (condition is None or holds(condition, None)):
            self._fresh = self._anew()
            return True
        was_fresh, self._fresh = self._fresh is not None, None
        return was_fresh  # somebody made the item anew meanwhile: judge the update by that one

    def is_done(self, stored: Item) -> bool:
        """Whether the stored item is what this action leaves: its first answer was lost, not its work."""
        if isinstance(self.action, Put) or self._fresh is not None:
            return same(stored, self._fresh or self._plain)
        if not isinstance(self.action, Update):
            return False
        kept = all(name in stored and same(stored[name], value) for name, value in self._plain.items())
        return kept and not any(name in stored for name in self.action.changes.remove)

    def _arguments(self, table: str, now: float) -> dict[str, object]:
        expression = Expression()
        arguments: dict[str, object] = {"TableName": table}
        condition = self._condition(expression, now)
        if isinstance(self.action, Put) or self._fresh is not None:
            arguments["Item"] = attributes_of(self._fresh or self._plain)
        else:
            arguments["Key"] = key_attributes(self.key)
        if isinstance(self.action, Update) and self._fresh is None:
            arguments["UpdateExpression"] = expression.changes(self.action.changes)
        if condition:
            arguments["ConditionExpression"] = condition
            arguments["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return arguments | expression.arguments()

    def _condition(self, expression: Expression, now: float) -> str:
        if self._fresh is not None:
            return f"attribute_not_exists({expression.name('pk')}) OR {expression.expired(now)}"
        if isinstance(self.action, Update):
            alive = expression.alive(now)
            wanted = self.action.condition
            return alive if wanted is None else f"{alive} AND ({expression.condition(wanted)})"
        if self.action.condition is None:
            return ""
        return expression.guard(self.action.condition, now)

    def _anew(self) -> Item:
        assert isinstance(self.action, Update)
        item: dict[str, Value] = {**self.key._asdict(), **self._plain}
        for name, step in self.action.changes.add.items():
            item[name] = added(0, step, name)
        return canonical_item(item)[0]


def prepared(action: Action, key: Key) -> Prepared:
    """The action, checked. Raises InvalidInput for what no home could store."""
    return Prepared(action, key)


def query_request(table: str, query: Query, now: float) -> dict[str, object]:
    """The arguments of a query, without the limit and the start."""
    expression = Expression()
    partition, sort = ("pk", "sk") if query.index is None else query.index.attributes
    request: dict[str, object] = {
        "TableName": table,
        "KeyConditionExpression": expression.key((partition, query.partition), (sort, query.sort)),
        "FilterExpression": expression.alive(now),
        "ScanIndexForward": not query.reverse,
    }
    if query.index is None:
        request["ConsistentRead"] = True
    else:
        request["IndexName"] = query.index.value
    return request | expression.arguments()


def _expired(item: Item, now: float) -> bool:
    expires = canonical(item.get(EXPIRES_AT), EXPIRES_AT)
    return isinstance(expires, int | float) and not isinstance(expires, bool) and expires <= now

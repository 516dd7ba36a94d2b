"""The functions of order.asl.json: name → function of the payload and the task's context."""

from typing import Any

from rimedio.asl import TaskContext, TaskFailed

STORE = {"fan": 4, "fuse": 250, "display": 0}
Json = Any


def stock(line: Json, context: TaskContext) -> Json:
    """How many there are of a part."""
    return {**line, "available": STORE.get(line["part"], 0)}


def charge(order: Json, context: TaskContext) -> Json:
    """Take the money. The bank cannot be reached at the first attempt."""
    if order["card"] == "expired":
        raise TaskFailed("CardDeclined", "the card has expired")
    if context.retry_count == 0:
        raise TaskFailed("BankUnreachable", "no answer in 5 seconds")
    return {"receipt": f"R-{order['order']}"}


def pack(lines: Json, context: TaskContext) -> Json:
    """Put it into a box."""
    return f"parcel of {sum(line['wanted'] for line in lines)}"


def invoice(paid: Json, context: TaskContext) -> Json:
    """Write the invoice."""
    return f"invoice for {paid['receipt']}"


def tell(message: Json, context: TaskContext) -> None:
    """Write to the customer."""


HANDLERS = {"stock": stock, "charge": charge, "pack": pack, "invoice": invoice, "tell": tell}

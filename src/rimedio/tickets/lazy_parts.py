"""Task parts that are made when a task first asks for one: a function pays for what its own task uses."""

from collections.abc import Callable, Mapping
from dataclasses import fields

from rimedio.tickets.parts import TaskParts


class _Made:
    """A field of the parts: made at its first use, kept in the instance's own dictionary afterwards."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, parts: "LazyParts", _owner: object = None) -> object:
        make = parts.makers.get(self._name)
        made = getattr(TaskParts, self._name) if make is None else make()
        parts.__dict__[self._name] = made
        return made


class LazyParts(TaskParts):
    """`TaskParts`, each with its maker; a part with a default may be left out.

    Raises TypeError for a maker of no part, or a part that has neither maker nor default.
    """

    makers: Mapping[str, Callable[[], object]]

    def __init__(self, **makers: Callable[[], object]) -> None:
        known = {field.name for field in fields(TaskParts)}
        needed = {name for name in known if not hasattr(TaskParts, name)}
        wrong = (set(makers) - known) | (needed - set(makers))
        if wrong:
            raise TypeError(f"These parts are unknown, or have no maker: {', '.join(sorted(wrong))}.")
        self.__dict__["makers"] = makers

    def all_made(self) -> TaskParts:
        """The same parts, every one made now. Raises what their makers raise."""
        return TaskParts(**{name: getattr(self, name) for name in self.makers})


for _field in fields(TaskParts):
    setattr(LazyParts, _field.name, _Made(_field.name))

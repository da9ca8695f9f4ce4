"""Reading newsroom.toml: one table at a time, each problem named with its place, all at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from membership.errors import Refusal
from membership.money import Money, parse_amount

Table = Mapping[str, Any]


class TomlError(Exception):
    """newsroom.toml is wrong; the message lists every place."""


@dataclass
class Reading:
    """Collects the problems met while a table is read, so that all are told together."""

    table: str
    problems: list[str] = field(default_factory=list)

    def text(self, values: Table, name: str, *, longest: int = 500, default: str | None = None) -> str:
        """Reads a text that must not be empty unless a default is given."""
        value = values.get(name, default)
        if not isinstance(value, str) or (default is None and not value.strip()) or len(value) > longest:
            self.problem(name, f"must be a text of 1 to {longest} characters")
            return ""
        return value.strip()

    def texts(self, values: Table, name: str) -> tuple[str, ...]:
        """Reads a list of texts that are not empty."""
        value = values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
            self.problem(name, "must be a list of texts")
            return ()
        return tuple(each.strip() for each in value)

    def money(self, values: Table, currency: str, where: str) -> Money | None:
        """Reads an amount written as text, like "3.50", under its currency."""
        value = values.get(currency)
        if not isinstance(value, str):
            self.problem(f"{where}.{currency}", 'must be an amount as text, like "3.50"')
            return None
        return self._amount(value, currency, where)

    def amounts(self, values: Table, currency: str, where: str) -> tuple[Money, ...]:
        """Reads a list of amounts, ascending."""
        value = values.get(currency)
        if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
            self.problem(f"{where}.{currency}", 'must be a list of amounts as text, like ["3", "5"]')
            return ()
        amounts = tuple(a for a in (self._amount(each, currency, where) for each in value) if a)
        if list(amounts) != sorted(set(amounts)):
            self.problem(f"{where}.{currency}", "must ascend")
        return amounts

    def problem(self, name: str, what: str) -> None:
        """Notes that `name` in this table is wrong."""
        self.problems.append(f"[{self.table}] {name} {what}")

    def finish(self) -> None:
        """Raises `TomlError` if anything was wrong."""
        if self.problems:
            raise TomlError("\n".join(self.problems))

    def _amount(self, text: str, currency: str, where: str) -> Money | None:
        try:
            return parse_amount(text, currency)
        except Refusal as refusal:
            self.problem(f"{where}.{currency}", f"is no amount: {refusal}")
            return None

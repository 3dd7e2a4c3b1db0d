"""What a customer's line asks for: the request of a link, of its columns and of what is said for all. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from gateway.surveys.desk import LinkRequest
from gateway.surveys.links import LinkUnfit
from schemas.typed_walk import misfits, unknown_word

FIELDS = tuple(name for name in LinkRequest.__struct_fields__ if name not in {"attributes", "invited"})
"""What a column of the same name fills. Nobody can count an invitation that has not been sent yet."""


class Reading(Struct, frozen=True, kw_only=True):
    """How lines are read."""

    shared: Mapping[str, str]
    """By field: what holds for every customer whose line says nothing else."""
    columns: Mapping[str, str]
    """By field: the column that fills it, where that is not the one of its own name."""
    attributes: Sequence[str]
    """The columns that become attributes of the answer, under their own names."""

    def needs(self) -> list[str]:
        """The columns that have to be there."""
        fields = ["customer_id"] if "survey" in self.shared else ["customer_id", "survey"]
        required = [self.columns.get(field, field) for field in fields]
        return list(dict.fromkeys([*required, *self.columns.values(), *self.attributes]))

    def request(self, values: Mapping[str, Any]) -> LinkRequest:
        """The request of a line. Raises :class:`LinkUnfit`, which names the column."""
        given: dict[str, Any] = dict(self.shared)
        for name in FIELDS:
            value = _said(values.get(self.columns.get(name, name)))
            if value is not None:
                given[name] = value
        own = values.get("attributes") or {}
        if not isinstance(own, dict):
            raise LinkUnfit("attributes", "give an object in JSON; of a table, --attribute names columns")
        attributes = dict(own)
        for name in self.attributes:
            value = _said(values.get(name))
            if value is not None:
                attributes[name] = value
        try:
            return msgspec.convert({**given, "attributes": attributes}, LinkRequest)
        except msgspec.ValidationError:
            raise self.unfit(given, attributes) from None

    def unfit(self, given: Mapping[str, Any], attributes: Mapping[str, Any]) -> LinkUnfit:
        """The first thing that is wrong with a request that does not fit."""
        for path, said in misfits({**given, "attributes": attributes}, LinkRequest):
            field = str(path[0])
            where = ".".join(map(str, path)) if len(path) > 1 else self.columns.get(field, field)
            return LinkUnfit(where, said.replace("missing; it has to be given", "empty; it has to be given"))
        return LinkUnfit("", "no link can be made of it")


def read_columns(given: Sequence[str]) -> dict[str, str]:
    """``customer_id=E-mail`` as field to column. Raises :class:`LinkUnfit`."""
    found: dict[str, str] = {}
    for one in given:
        field, equals, column = one.partition("=")
        if not equals or not column:
            raise LinkUnfit("--column", f"`{one}`: write a field and its column, such as customer_id=E-mail")
        if field not in FIELDS:
            raise LinkUnfit("--column", unknown_word(field, FIELDS))
        found[field] = column
    return found


def _said(value: Any) -> Any:
    """A value, without the blanks around it; ``None`` for an empty one."""
    text = value.strip() if isinstance(value, str) else value
    return None if text == "" else text

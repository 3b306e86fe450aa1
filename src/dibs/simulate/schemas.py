"""The JSON Schemas of the files of a scenario folder, made from the fields that their reader reads."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from dibs.contract.model import CLAUSE_KINDS
from dibs.contract.schema import Schema, document
from dibs.simulate.formats import ProgrammeFile, ScenarioFile, SuppliersFile

if TYPE_CHECKING:
    from collections.abc import Mapping

FILES: Mapping[str, type] = MappingProxyType({"scenario": ScenarioFile, "suppliers": SuppliersFile, "programme": ProgrammeFile})
"""The files that have a schema, by the name under which `dibs schema` publishes it."""


def schema(name: str) -> Schema:
    """The schema of one file.  Raises `KeyError` if a scenario has no such file."""
    out = document(FILES[name], name)
    if name == "suppliers":
        price = out["$defs"]["HostSupply_entry"]["properties"]["price"]
        days = {key: price.pop(key) for key in ("type", "patternProperties", "additionalProperties")}
        money = next(iter(days["patternProperties"].values()))
        price["oneOf"] = [money["oneOf"][0], days]
    elif name == "scenario":
        changes = out["$defs"]["Variant_entry"]["properties"]["set"]
        changes.clear()
        changes["description"] = "Fields that say something else: clause, then field, then value as the agreement writes it."
        changes["type"] = "object"
        changes["additionalProperties"] = {"type": "object", "description": f"A field of the clause's kind: {', '.join(CLAUSE_KINDS)}."}
    return out

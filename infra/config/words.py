"""Words for a kind of value: what an error asks for and what an editor shows beside the key."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema


@dataclass(frozen=True)
class Words:
    """Metadata of an ``Annotated`` type: the value in words, such as "a port from 1 to 65535"."""

    text: str

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Carry the words into the JSON Schema, where editors read them."""
        schema = dict(handler(core))
        schema["description"] = self.text
        return schema

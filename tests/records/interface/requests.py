"""What schemathesis invents, as requests to the service: sometimes for things that are there."""

import itertools
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case as AnyCase
from schemathesis import Config, GenerationMode, SerializationContext, openapi, serializer
from schemathesis.config import GenerationConfig
from schemathesis.schemas import APIOperation as AnyOperation
from schemathesis.schemas import BaseSchema

from app.domain.caller import Role
from app.domain.media import MediaType
from app.openapi import described
from tests.records.interface.operations import Operation
from tests.records.interface.world import World

Case = AnyCase[Any]
APIOperation = AnyOperation[Any, Any, Any, Any]
SEED = 20_261_121
MANY = int(os.environ.get("PRONTUARIO_FUZZ_TIMES", "1"))
"""How many times as many examples as a run of every day has time for."""
EDGES, LIKELY, WRONG = 2 * MANY, MANY, MANY
"""Examples of each operation: at the schema's edges, as it allows, and against it."""
_FIRST = 200
"""Edges among which the examples are chosen; a long form has thousands."""


@serializer(*(one.value for one in MediaType))
def _as_it_is(_: SerializationContext, value: Any) -> bytes:
    """A document's content."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@dataclass
class Inventor:
    """Requests for the interface as ``world``'s service describes it, always the same ones."""

    world: World
    schema: BaseSchema = field(init=False)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.schema = openapi.from_dict(described(self.world.hospital.app), config=Config(seed=SEED))

    def cases(self, operation: Operation) -> list[Case]:
        """Examples of one operation."""
        method, path = operation
        found: APIOperation = self.schema[path][method]
        invented = self.schema.iter_coverage_cases(
            found, generation_modes=list(GenerationMode), generation_config=GenerationConfig()
        )
        edges = list(itertools.islice(invented, _FIRST))
        random.Random(f"{SEED} {method} {path}").shuffle(edges)  # noqa: S311 (the same ones every time)
        likely = _drawn(found, GenerationMode.POSITIVE, LIKELY)
        return edges[:EDGES] + likely + _drawn(found, GenerationMode.NEGATIVE, WRONG)

    def request(self, case: Case, operation: Operation) -> httpx.Request:
        """What goes over the wire. Every second one asks for what is there, in a version that it may have."""
        number = next(self._numbers)
        prepared = requests.Request(**case.as_transport_kwargs(base_url="http://service")).prepare()
        url = prepared.url or ""
        headers = {name.lower().encode(): _bytes(value) for name, value in prepared.headers.items()}
        if number % 2:
            url = urlunsplit(urlsplit(url)._replace(path=self.world.filled(operation[1])))
            if b"if-match" in headers:
                headers[b"if-match"] = f'"{1 + number % 3}"'.encode()
        return httpx.Request(
            prepared.method or "GET", url, headers=headers, content=_bytes(prepared.body or b"")
        )

    def answer(self, role: Role | None, request: httpx.Request) -> httpx.Response:
        """What whoever has the role is answered; None: somebody unknown."""
        headers = request.headers.copy()
        headers.pop("authorization", None)
        if role is not None:
            headers["authorization"] = f"Bearer {self.world.people[role].access}"
        options = {"headers": headers, "content": request.content}
        return self.world.hospital.client.request(request.method, str(request.url), **options)


def _drawn(operation: APIOperation, mode: GenerationMode, many: int) -> list[Case]:
    """Up to ``many`` cases that hypothesis invents; none where nothing can be wrong."""
    found: list[Case] = []

    @seed(SEED)
    @settings(
        max_examples=many,
        derandomize=False,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def draw(case: Case) -> None:
        found.append(case)

    if mode is GenerationMode.NEGATIVE and not (operation.body or list(operation.iter_parameters())):
        return []
    draw()
    return found


def _bytes(sent: object) -> bytes:
    if isinstance(sent, str):
        return sent.encode("utf-8", "surrogatepass")
    assert isinstance(sent, bytes), type(sent)
    return sent

"""Values of the Bot API's types, made from aiogram's description of its whole schema."""

import types
import typing
from datetime import datetime
from enum import Enum
from functools import cache
from random import Random
from typing import Any, Literal, Union

from aiogram.types import Chat, Update, User
from aiogram.types.base import TelegramObject

from tests.fuzz.words import Vocabulary

Json = dict[str, Any]
DEEPEST = 4
NUMBERS = (0, 1, 2, 5, 100, 2**31 - 1, 2**52, -1)
KINDS = tuple(name for name in Update.model_fields if name != "update_id")


@cache
def fields_of(model: type[TelegramObject]) -> tuple[tuple[str, Any, bool], ...]:
    """(name on the wire, annotation, whether it must be there) of each field."""
    return tuple(
        (field.alias or name, field.annotation, field.is_required() or typing.get_origin(field.annotation) is Literal)
        for name, field in model.model_fields.items()
    )


class Schema:
    """Makes anything that the schema allows; `people` and `places` are where it happens if they fit."""

    def __init__(self, chance: Random, vocabulary: Vocabulary, people: typing.Sequence[Json],
                 places: typing.Sequence[Json]) -> None:  # fmt: skip
        self.chance, self.vocabulary, self.people, self.places = chance, vocabulary, people, places

    def update(self, number: int, kind: str) -> Json:
        """An update of one of KINDS."""
        return {"update_id": number, kind: self.value(Update.model_fields[kind].annotation, 0)}

    def make(self, model: type[TelegramObject], depth: int = 0) -> Json:
        """An object of a type: what must be there, and a little of what may."""
        often = 0.12 if depth == 0 else 0.08
        made: Json = {}
        for name, hint, needed in fields_of(model):
            if needed or (depth < DEEPEST and self.chance.random() < often):
                made[name] = self.value(hint, depth + 1, name)
        return {name: value for name, value in made.items() if value is not None}

    def value(self, hint: Any, depth: int, name: str = "") -> Any:
        """A value of an annotation."""
        origin = typing.get_origin(hint)
        if origin is typing.Annotated:
            return self.value(typing.get_args(hint)[0], depth, name)
        if origin in (Union, types.UnionType):
            choices = [one for one in typing.get_args(hint) if one is not type(None)]
            return self.value(self.chance.choice(choices), depth, name)
        if origin is Literal:
            chosen = self.chance.choice(typing.get_args(hint))
            return chosen.value if isinstance(chosen, Enum) else chosen
        if origin is list:
            (inner,) = typing.get_args(hint)
            return [
                self.value(inner, depth, name)
                for _ in range(self.chance.choice((0, 1, 1, 2, 4)) if depth <= DEEPEST else 0)
            ]
        if isinstance(hint, type):
            return self._plain(hint, depth, name)
        return "x"  # whatever refers to itself: texts of rich messages

    def _plain(self, hint: type, depth: int, name: str) -> Any:
        if hint is User and self.chance.random() < 0.7:
            return self.chance.choice(self.people)
        if hint is Chat and self.chance.random() < 0.7:
            return self.chance.choice(self.places)
        if issubclass(hint, TelegramObject):
            return self.make(hint, depth)
        if issubclass(hint, Enum):
            return self.chance.choice(list(hint)).value
        if hint is bool:
            return self.chance.random() < 0.5
        if hint is datetime:
            return self.chance.randint(1, 2**31 - 1)
        if hint is int:
            return self.chance.choice((self.chance.randint(0, 20), self.chance.choice(NUMBERS)))
        if hint is float:
            return self.chance.uniform(-180, 180)
        return self._words(name)

    def _words(self, name: str) -> str:
        if name == "type":
            return self.chance.choice(("private", "group", "supergroup", "channel", "bold", "text_link"))
        if name in ("text", "caption", "data", "title"):
            return self.vocabulary.text()
        return self.chance.choice((self.vocabulary.argument()[:64], "x", "1", "zh-hans"))

"""Bodies of requests: pydantic models made from the catalogue; strict types, no unknown field."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    create_model,
)
from pydantic_core import from_json

from crm.api.catalogue import CatalogueColumn
from crm.api.resource import KnownResource
from crm.http import Problem

Shape = TypeVar("Shape", bound=BaseModel)
NO_NUL = r"^[^\x00]*$"
NOT_BLANK = r"^[^\x00]*[^\s\x00][^\x00]*$"
LONG_TEXT = 1_000_000  # characters
MOST_WORDS = 200


class Body(BaseModel):
    """Whatever a body may hold; anything else in it is an error."""

    model_config = ConfigDict(extra="forbid")


def _only_text(value: Any) -> Any:
    # pydantic would take 5 for a date (days since 1970), which nobody means.
    if value is not None and not isinstance(value, str):
        raise ValueError("This must be a text.")
    return value


def _only_number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("This must be a number.")
    return value


def _cleaned(clean: Callable[[str, str], str]) -> AfterValidator:
    def apply(value: str, info: ValidationInfo) -> str:
        return clean(value, (info.context or {})["region"])

    return AfterValidator(apply)


def _text(column: CatalogueColumn, clean: Callable[[str, str], str] | None) -> Any:
    if column.choices:
        return Literal[column.choices]  # pyright: ignore[reportInvalidTypeForm]
    pattern = NOT_BLANK if column.not_blank else NO_NUL
    if column.pattern and not clean:
        pattern = column.pattern.replace(r"\s]", r"\s\x00]")
    shape = Annotated[str, Field(max_length=(*column.size, LONG_TEXT)[0], pattern=pattern)]
    return Annotated[shape, _cleaned(clean)] if clean else shape


def _whole_number(column: CatalogueColumn) -> Any:
    least, most = -(2**31), 2**31 - 1
    if column.base == "bigint":
        least, most = -(2**53), 2**53
    least = column.least if column.least is not None else least
    most = column.most if column.most is not None else most
    return Annotated[int, BeforeValidator(_only_number), Field(ge=least, le=most)]


def _number(column: CatalogueColumn) -> Any:
    if column.base == "double precision":
        return Annotated[float, BeforeValidator(_only_number), Field(allow_inf_nan=False)]
    precision, scale = (*column.size, 15, 2)[:2]
    most = 10 ** (precision - scale) - 1
    least = column.least if column.least is not None else -most
    most = column.most if column.most is not None else most
    schema = {"type": "number", "minimum": least, "maximum": most}
    return Annotated[
        Decimal,
        BeforeValidator(_only_number),
        Field(ge=least, le=most, allow_inf_nan=False),
        WithJsonSchema(schema),
    ]


def _json(column: CatalogueColumn) -> Any:
    return list[Any] if column.is_array else dict[str, Any]


def _words(_column: CatalogueColumn) -> Any:
    word = Annotated[str, Field(max_length=500, pattern=NO_NUL)]
    return Annotated[list[word], Field(max_length=MOST_WORDS)]


MAKERS: dict[str, Callable[[CatalogueColumn], Any]] = {
    "uuid": lambda _: Annotated[UUID, BeforeValidator(_only_text)],
    "integer": _whole_number,
    "bigint": _whole_number,
    "numeric": _number,
    "double precision": _number,
    "boolean": lambda _: StrictBool,
    "date": lambda _: Annotated[date, BeforeValidator(_only_text)],
    "timestamp with time zone": lambda _: Annotated[AwareDatetime, BeforeValidator(_only_text)],
    "jsonb": _json,
    "text[]": _words,
}


def type_of(column: CatalogueColumn, clean: Callable[[str, str], str] | None = None) -> Any:
    """The Python type that a value of the column has in a body."""
    maker = MAKERS.get(column.base)
    return maker(column) if maker else _text(column, clean)


def _field(known: KnownResource, name: str, *, required: bool) -> Any:
    column = known.columns[name]
    kind = type_of(column, known.resource.clean.get(name))
    if not column.not_null:
        kind = Optional[kind]  # noqa: UP045 - a type made at run time
    described = Field(description=column.comment or None, default=... if required else None)
    return (kind, described)


def create_shape(known: KnownResource) -> type[BaseModel]:
    """The body of a create: what has no default and may not be empty is required."""
    fields = {
        name: _field(known, name, required=column.not_null and not column.has_default)
        for name, column in known.columns.items()
        if name in known.writable
    }
    return create_model(f"{_word(known)}Create", __base__=Body, **fields)


def update_shape(known: KnownResource) -> type[BaseModel]:
    """The body of a PATCH: only what is to change."""
    fields = {name: _field(known, name, required=False) for name in known.writable}
    return create_model(f"{_word(known)}Update", __base__=Body, **fields)


def _word(known: KnownResource) -> str:
    return "".join(part.capitalize() for part in known.resource.title.split())


def decode(raw: bytes) -> Any:
    """The JSON of a body; raises Problem 400."""
    try:
        return from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise Problem(400, "The body is not JSON", str(error)) from None


def read(shape: type[Shape], decoded: Any, region: str, where: tuple[str, ...] = ()) -> Shape:
    """The body in its shape; raises Problem 422 with every bad field, named below `where`."""
    if not isinstance(decoded, dict):
        raise Problem(422, "A value is not allowed", "The body must be a JSON object.")
    try:
        return shape.model_validate(decoded, context={"region": region})
    except ValidationError as error:
        errors = [
            {
                "field": ".".join(map(str, (*where, *one["loc"]))),
                "message": _message(one["type"], one["msg"]),
            }
            for one in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise Problem(422, "Some values are not right", "", errors) from None


def _message(kind: str, text: str) -> str:
    if kind == "extra_forbidden":
        return "There is no such field."
    return text.removeprefix("Value error, ")

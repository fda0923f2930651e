"""What the forms of a document send: shapes are checked here, rules by the table's constraints."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from crm.documents.kinds import kind_of
from crm.http import Problem

TYPES = [
    ("contract", "Contract", "hue-blue"),
    ("proposal", "Proposal", "hue-amber"),
    ("invoice", "Invoice", "hue-violet"),
    ("receipt", "Receipt", "hue-green"),
    ("report", "Report", "hue-teal"),
    ("presentation", "Presentation", "h330"),
    ("image", "Image", "h200"),
    ("audio", "Audio", "h145"),
    ("video", "Video", "h75"),
    ("identification", "Identification", "hue-red"),
    ("correspondence", "Correspondence", "h285"),
    ("other", "Other", "hue-gray"),
]
_KNOWN = {key for key, _, _ in TYPES}


def _blank(value: Any) -> Any:
    text = value.strip() if isinstance(value, str) else value
    return None if text in ("", None) else text


def _tags(value: Any) -> Any:
    parts = value.split(",") if isinstance(value, str) else value or []
    return list(dict.fromkeys(words for part in parts if (words := " ".join(str(part).split()))))


def _known(value: Any) -> Any:
    word = _blank(value)
    if word is not None and word not in _KNOWN:
        raise ValueError("There is no such type of document.")
    return word


Blank = BeforeValidator(_blank)
Link = Annotated[UUID | None, Blank]
Tag = Annotated[str, Field(max_length=50)]


class DocumentForm(BaseModel):
    """What people say about a document."""

    name: Annotated[Annotated[str, Field(max_length=500)] | None, Blank] = None
    document_type: Annotated[str | None, BeforeValidator(_known)] = None
    description: Annotated[Annotated[str, Field(max_length=20_000)] | None, Blank] = None
    tags: Annotated[list[Tag], BeforeValidator(_tags), Field(max_length=30)] = []
    contact_id: Link = None
    deal_id: Link = None
    activity_id: Link = None

    @classmethod
    def read(cls, sent: Mapping[str, Any]) -> "DocumentForm":
        """The form; raises Problem 422 with a message for each field that is not right."""
        given = {name: sent[name] for name in cls.model_fields if name in sent}
        if any("\x00" in value for value in given.values() if isinstance(value, str)):
            raise Problem(422, "The text holds characters that cannot be stored")
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            wrong = [{"field": str(e["loc"][0]), "message": _words(e)} for e in error.errors()]
            raise Problem(422, "Some values are not right", "", wrong) from error


def _words(error: Any) -> str:
    if error["type"] == "string_too_long":
        return f"At most {error['ctx']['max_length']} characters."
    if error["type"] == "too_long":
        return f"At most {error['ctx']['max_length']} tags."
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return "This record does not exist."


def usual_type(mime: str) -> str:
    """The type of document that a file of this media type usually is."""
    if mime == "message/rfc822":
        return "correspondence"
    if kind_of(mime).icon == "presentation":
        return "presentation"
    first = mime.partition("/")[0]
    return first if first in ("image", "audio", "video") else "other"

"""The same endpoints as most would write them: FastAPI, SQLAlchemy's ORM, pydantic response models.

`python -m bench.yardstick DSN PORT`; no signing in and no row level security, which flatters it. It
connects as the owner of the tables.
"""

import sys
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import uvicorn
from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict, create_model
from sqlalchemy import ForeignKey, Text, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload


class Base(DeclarativeBase):
    """Tables."""


class ContactTag(Base):
    """Which contact has which tag."""

    __tablename__ = "contact_tags"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))
    tag_id: Mapped[UUID] = mapped_column(ForeignKey("tags.id"))


class Tag(Base):
    """A tag."""

    __tablename__ = "tags"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    color: Mapped[str]


class Contact(Base):
    """A contact, with the columns that the list shows."""

    __tablename__ = "contacts"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    llc_name: Mapped[str | None]
    job_title: Mapped[str | None]
    phone1: Mapped[str | None]
    phone2: Mapped[str | None]
    phone3: Mapped[str | None]
    email1: Mapped[str | None]
    email2: Mapped[str | None]
    email3: Mapped[str | None]
    mailing_address: Mapped[str | None]
    property_address: Mapped[str | None]
    city: Mapped[str | None]
    state: Mapped[str | None]
    zip_code: Mapped[str | None]
    property_county: Mapped[str | None]
    property_type: Mapped[str | None]
    bedrooms: Mapped[int | None]
    total_bathrooms: Mapped[Decimal | None]
    building_sqft: Mapped[int | None]
    lot_size_sqft: Mapped[int | None]
    effective_year_built: Mapped[int | None]
    est_value: Mapped[Decimal | None]
    debt_owed: Mapped[Decimal | None]
    est_equity: Mapped[Decimal | None]
    deal_status: Mapped[str]
    lead_source: Mapped[str | None]
    assigned_to: Mapped[UUID | None]
    dnc: Mapped[bool]
    sms_opt_out: Mapped[bool]
    email_opt_out: Mapped[bool]
    notes: Mapped[str | None]
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    tags: Mapped[list[Tag]] = relationship(secondary="contact_tags")


class Message(Base):
    """A text message."""

    __tablename__ = "messages"
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    contact_id: Mapped[UUID]
    direction: Mapped[str]
    content: Mapped[str] = mapped_column(Text)
    status: Mapped[str]
    phone_number: Mapped[str | None]
    occurred_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Call(Base):
    """A call."""

    __tablename__ = "calls"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID]
    direction: Mapped[str]
    status: Mapped[str]
    duration: Mapped[int]
    from_number: Mapped[str | None]
    to_number: Mapped[str | None]
    outcome: Mapped[str | None]
    notes: Mapped[str | None]
    occurred_at: Mapped[datetime]


class Email(Base):
    """An email."""

    __tablename__ = "emails"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID]
    direction: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    status: Mapped[str]
    from_email: Mapped[str | None]
    to_email: Mapped[str | None]
    occurred_at: Mapped[datetime]


class Activity(Base):
    """An activity."""

    __tablename__ = "activities"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID | None]
    type: Mapped[str]
    title: Mapped[str]
    description: Mapped[str | None]
    status: Mapped[str]
    due_date: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Deal(Base):
    """A deal, for the way to its history."""

    __tablename__ = "deals"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID]


class StageChange(Base):
    """A change of a deal's stage."""

    __tablename__ = "deal_stage_history"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    deal_id: Mapped[UUID] = mapped_column(ForeignKey("deals.id"))
    old_stage: Mapped[str | None]
    new_stage: Mapped[str]
    new_value: Mapped[Decimal | None]
    changed_at: Mapped[datetime]


class Shape(BaseModel):
    """A response model."""

    model_config = ConfigDict(from_attributes=True)


class TagShape(Shape):
    """A tag."""

    id: UUID
    name: str
    color: str


_SHOWN: dict[str, Any] = {
    name: (kind.__args__[0], ...)
    for name, kind in Contact.__annotations__.items()
    if name not in ("tags", "deleted_at")
}
_make: Any = create_model
ContactShape = _make("ContactShape", __base__=Shape, tags=(list[TagShape], ...), **_SHOWN)


class MessageShape(Shape):
    """A message."""

    id: UUID
    contact_id: UUID
    direction: str
    content: str
    status: str
    phone_number: str | None
    occurred_at: datetime


class Item(Shape):
    """One thing of a timeline; what its kind does not have is left out."""

    kind: str
    at: datetime
    item: dict[str, Any]


class NewMessage(BaseModel):
    """What a message is made from."""

    contact_id: UUID
    direction: str
    content: str
    status: str = "pending"
    phone_number: str | None = None


sessions = async_sessionmaker(expire_on_commit=False)
app = FastAPI()


async def session() -> AsyncIterator[AsyncSession]:
    """A session for one request."""
    async with sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


@app.get("/contacts", response_model=list[ContactShape])
async def list_contacts(db: Session, limit: int = 50) -> Any:
    """The newest contacts with their tags."""
    found = select(Contact).where(Contact.deleted_at.is_(None)).options(selectinload(Contact.tags))
    order = (Contact.created_at.desc(), Contact.id.desc())
    return (await db.scalars(found.order_by(*order).limit(limit))).all()


@app.get("/search", response_model=list[ContactShape])
async def search(db: Session, q: str) -> Any:
    """Contacts that contain what was typed."""
    like = f"%{q}%"
    names = (
        Contact.first_name,
        Contact.last_name,
        Contact.llc_name,
        Contact.phone1,
        Contact.email1,
    )
    found = select(Contact).where(
        Contact.deleted_at.is_(None), or_(*(name.ilike(like) for name in names))
    )
    newest = found.options(selectinload(Contact.tags)).order_by(Contact.created_at.desc())
    return (await db.scalars(newest.limit(20))).all()


KINDS: tuple[tuple[str, Any, str], ...] = (
    ("message", Message, "occurred_at"),
    ("call", Call, "occurred_at"),
    ("email", Email, "occurred_at"),
    ("activity", Activity, "created_at"),
    ("stage_change", StageChange, "changed_at"),
)
PLAIN = {
    kind: _make(
        f"{kind}_shape", __base__=Shape,
        **{name: (of.__args__[0], ...) for name, of in model.__annotations__.items()
           if hasattr(of, "__args__")},
    )
    for kind, model, _ in KINDS
}  # fmt: skip


@app.get("/contacts/{contact_id}/timeline", response_model=list[Item])
async def timeline(db: Session, contact_id: UUID) -> Any:
    """The newest fifty things of a contact: a query for each kind, merged here."""
    items: list[Item] = []
    for kind, model, column in KINDS:
        moment = getattr(model, column)
        found = select(model).order_by(moment.desc()).limit(50)
        if model is StageChange:
            found = found.join(Deal).where(Deal.contact_id == contact_id)
        else:
            found = found.where(model.contact_id == contact_id)
        for row in (await db.scalars(found)).all():
            shape = PLAIN[kind].model_validate(row)
            items.append(Item(kind=kind, at=getattr(row, column), item=shape.model_dump()))
    return sorted(items, key=lambda one: one.at, reverse=True)[:50]


@app.post("/messages", response_model=MessageShape, status_code=201)
async def create_message(db: Session, new: NewMessage) -> Any:
    """Store a message."""
    made = Message(**new.model_dump())
    db.add(made)
    await db.commit()
    await db.refresh(made)
    return made


def main() -> None:
    """Command line."""
    address = sys.argv[1].replace("postgresql://", "postgresql+asyncpg://")
    sessions.configure(bind=create_async_engine(address, pool_size=8))
    uvicorn.run(app, port=int(sys.argv[2]), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()

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


@app.get("/contacts/{contact_id}/messages", response_model=list[MessageShape])
async def timeline(db: Session, contact_id: UUID) -> Any:
    """The newest messages of a contact (ours: everything that happened with it)."""
    found = select(Message).where(Message.contact_id == contact_id)
    return (await db.scalars(found.order_by(Message.occurred_at.desc()).limit(50))).all()


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

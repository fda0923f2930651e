"""Any work on deals and their contacts, and whether the kept totals equal a recount."""

import random
from uuid import UUID

import asyncpg

from .rows import value

STAGES = ("lead", "qualified", "proposal", "closed_won", "closed_lost")
DIFFERENCE = """
    with kept as (
        select pipeline::text, stage::text, day, currency::text, owner, contact_owner,
               sum(deals) as deals, sum(value) as value, sum(weighted) as weighted
        from app.deal_totals group by 1, 2, 3, 4, 5, 6
        having sum(deals) <> 0 or sum(value) <> 0 or sum(weighted) <> 0),
    counted as (
        select d.pipeline::text, d.stage::text,
               case when d.stage in ('closed_won', 'closed_lost') then d.actual_close_date
                    else coalesce(d.expected_close_date - extract(day from d.expected_close_date)
                                  ::integer + 1, '0001-01-01') end as day,
               d.currency::text, coalesce(d.assigned_to, $1) as owner,
               coalesce(c.assigned_to, $1) as contact_owner,
               count(*) as deals, sum(d.value) as value, sum(d.value * d.probability) as weighted
        from deals d join contacts c on c.id = d.contact_id
        where d.deleted_at is null group by 1, 2, 3, 4, 5, 6)
    select count(*) from (
        (select * from kept except select * from counted)
        union all (select * from counted except select * from kept)) d
"""


async def wrong(conn: asyncpg.Connection) -> int:
    return await value(conn, DIFFERENCE, UUID(int=0))


WORK = (
    "insert into deals (contact_id, name, stage, value, currency, assigned_to)"
    " select {contact}, 'x' || n, {stage}, n * 10, {currency}, {person}"
    " from generate_series(1, {few}) n",
    "update deals set pipeline = 'default', stage = {stage} where {some}",
    "update deals set value = value + {number}, probability = {number} where {some}",
    "update deals set pipeline = 'rentals', stage = 'new', assigned_to = {person} where {some}",
    "update deals set deleted_at = case when deleted_at is null then now() end where {some}",
    "update deals set actual_close_date = actual_close_date - {number}"
    " where {some} and actual_close_date is not null",
    "update deals set expected_close_date = {day} where {some}",
    "update deals set contact_id = {contact} where {some}",
    "delete from deals where {some}",
    "update contacts set deleted_at = case when deleted_at is null then now() end"
    " where id = {contact}",
    "update contacts set assigned_to = {person} where id in ({contact}, {contact})",
    "select app.upkeep_deal_totals()",
)


async def some_work(
    conn: asyncpg.Connection, dice: random.Random, contacts: list[UUID], people: list[UUID | None]
) -> None:
    """One statement of any kind on some deals, or on their contacts."""
    person = dice.choice(people)
    await conn.execute(
        dice.choice(WORK).format(
            some="ctid = any (array(select ctid from deals order by random()"
            f" limit {dice.randint(0, 6)}))",
            contact=f"'{dice.choice(contacts)}'",
            person=f"'{person}'::uuid" if person else "null::uuid",
            stage=f"'{dice.choice(STAGES)}'",
            currency=dice.choice(("'USD'", "'EUR'")),
            day=dice.choice(("null", "current_date - 40", "current_date + 5", "current_date + 70")),
            number=dice.randint(0, 99),
            few=dice.randint(0, 7),
        )
    )

"""Moving deals: to a place, back again, too late, and out of the pipeline."""

from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import asyncpg
import httpx
import pytest

from tests.cast import BOB

from .scene import PARTIAL, column, contact, deal, page, row, text, version


@pytest.fixture(autouse=True)
async def empty(admin: asyncpg.Connection) -> None:
    """Every test makes its own deals."""
    await admin.execute("truncate deals cascade")


async def move(
    client: httpx.AsyncClient, admin: asyncpg.Connection, one: UUID, stage: str, **more: str
) -> httpx.Response:
    sent = {"stage": stage, "version": await version(admin, one)} | more
    return await client.post(f"/deals/{one}/move", data=sent, headers=PARTIAL)


def undo(answer: httpx.Response) -> str:
    address = page(answer.text).css_first("[data-undo]").parent.attributes["hx-post"]
    assert isinstance(address, str)
    return address


async def test_a_card_goes_into_another_column_at_its_place(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    ann = await contact(admin)
    one = await deal(admin, "One", ann, value=Decimal(100))
    top = await deal(admin, "Top", ann, stage="proposal", position=1.0)
    below = await deal(admin, "Below", ann, stage="proposal", position=2.0)
    answer = await move(client, admin, one, "proposal", before_id=str(below))
    assert answer.status_code == 200
    html = page(answer.text)
    assert "Lead 0 deals $0" in text(html.css_first("[hx-target='#head-lead']"))
    assert "Proposal 3 deals $100" in text(html.css_first("[hx-target='#head-proposal']"))
    card = html.css_first(f"#d{one}")
    assert card.attributes["data-version"] == await version(admin, one)
    assert "“One” moved to Proposal." in text(html.css_first("crm-toast"))
    moved = await row(admin, one)
    assert (moved["stage"], moved["probability"]) == ("proposal", 40)
    assert column((await client.get("/deals")).text, "proposal") == ["Top", "One", "Below"]
    assert top


async def test_undo_puts_a_card_back_where_and_as_it_was(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await deal(admin, "One", position=77.5, probability=33)
    answer = await move(client, admin, one, "proposal")
    back = await client.post(undo(answer), headers=PARTIAL)
    assert back.status_code == 200
    assert "Moved back" in text(page(back.text).css_first("crm-toast"))
    assert page(back.text).css("[hx-target='#col-lead'] .deal, [hx-target='#col-proposal'] .deal")
    again = await row(admin, one)
    assert (again["stage"], again["position"], again["probability"]) == ("lead", 77.5, 33)


async def test_a_move_that_comes_too_late_says_who_was_faster(
    client: httpx.AsyncClient, admin: asyncpg.Connection, pool
) -> None:
    one = await deal(admin, "One")
    seen = await version(admin, one)
    async with pool.session(BOB) as connection:
        await connection.execute("update deals set stage = 'contract' where id = $1", one)
    answer = await client.post(
        f"/deals/{one}/move?from=lead", data={"stage": "proposal", "version": seen}, headers=PARTIAL
    )
    assert answer.status_code == 409
    html = page(answer.text)
    assert "Bob Brown changed “One” just now." in text(html.css_first("crm-toast.error"))
    targets = {node.attributes["hx-target"] for node in html.css("template, hx-partial")}
    assert {"#col-lead", "#col-proposal", "#col-contract"} <= targets
    assert (await row(admin, one))["stage"] == "contract"


async def test_an_undo_that_comes_too_late_is_refused(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await deal(admin, "One")
    address = undo(await move(client, admin, one, "proposal"))
    await admin.execute("update deals set notes = 'x' where id = $1", one)
    assert (await client.post(address, headers=PARTIAL)).status_code == 409
    assert (await row(admin, one))["stage"] == "proposal"


async def test_a_lost_deal_keeps_its_reason_and_competitor(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await deal(admin, "One", value=Decimal(70))
    answer = await move(
        client, admin, one, "closed_lost", reason="Price", details="801 online", competitor="Acme"
    )
    assert answer.status_code == 200
    lost = await row(admin, one)
    assert (lost["lost_reason"], lost["competitor"]) == ("Price: 801 online", "Acme")
    assert (lost["probability"], lost["value"]) == (0, 70)
    why = await admin.fetchval(
        "select change_reason from deal_stage_history where new_stage = 'closed_lost'"
    )
    assert why == "Price: 801 online"


async def test_a_won_deal_takes_the_day_and_the_value_and_undo_gives_both_back(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await deal(admin, "One", value=Decimal(70))
    answer = await move(client, admin, one, "closed_won", value="$1,250.50", closed_on="2026-01-31")
    won = await row(admin, one)
    assert (won["value"], str(won["actual_close_date"])) == (Decimal("1250.50"), "2026-01-31")
    await client.post(undo(answer), headers=PARTIAL)
    again = await row(admin, one)
    assert (again["stage"], again["value"], again["actual_close_date"]) == ("lead", 70, None)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"stage": "nowhere"}, 422),
        ({"stage": "proposal", "version": "yesterday"}, 422),
        ({"stage": "closed_won", "value": "-1"}, 422),
        ({"stage": "closed_won", "closed_on": "31.1."}, 422),
        ({"stage": "proposal", "position": "nan"}, 422),
        ({"stage": "proposal", "before_id": "top"}, 422),
        ({"stage": "pro\x00posal"}, 422),
    ],
)
async def test_a_move_that_makes_no_sense_changes_nothing(
    client: httpx.AsyncClient, admin: asyncpg.Connection, sent: dict[str, str], status: int
) -> None:
    one = await deal(admin, "One")
    before = await row(admin, one)
    data = {"version": before["updated_at"].isoformat()} | sent
    answer = await client.post(f"/deals/{one}/move", data=data, headers=PARTIAL)
    assert answer.status_code == status
    assert await row(admin, one) == before


async def test_the_page_of_a_deal_moves_it_with_a_plain_form(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await deal(admin, "One")
    sent = {"stage": "contract", "version": await version(admin, one)}
    answer = await client.post(f"/deals/{one}/move", data=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/deals/{one}")
    assert (await client.post(f"/deals/{one}/move", data=sent)).status_code == 409


async def test_a_narrowed_board_gets_its_own_sums(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    ann = await contact(admin)
    one = await deal(admin, "Mine", ann, assigned_to=BOB.user_id, value=Decimal(10))
    await deal(admin, "Other", ann, value=Decimal(20), stage="proposal")
    sent = {"stage": "proposal", "version": await version(admin, one)}
    answer = await client.post(f"/deals/{one}/move?owner={BOB.user_id}", data=sent, headers=PARTIAL)
    assert "Proposal 1 deal $10" in text(
        page(answer.text).css_first("[hx-target='#head-proposal']")
    )
    query = dict(parse_qsl(urlsplit(undo(answer)).query))
    assert query["owner"] == str(BOB.user_id)

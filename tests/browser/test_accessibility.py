"""Every page and open state, light and dark, wide and narrow: axe-core, reflow, targets, focus."""

import pytest

from .conftest import NewPage, axe
from .routes import ROUTES, Route

WIDE = (1440, 900)
PHONE = (390, 844)


async def _visit(new_page: NewPage, route: Route, size: tuple[int, int], theme: str = "light"):
    page = await new_page(*size, theme=theme, signed_in=route.signed_in)
    await page.goto(route.path)
    if route.then:
        await route.then(page)
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_axe_finds_nothing(new_page: NewPage, route: Route, size, theme):
    if route.wide_only and size == PHONE:
        pytest.skip("phones do not show this state")
    page = await _visit(new_page, route, size, theme)
    assert await axe(page) == []


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_a_page_fits_320_pixels(new_page: NewPage, route: Route):
    if route.wide_only:
        pytest.skip("phones do not show this state")
    page = await _visit(new_page, route, (320, 640))
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    # Inside the panel only what is made to scroll sideways may be wider than the screen.
    too_wide = await page.evaluate(TOO_WIDE)
    assert too_wide == []


TOO_WIDE = """
() => [...document.querySelectorAll('main *')]
  .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
  .filter(e => {
    for (let p = e.parentElement; p; p = p.parentElement)
      if (['auto', 'scroll'].includes(getComputedStyle(p).overflowX) && p.clientWidth <= innerWidth
          && !p.matches('.scroll, .main, .tl, aside')) return false;
    return !e.closest('.sr, thead');
  })
  .map(e => e.tagName + '.' + e.className)
"""


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_every_target_is_at_least_24_pixels(new_page: NewPage, route: Route, size):
    if route.wide_only and size == PHONE:
        pytest.skip("phones do not show this state")
    page = await _visit(new_page, route, size)
    assert await page.evaluate(SMALL_TARGETS) == []


# A checkbox has a larger ::after, or a label around it; words inside a sentence are excepted.
SMALL_TARGETS = """
() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary')]
  .filter(e => e.checkVisibility({checkVisibilityCSS: true}) && !e.matches('.check, .skip'))
  .filter(e => !e.closest('p, .notice, .sr, dd') && e.offsetParent !== null)
  .filter(e => { const b = e.getBoundingClientRect();
                 return b.width > 0 && (b.width < 23.5 || b.height < 23.5) })
  .map(e => e.outerHTML.slice(0, 90) + ' ' + JSON.stringify(e.getBoundingClientRect()))
"""


@pytest.mark.parametrize("route", [r for r in ROUTES if not r.then], ids=lambda route: route.name)
async def test_the_focus_is_always_visible(new_page: NewPage, route: Route):
    page = await _visit(new_page, route, WIDE)
    unmarked = []
    for _ in range(25):
        await page.keyboard.press("Tab")
        fault = await page.evaluate(UNMARKED_FOCUS)
        if fault:
            unmarked.append(fault)
    assert unmarked == []


# An outline, a ring, or (search boxes) the ring of the frame around the field.
UNMARKED_FOCUS = """
() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const marked = x => { const s = getComputedStyle(x);
    return (s.outlineStyle !== 'none' && s.outlineWidth !== '0px') || s.boxShadow.includes('3px') };
  const box = e.getBoundingClientRect();
  const frame = e.closest('.field, .drop') ?? e;
  if (!marked(e) && !marked(frame)) return 'no mark: ' + e.outerHTML.slice(0, 90);
  if (box.bottom < 0 || box.top > innerHeight) return 'out of view: ' + e.outerHTML.slice(0, 90);
  return null;
}
"""


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_a_page_has_one_heading_and_a_title(new_page: NewPage, route: Route):
    page = await _visit(new_page, route, WIDE)
    assert await page.locator("h1").count() == 1
    assert len(await page.title()) > len("· CRM")
    assert await page.locator("main").count() == 1

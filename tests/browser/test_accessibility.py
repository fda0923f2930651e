"""Every page and open state: axe-core in both themes, reflow, size of targets, visible focus."""

import pytest
from playwright.async_api import Page

from .conftest import NewPage, axe
from .routes import ROUTES, Route

PHONE_ROUTES = [route for route in ROUTES if not route.wide_only]
RESTING_ROUTES = [route for route in ROUTES if not route.then]


def _name(route: Route) -> str:
    return route.name


async def _visit(new_page: NewPage, route: Route, width: int, height: int) -> Page:
    page = await new_page(width, height, signed_in=route.signed_in)
    await page.goto(route.path)
    if route.then:
        await route.then(page)
    return page


async def _findings(page: Page) -> dict[str, list[str]]:
    found = {"light": await axe(page)}
    await page.emulate_media(color_scheme="dark")
    found["dark"] = await axe(page)
    found["small targets"] = await page.evaluate(SMALL_TARGETS)
    return {kind: faults for kind, faults in found.items() if faults}


@pytest.mark.parametrize("route", ROUTES, ids=_name)
async def test_a_page_is_accessible_on_a_wide_screen(new_page: NewPage, route: Route):
    page = await _visit(new_page, route, 1440, 900)
    assert await _findings(page) == {}
    assert await page.locator("h1").count() == 1
    assert await page.locator("main").count() == 1
    assert len(await page.title()) > len("· CRM")


@pytest.mark.parametrize("route", PHONE_ROUTES, ids=_name)
async def test_a_page_is_accessible_on_a_phone_and_fits_320_pixels(new_page: NewPage, route: Route):
    page = await _visit(new_page, route, 390, 844)
    assert await _findings(page) == {}
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    assert await page.evaluate(TOO_WIDE) == []


@pytest.mark.parametrize("route", RESTING_ROUTES, ids=_name)
async def test_the_focus_is_always_visible(new_page: NewPage, route: Route):
    page = await _visit(new_page, route, 1440, 900)
    faults = set()
    for _ in range(25):
        await page.keyboard.press("Tab")
        faults.add(await page.evaluate(UNMARKED_FOCUS))
    assert faults - {""} == set()


# Inside the panel only what is made to scroll sideways may be wider than the screen.
TOO_WIDE = """
() => [...document.querySelectorAll('main *')]
  .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
  .filter(e => {
    for (let p = e.parentElement; p; p = p.parentElement)
      if (['auto', 'scroll'].includes(getComputedStyle(p).overflowX)
          && p.clientWidth <= innerWidth && !p.matches('.scroll, .main, .tl, aside')) return false;
    return !e.closest('.sr, thead');
  })
  .map(e => e.tagName + '.' + e.className)
"""

# A checkbox has a larger ::after, or a label around it; words inside a sentence are excepted.
SMALL_TARGETS = """
() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary')]
  .filter(e => e.checkVisibility({checkVisibilityCSS: true}) && !e.matches('.check, .skip'))
  .filter(e => !e.closest('p, .notice, .sr, dd') && e.offsetParent !== null)
  .filter(e => { const b = e.getBoundingClientRect();
                 return b.width > 0 && (b.width < 23.5 || b.height < 23.5) })
  .map(e => e.outerHTML.slice(0, 90))
"""

# An outline, a ring, or (search boxes) the ring of the frame around the field.
UNMARKED_FOCUS = """
() => {
  const e = document.activeElement;
  // Inside a frame its own document shows the focus, as the viewer of a PDF does.
  if (!e || e === document.body || e.matches('iframe')) return '';
  const marked = x => { const s = getComputedStyle(x);
    return (s.outlineStyle !== 'none' && s.outlineWidth !== '0px') || s.boxShadow.includes('3px') };
  const box = e.getBoundingClientRect();
  const name = e.outerHTML.slice(0, 90);
  if (!marked(e) && !marked(e.closest('.field, .drop') ?? e)) return 'no mark: ' + name;
  return box.bottom < 0 || box.top > innerHeight ? 'out of view: ' + name : '';
}
"""

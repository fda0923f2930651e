"""Rules for templates that need no browser: what only somebody who looks would notice."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "crm").rglob("templates/**/*.html"))
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)

FORBIDDEN = {
    "style attribute": r"<[^>]*\sstyle\s*=",
    "event handler": r"<[^>]*\son[a-z]+\s*=",
    "inline script": r"<script\b(?![^>]*\ssrc=)",
    "inline style": r"<style\b",
    "hx-on": r"\bhx-on\b",
    "hx-boost": r"\bhx-boost\b",
    "script in a value": r"=\s*[\"']\s*(?:js|javascript):",
    "trigger filter": r"hx-trigger\s*=\s*\"[^\"]*\[",
    "whitespace control that looks like a minus": r"\{\{-[\w(]",
}
ICON = re.compile(r"""(?:icon\(|icon_name=|empty\()\s*["']([a-z0-9-]+)["']""")
ASSET = re.compile(r"""asset\(\s*["']([^"']+)["']\s*\)""")


def _text(path: Path) -> str:
    return COMMENT.sub("", path.read_text())


def _ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=_ids)
def test_a_template_has_no_forbidden_attribute(path: Path):
    text = _text(path)
    assert [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=_ids)
def test_an_icon_is_in_the_sprite(path: Path):
    sprite = set((ROOT / "web/icons.txt").read_text().split("\n"))
    assert set(ICON.findall(_text(path))) - sprite == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=_ids)
def test_an_asset_is_built(path: Path):
    manifest = json.loads((ROOT / "crm/static/dist/manifest.json").read_text())
    assert set(ASSET.findall(_text(path))) - set(manifest) == set()


def test_the_style_sheet_is_small():
    built = json.loads((ROOT / "crm/static/dist/manifest.json").read_text())["app.css"]
    assert (ROOT / f"crm/static/dist/{built}.gz").stat().st_size <= 20 * 1024

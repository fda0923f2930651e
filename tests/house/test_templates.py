"""Templates: they compile, and hold nothing that the content security policy would refuse."""

import re

import pytest
from jinja2 import Environment

from .tree import named, short

TEMPLATES = named(".html", under="crm")
REFUSED = {
    "inline style": r"<[^>]*\sstyle=",
    "style element": r"<style\b",
    "inline script": r"<script\b(?![^>]*\ssrc=)",
    "event handler attribute": r"<[^>]*\son[a-z]+=",
    "htmx inline script": r"hx-on[:-]|\bhx-vals=[\"']js:|\bjs:|hx-vars",
    "javascript address": r"(href|src|action)=[\"']javascript:",
    "file of another site": r"(src|srcset)=[\"'](https?:)?//|<link[^>]*href=[\"'](https?:)?//",
    "unescaped value": r"\|\s*safe\b",
    "image without alt": r"<img\b(?![^>]*\salt=)",
    "button without type": r"<button\b(?![^>]*\stype=)(?![^>]*\{\{)",
    "new window without rel": r"target=[\"']_blank[\"'](?![^>]*\srel=)(?<!rel=)",
}
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)


@pytest.mark.parametrize("path", TEMPLATES, ids=short)
def test_a_template_compiles(path):
    Environment(autoescape=True, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"]).parse(
        path.read_text()
    )


@pytest.mark.parametrize("path", TEMPLATES, ids=short)
def test_a_template_holds_nothing_a_browser_would_refuse(path):
    text = COMMENT.sub("", path.read_text())
    found = {
        what: match[0][:80]
        for what, pattern in REFUSED.items()
        if (match := re.search(pattern, text, re.IGNORECASE))
    }
    assert found == {}


def test_the_template_test_can_fail():
    planted = {
        "inline style": '<p style="x">',
        "inline script": "<script>x</script>",
        "event handler attribute": '<a onclick="x">',
        "unescaped value": "{{ name | safe }}",
        "image without alt": '<img src="/x">',
        "button without type": "<button>x</button>",
    }
    assert [
        what for what, html in planted.items() if not re.search(REFUSED[what], html, re.IGNORECASE)
    ] == []

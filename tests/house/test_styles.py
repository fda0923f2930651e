"""Styles: a class belongs to one file, so that two rooms cannot dress each other's pages."""

import re
from collections import defaultdict

from .tree import named

# The table's toolbar is laid out in table.css; the contacts add what theirs does.
SHARED = {"bulk": {"table.css", "contacts-table.css"}}


def test_a_class_is_laid_out_in_one_file():
    homes = defaultdict(set)
    for path in named(".css", under="web/css"):
        depth = 0
        for line in path.read_text().splitlines():
            if depth == 0 and (found := re.match(r"\.([a-z0-9-]+)\s*[,{]", line)):
                homes[found[1]].add(path.name)
            depth += line.count("{") - line.count("}")
    twice = {name: files for name, files in homes.items() if len(files) > 1}
    assert {name: files for name, files in twice.items() if SHARED.get(name) != files} == {}

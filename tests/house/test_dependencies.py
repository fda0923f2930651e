"""Dependencies: each has a reason, all are locked by hash, nothing says where they come from."""

import re
import tomllib

import pytest

from .tree import ROOT, files, short

PYPROJECT = (ROOT / "pyproject.toml").read_text()
LOCKS = {
    "requirements.txt": ["dependencies"],
    "requirements-dev.txt": ["dependencies", "dev"],
    "requirements-node.txt": ["node"],
}
# Spelled in pieces, so that this file passes its own test.
ADDRESSES = re.compile(
    r"(pypi\.|python" + r"hosted\.|registry\.npm|npm" + r"js\.|deb\." + r"debian|jsde" + r"livr)",
)
WORKPLACE = re.compile(r"(?<![\w./-])/" + r"(work|root|home/\w+)/")


def declared(section: str) -> list[str]:
    project = tomllib.loads(PYPROJECT)
    if section == "dependencies":
        wanted = project["project"]["dependencies"]
    else:
        optional = project["project"]["optional-dependencies"]
        wanted = (optional | project["dependency-groups"])[section]
    return [re.match(r"[\w-]+", requirement)[0].lower() for requirement in wanted]  # pyright: ignore[reportOptionalSubscript]


def test_every_dependency_has_its_reason_beside_it():
    section = PYPROJECT.split("dependencies = [", 1)[1].split("[project.scripts]")[0]
    lines = [line for line in section.splitlines() if re.match(r'\s+"[\w-]+[>=<]', line)]
    assert len(lines) == len(declared("dependencies")) + len(declared("dev"))
    assert [line for line in lines if not re.search(r"# \S+ \S+", line)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_holds_every_declared_dependency_by_hash(lock: str):
    text = (ROOT / lock).read_text()
    blocks = re.split(r"\n(?=\S)", text.strip())
    locked = {block.split("==")[0].lower() for block in blocks}
    assert [name for part in LOCKS[lock] for name in declared(part) if name not in locked] == []
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text


def test_the_program_and_its_tests_use_the_same_versions():
    program = set(re.findall(r"^\S+==\S+", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    tests = set(re.findall(r"^\S+==\S+", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE))
    assert program <= tests


def test_no_file_names_a_package_registry_or_a_folder_of_one_machine():
    found = []
    for path in files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if ADDRESSES.search(line) or WORKPLACE.search(line):
                found.append(f"{short(path)}:{number}: {line.strip()[:80]}")
    assert found == []


def test_every_room_is_in_the_import_rules():
    contracts = tomllib.loads(PYPROJECT)["tool"]["importlinter"]["contracts"]
    ends = ("/pages.py", "/api.py")
    pages = [path for path in files() if short(path).startswith("crm/")]
    rooms = {f"crm.{path.parent.name}" for path in pages if short(path).endswith(ends)}
    assert rooms - {"crm.users"} == set(contracts[0]["modules"])
    assert rooms == set(contracts[1]["forbidden_modules"])

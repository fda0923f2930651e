"""Who the server runs as: PostgreSQL refuses root, so root lends it an unprivileged account.

A checkout may lie where that account cannot go (/root is 0700). We never open other people's
folders: the server then gets the one capability that lets it pass, and keeps its own user id.
"""

import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from crm.embedded.failure import ServerError

_CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine. `prefix` is put before each command that must run as that user."""

    name: str
    uid: int
    gid: int
    prefix: tuple[str, ...] = ()

    def own(self, path: Path) -> None:
        """Make the account the owner of something that we have just created."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)


def account_for(cluster: Path, *places: Path) -> Account:
    """The account for `cluster`: we ourselves, or for root the cluster's owner or a spare one.

    `places` are the paths which the server must be able to read. Raises ServerError when the
    cluster belongs to somebody else.
    """
    owner = cluster.stat().st_uid if cluster.exists() else None
    me = os.geteuid()
    if me != 0:
        if owner not in (None, me):
            raise ServerError(
                f"{cluster} belongs to the user {_name(owner)}; run this as that user,"
                " or set CRM_DATA_DIR to a directory of your own"
            )
        return Account(_name(me), me, os.getegid())
    if owner == 0:
        raise ServerError(
            f"{cluster} belongs to root, and PostgreSQL does not run as root:"
            f" chown -R {_spare().pw_name} {cluster}"
        )
    user = pwd.getpwuid(owner) if owner is not None else _spare()
    return Account(user.pw_name, user.pw_uid, user.pw_gid, _prefix(user, places))


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:  # a container may run as a number without a name
        return str(uid)


def _spare() -> pwd.struct_passwd:
    for name in _CANDIDATES:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerError(
        "PostgreSQL does not run as root and this machine has neither a user"
        " 'postgres' nor 'nobody'; start the program as a plain user"
    )


def _prefix(user: pwd.struct_passwd, places: tuple[Path, ...]) -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ServerError(
            "PostgreSQL does not run as root, and setpriv (package util-linux)"
            " is missing to lower the rights; start the program as a plain user"
        )
    plain = (setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
    if all(_reaches(user, place) for place in places):
        return plain
    # access(2) forgets capabilities of other users than root unless no_setuid_fixup is set, and
    # PostgreSQL looks for its own programs with access(2).
    capability = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    return (*plain, *capability, "--securebits=+no_setuid_fixup")


def _reaches(user: pwd.struct_passwd, place: Path) -> bool:
    path = place.resolve()
    return all(_may_enter(user, step.stat()) for step in (path, *path.parents) if step.exists())


def _may_enter(user: pwd.struct_passwd, found: os.stat_result) -> bool:
    if found.st_uid == user.pw_uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == user.pw_gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)

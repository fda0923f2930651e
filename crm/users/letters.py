"""The mails of this room, and the links in them."""

from starlette.requests import Request

INVITATION_DAYS = 7


def link(request: Request, path: str) -> str:
    """An absolute address of ours: below CRM_PUBLIC_URL, or else where this request came to."""
    origin = request.app.state.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return f"{origin}{path}"


def invitation(workspace: str, inviter: str, role: str, address: str) -> tuple[str, str]:
    """Subject and text."""
    return (
        f"{inviter} invites you to {workspace}",
        f"{inviter} invites you to work in {workspace} as {role}.\n\n"
        f"Choose your name and password here:\n\n{address}\n\n"
        f"The link works once, within {INVITATION_DAYS} days. If you did not expect it, do"
        " nothing.\n",
    )


def reset(workspace: str, address: str) -> tuple[str, str]:
    """Subject and text."""
    return (
        f"A new password for {workspace}",
        f"Somebody, probably you, asked for a new password for {workspace}.\n\n"
        f"Choose it here:\n\n{address}\n\n"
        "The link works once, within an hour. It ends all your sessions. If it was not you, do"
        " nothing: your password stays as it is.\n",
    )

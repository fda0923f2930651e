"""Configuration: CRM_… variables, a .env file, and secrets from files (CRM_DATABASE_URL_FILE)."""

import os
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MOST_WORKERS = 64


class ConfigurationError(Exception):
    """A setting is missing or wrong; the message names the variable and what to do."""


class Settings(BaseSettings):
    """All settings of the program. Sizes in bytes, times in seconds."""

    model_config = SettingsConfigDict(env_prefix="CRM_", env_file=".env", extra="ignore")

    database_url: str | None = Field(
        None, description="the application's login; unset: the embedded PostgreSQL is started"
    )
    admin_database_url: str | None = Field(
        None, description="the owner's login, used by `crm db …`; unset: database_url"
    )
    data_dir: Path = Field(Path("var"), description="embedded PostgreSQL and uploaded files")
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    environment: Literal["development", "production"] = "development"
    demo: bool = Field(default=False, description="a sign-in without password, on loopback only")
    default_region: str = Field("US", pattern="^[A-Z]{2}$", description="phones without a +")
    storage_url: str | None = Field(
        None, description="files of documents: file:///folder or s3://bucket/prefix"
    )
    max_upload_bytes: int = Field(50 * 1024 * 1024, gt=0)
    statement_timeout: float = Field(10.0, gt=0, description="seconds a page's query may take")
    pool_size: int = Field(8, ge=1)
    log_json: bool = Field(default=False, description="one JSON object a line")
    workers: int = Field(1, ge=1, le=MOST_WORKERS, description="processes that answer requests")
    upkeep_seconds: float = Field(60.0, ge=0, description="between two rounds; 0: no upkeep here")
    metrics_token: str | None = Field(
        None, repr=False, description="bearer of /metrics; unset: only this machine may ask"
    )
    public_url: str | None = Field(
        None, description="where people reach the program; links in mails begin with it"
    )
    smtp_url: str | None = Field(
        None, repr=False, description="smtp://user:password@host:587 or smtps://…; unset: no mail"
    )
    mail_from: str | None = Field(
        None, validate_default=True, description="sender: crm@example.com, or Name <crm@…>"
    )

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value and not (value.startswith(("http://", "https://")) and urlsplit(value).hostname):
            raise ValueError("must be an address such as https://crm.example.com")
        return value.rstrip("/") if value else None

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not value:
            return None
        url = urlsplit(value)
        if url.scheme not in {"smtp", "smtps"} or not url.hostname:
            raise ValueError("must be smtp://user:password@host:587 or smtps://…")
        if not info.data.get("public_url"):
            # Whoever asks for a link may send any Host header, also one of their own site.
            raise ValueError("needs CRM_PUBLIC_URL: links in mails must not follow the request")
        return value

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str | None, info: ValidationInfo) -> str | None:
        smtp_url = info.data.get("smtp_url")
        if smtp_url and not value:
            user = unquote(urlsplit(smtp_url).username or "")
            value = user if "@" in user else None
        if smtp_url and "@" not in parseaddr(value or "")[1]:
            raise ValueError("needs the address that mails come from, because CRM_SMTP_URL is set")
        return value

    @property
    def demo_door(self) -> bool:
        """Whether anybody may sign in to the demo: never where other machines can reach it."""
        return self.demo and self.host in {"127.0.0.1", "::1", "localhost"}


def _secrets_from_files() -> dict[str, str]:
    """Values of CRM_<NAME>_FILE variables: the content of the named file, stripped."""
    found: dict[str, str] = {}
    for variable, path in os.environ.items():
        if not (variable.startswith("CRM_") and variable.endswith("_FILE")):
            continue
        try:
            found[variable[4:-5].lower()] = Path(path).read_text().strip()
        except OSError as error:
            raise ConfigurationError(f"{variable}: cannot read {path}: {error.strerror}") from error
    return found


def load() -> Settings:
    """Read the settings anew; raises ConfigurationError with one line per bad variable."""
    try:
        return Settings(**_secrets_from_files())  # pyright: ignore[reportArgumentType]
    except ValidationError as error:
        lines = [f"CRM_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        raise ConfigurationError("; ".join(lines)) from error


@cache
def settings() -> Settings:
    """The settings of this process."""
    return load()

"""Configuration: CRM_… variables, a .env file, and secrets from files (CRM_DATABASE_URL_FILE)."""

import os
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


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
    log_json: bool = False

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

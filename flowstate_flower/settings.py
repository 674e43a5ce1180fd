"""What the surroundings decide: read once, at the edge, from `FLOWSTATE_*` variables."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Defaults of the command line. Each is a flag there as well, and the flag wins."""

    model_config = SettingsConfigDict(env_prefix="FLOWSTATE_", frozen=True)

    registry: str = "registry.db"
    """The registry that commands open: a folder, a file in it, or the URL of a PostgreSQL database."""

    home: Path = Path()
    """The folder with the keys and models of a registry that is named by a URL."""

    kek_file: Path | None = None
    """The file with the key-encryption keys. Without it, `kek.key` beside the registry."""

    kek: SecretStr | None = None
    """The key-encryption keys themselves, in hexadecimal, between commas; the first wraps. Wins over the file."""

    allow_untested_flower: bool = False
    """Go on with a version of Flower that this was not tried with. Its internals move: what protects tenants may not hold."""

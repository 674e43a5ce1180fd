"""What the surroundings decide: read once, at the edge, from `FLOWSTATE_*` variables."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Defaults of the command line. Each is a flag there as well, and the flag wins."""

    model_config = SettingsConfigDict(env_prefix="FLOWSTATE_", frozen=True)

    registry: Path = Path("registry.db")
    """The registry that reading commands open: a file, or the folder that holds `registry.db`."""

    kek_file: Path | None = None
    """The file with the key-encryption keys. Without it, `kek.key` beside the registry."""

    kek: SecretStr | None = None
    """The key-encryption keys themselves, in hexadecimal, between commas; the first wraps. Wins over the file."""

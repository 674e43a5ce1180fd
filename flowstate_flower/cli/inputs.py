"""What commands are given: a registry, and files that others signed."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.errors import BadInput
from flowstate_flower.registry import Registry
from flowstate_flower.registry.places import without_password
from flowstate_flower.settings import Settings
from flowstate_flower.trust.dsse import MAX_ENVELOPE_BYTES, Envelope, MalformedEnvelope

RegistryOption = Annotated[
    str | None,
    typer.Option("--registry", help="Its folder, or PostgreSQL's URL. Default: FLOWSTATE_REGISTRY, else ./registry.db"),
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The tenant's name.")]
HomeArgument = Annotated[Path, typer.Argument(metavar="HOME", help="The tenant's own folder: policy, key and ledger.")]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="What the tenant signed, or - for stdin.")]


def said(registry: str | None) -> str:
    """Where the registry is: as a flag says, which never holds a password, or as the environment does."""
    return Settings().registry if registry is None else without_password(registry)


def opened(registry: str | None, *, to_write: bool = False) -> Registry:
    """The registry that a flag or the environment names."""
    return Registry.open(said(registry), to_write=to_write)


def signed_file(path: Path) -> Envelope:
    """The envelope in a file, `-` for stdin. Raises `BadInput`; no more is read than an envelope may have."""
    try:
        if str(path) == "-":
            return Envelope.parse(sys.stdin.buffer.read(MAX_ENVELOPE_BYTES + 1).strip())
        with path.open("rb") as file:
            return Envelope.parse(file.read(MAX_ENVELOPE_BYTES + 1).strip())
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}", hint="check the path") from error
    except MalformedEnvelope as error:
        raise BadInput(f"{path} is not signed: {error}", hint="the tenant writes it in its own home") from error

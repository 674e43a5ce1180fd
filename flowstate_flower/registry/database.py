"""Opening a registry: a folder with SQLite's file in it, or a PostgreSQL database with a folder; the operator's keys beside."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.registry.binding import bind
from flowstate_flower.registry.engines import cause
from flowstate_flower.registry.places import Place, new_place, place_of
from flowstate_flower.registry.schema import SCHEMA_VERSION, create_schema, read_version
from flowstate_flower.registry.scrubbing import scrub
from flowstate_flower.settings import Settings
from flowstate_flower.trust.encryption import KeyWrapper, LocalKeys
from flowstate_flower.trust.keys import PublicKey, SigningKey

KEY_FILE, PUBLIC_FILE, KEK_FILE, MODELS = "operator.key", "operator.pub", "kek.key", "models"


@dataclass(frozen=True, slots=True)
class Registry:
    """An open registry. `signer` is the operator's key, None where it is only read; `wrapper` holds the key-encryption keys.

    `tenant` is whose eyes and hands these are: None for the operator's, which see everything.
    """

    place: Place
    engine: Engine
    signer: SigningKey | None
    wrapper: KeyWrapper | None = None
    tenant: str | None = None

    @classmethod
    def create(cls, where: Path | str, home: Path | None = None) -> "Registry":
        """A new registry with new keys: in the folder `where`, or in the database of a URL with its files in `home`.

        Raises `BadInput` where one exists or nothing can be written, `BrokenRegistry` where the database cannot be reached.
        """
        place = new_place(where, home)
        try:
            place.folder.mkdir(parents=True, exist_ok=True)
            place.claim()
        except FileExistsError as error:
            raise BadInput(f"{place.path} exists already", hint="choose another folder") from error
        except OSError as error:
            raise BadInput(f"cannot write to {place.folder}: {error.strerror}", hint="choose another folder") from error
        try:
            with owning(place) as connection:
                create_schema(connection)
                signer, wrapper = _make_keys(place.folder)  # a database without its keys would be nobody's
        except BaseException:
            place.path.unlink()
            raise
        return cls(place, place.engine(), signer, wrapper)

    @classmethod
    def open(cls, where: Path | str, *, to_write: bool = False, home: Path | None = None) -> "Registry":
        """The registry in `where`: a folder, a file in it, or a URL with its files in `home`.

        Raises `BadInput` or `BrokenRegistry`.
        """
        place = place_of(where, home)
        engine = place.engine()
        try:
            with engine.execution_options(owner=True).connect() as connection:
                version = read_version(connection, place)
        except DBAPIError as error:
            raise BrokenRegistry(f"{place.name} cannot be read: {cause(error)}", hint=hint(place, "restore a copy")) from error
        if version < SCHEMA_VERSION:
            raise BrokenRegistry(
                f"{place.name} has schema {version}, this version reads {SCHEMA_VERSION}", hint="flowstate registry migrate"
            )
        if not to_write:
            return cls(place, engine, None)
        return cls(place, engine, SigningKey.read(place.folder / KEY_FILE), local_keys(place.folder))

    @property
    def path(self) -> Path:
        """The file that is the database, or that names it."""
        return self.place.path

    @property
    def name(self) -> str:
        """How people know it."""
        return self.place.name

    def as_tenant(self, tenant: str) -> "Registry":
        """The same registry as one tenant may see and change it: what belongs to others is not there."""
        return replace(self, tenant=tenant)

    def with_keys(self) -> "Registry":
        """The same registry, able to read what is sealed where the key-encryption keys are at hand; an auditor has none."""
        settings = Settings()
        at_hand = settings.kek is not None or kek_file(self.path.parent).is_file()
        return replace(self, wrapper=local_keys(self.path.parent)) if at_hand else self

    @property
    def operator(self) -> PublicKey:
        """The operator's public key: of the signer, or from the file beside the database."""
        return self.signer.public if self.signer else PublicKey.read(self.path.parent / PUBLIC_FILE)

    def session(self, *, writes: bool = False) -> Session:
        """A session, bound to the tenant where there is one."""
        engine = self.engine.execution_options(writes=writes, tenant=self.tenant)
        session = Session(engine, expire_on_commit=not writes)
        if self.tenant is not None:
            bind(session, self.tenant)
        return session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database. Raises `BrokenRegistry` where it cannot be read."""
        try:
            with self.session() as session:
                yield session
        except DBAPIError as error:
            raise BrokenRegistry(
                f"{self.name} cannot be read: {cause(error)}", hint=hint(self.place, "restore a copy")
            ) from error

    def scrub(self) -> None:
        """Let nothing that was overwritten remain. Raises `BadInput` while somebody still reads it."""
        scrub(self.engine, self.place)

    def close(self) -> None:
        """Release the file, whose write-ahead log is folded in when the last one leaves, or the server."""
        self.engine.dispose()


@contextmanager
def owning(place: Place) -> Iterator[Connection]:
    """A transaction with the rights of the login, which may make and change tables, and with the lock of whoever writes.

    Raises `BrokenRegistry` where the database does not do it.
    """
    engine = place.engine()
    try:
        with engine.execution_options(owner=True, writes=True).begin() as connection:
            yield connection
    except DBAPIError as error:
        raise BrokenRegistry(f"{place.name} cannot be written: {cause(error)}", hint=hint(place)) from error
    finally:
        engine.dispose()


def hint(place: Place, of_a_file: str = "check the disk") -> str:
    """What to do where a database does not answer."""
    return of_a_file if place.url is None else "check the server, the login and its rights"


def log_origin(key: PublicKey) -> str:
    """The name of an operator's log, as it stands in every checkpoint."""
    return f"flowstate-log/{key.text[:16]}"


def local_keys(folder: Path, *, create: bool = False) -> LocalKeys:
    """The key-encryption keys: of the environment, of the file that it names, or of `kek.key` in the registry's folder."""
    settings = Settings()
    if settings.kek is not None:
        return LocalKeys.parse(settings.kek.get_secret_value(), "FLOWSTATE_KEK")
    path = kek_file(folder)
    return LocalKeys.create(path) if create and not path.exists() else LocalKeys.read(path)


def kek_file(folder: Path) -> Path:
    """Where the key-encryption keys of the registry in `folder` are."""
    return Settings().kek_file or folder / KEK_FILE


def _make_keys(folder: Path) -> tuple[SigningKey, LocalKeys]:
    signer = SigningKey.generate()
    try:
        signer.write(folder / KEY_FILE)
        wrapper = local_keys(folder, create=True)
        (folder / PUBLIC_FILE).write_text(signer.public.text + "\n", encoding="ascii")
    except OSError as error:
        raise BadInput(f"cannot write to {folder}: {error.strerror}", hint="choose another folder") from error
    return signer, wrapper

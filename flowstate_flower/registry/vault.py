"""Tenants' confidential texts: encrypted under a data key of the tenant, readable nowhere else and, once it is gone, never.

A sealed text is `v1.NUMBER.BASE64`: the number of the tenant's data key, then nonce, ciphertext and tag. Its associated data is
the table, the column, the tenant and the row's key.
"""

from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from flowstate_flower.errors import BrokenRegistry
from flowstate_flower.registry.row import Row
from flowstate_flower.registry.tenancy_tables import DataKeyRow
from flowstate_flower.trust.canonical import canonical
from flowstate_flower.trust.encryption import KeyWrapper, WrongKey, decrypted, encrypted, new_key

GONE = ""
"""What a column holds whose tenant has no key any more."""


@dataclass(slots=True)
class Vault:
    """Data keys as one open session sees them. They are kept unwrapped for as long as the session, no longer."""

    session: Session
    wrapper: KeyWrapper
    _unwrapped: dict[tuple[str, int], bytes] = field(default_factory=dict, repr=False)

    def new_data_key(self, tenant: str, number: int, now: str) -> DataKeyRow:
        """A row with a new wrapped data key."""
        key = new_key()
        wrapped = self.wrapper.wrap(key, _key_place(tenant, number))
        return DataKeyRow(tenant=tenant, number=number, kek=self.wrapper.current, wrapped=wrapped, created_at=now)

    def rewrap(self, row: DataKeyRow) -> None:
        """The same data key under the current key-encryption key."""
        key, place = self._key(row), _key_place(row.tenant, row.number)
        row.wrapped, row.kek = self.wrapper.wrap(key, place), self.wrapper.current

    def seal(self, row: Row) -> None:
        """Encrypt the row's sealed columns in place, under the newest key of its tenant. A row of nobody's stays plain."""
        tenant = row.owner()
        if tenant is None or not row.sealed:
            return
        with self.session.no_autoflush:  # data keys are flushed by whoever makes them; rows wait for each other
            living = self.living(tenant)
        for column in row.sealed:
            text = GONE
            if living:
                ciphertext = encrypted(self._key(living[-1]), getattr(row, column).encode(), _place(row, column))
                text = f"{prefix(living[-1].number)}{ciphertext}"
            setattr(row, column, text)

    def open(self, row: Row, column: str) -> str | None:
        """The text in a sealed column, None where its key was destroyed.

        Raises `BrokenRegistry` where it was not encrypted for this place.
        """
        text, tenant = getattr(row, column), row.owner()
        if tenant is None or not row.sealed:
            return str(text)
        if text == GONE:
            return None
        version, number, ciphertext = [*text.split(".", 2), "", ""][:3]
        holder = self.session.get(DataKeyRow, (tenant, int(number))) if version == "v1" and number.isdecimal() else None
        if holder is not None and holder.destroyed_at is not None:
            return None
        try:
            if holder is None:
                raise WrongKey("no such data key")
            return decrypted(self._key(holder), ciphertext, _place(row, column)).decode()
        except WrongKey as error:
            raise BrokenRegistry(f"{row.subject()}: {column} does not decrypt", hint="flowstate audit verify") from error

    def reseal(self, row: Row) -> None:
        """The same texts under the newest key of the row's tenant."""
        texts = {column: self.open(row, column) for column in row.sealed}
        for column, text in texts.items():
            setattr(row, column, text or "")
        self.seal(row)

    def living(self, tenant: str) -> list[DataKeyRow]:
        """The tenant's data keys that were not destroyed, the newest last: two amid a rotation, else one or none."""
        statement = select(DataKeyRow).where(DataKeyRow.tenant == tenant, col(DataKeyRow.destroyed_at).is_(None))
        return list(self.session.exec(statement.order_by(col(DataKeyRow.number))))

    def _key(self, row: DataKeyRow) -> bytes:
        name = (row.tenant, row.number)
        if name not in self._unwrapped:
            self._unwrapped[name] = self.wrapper.unwrap(row.kek, row.wrapped, _key_place(*name))
        return self._unwrapped[name]


def prefix(number: int) -> str:
    """How every text begins that was sealed with data key `number`."""
    return f"v1.{number}."


def _place(row: Row, column: str) -> bytes:
    return canonical({"table": row.__tablename__, "column": column, "tenant": row.owner(), "row": row.key()})


def _key_place(tenant: str, number: int) -> bytes:
    return canonical({"table": DataKeyRow.__tablename__, "column": "wrapped", "tenant": tenant, "row": f"{tenant}/{number}"})

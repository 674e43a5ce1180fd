"""What all audited rows have in common."""

from typing import ClassVar

from sqlmodel import SQLModel


class Row(SQLModel):
    """A row whose digest goes into the audit log. `subject` names it there.

    The columns in `sealed` hold text that is encrypted under the data key of the row's tenant; the digest is over what is
    stored, so it still holds when the key is gone.
    """

    __tablename__: ClassVar[str]
    sealed: ClassVar[tuple[str, ...]] = ()

    def content(self) -> dict[str, object]:
        """Every column by name: what the digest is taken over."""
        return {name: getattr(self, name) for name in sorted(type(self).model_fields)}

    def key(self) -> str:
        """The primary key's values, in order, as one text."""
        keys = [column.name for column in type(self).__table__.primary_key.columns]  # type: ignore[attr-defined]
        return "/".join(str(getattr(self, key)) for key in keys)

    def subject(self) -> str:
        """`table:key/key`."""
        return f"{self.__tablename__}:{self.key()}"

    def owner(self) -> str | None:
        """The tenant that the row belongs to, None for the federation."""
        return getattr(self, "tenant", None)

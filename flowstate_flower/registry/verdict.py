"""What checking a registry found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was recorded. `entry` is the position in the log, None where no entry is to blame."""

    entry: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Witnessed:
    """The most entries that a witness signed for. `size` is 0 where a key was asked for and signed nothing.

    `tenant` is the one that the key belongs to, None for a key that only the caller knows. `at` is the witness's clock.
    """

    tenant: str | None
    public_key: str
    size: int
    at: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found. `root` is the Merkle root of the entries as they stand, in hexadecimal.

    `sealed` counts the signed statements that could not be read: the key-encryption key is not here, or the tenant's data key
    was destroyed. Their rows were compared with the log; their signatures were not checked.
    """

    verified: bool
    entries: int
    root: str
    findings: tuple[Finding, ...]
    witnesses: tuple[Witnessed, ...] = ()
    sealed: int = 0

    @property
    def first(self) -> Finding | None:
        """The finding with the smallest position."""
        return self.findings[0] if self.findings else None

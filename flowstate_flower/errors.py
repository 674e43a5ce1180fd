"""What an operator, a tenant or an engineer did wrong, said in one line with a hint.

A client's fault is never one of these: it is a `Rejection`, a value that is recorded. The tree, with the exit code of each:

    FlowstateError
    ├── BadInput           2   a flag, a file or a name that cannot be used as given
    │   └── UnknownName    2   a name that is not in a catalogue; the hint is the nearest that is
    ├── RunImpossible      3   the federation cannot run as asked: too few tenants, no round that closed
    ├── BrokenRegistry     4   a registry that cannot be read, or that another version wrote
    └── Interrupted      130   the person pressed Ctrl-C; what was recorded before stays valid
"""

from collections.abc import Iterable
from difflib import get_close_matches

CHECK_FAILED = 1
"""Exit code of a command that ran well and found something wrong (`audit verify`, `bench --check`)."""


class FlowstateError(Exception):
    """Base of everything this package raises on purpose. `hint` says what to do next."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class BadInput(FlowstateError):
    """A flag, a file or a value that cannot be used as given."""


class UnknownName(BadInput):
    """`name` is not one of `known`."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else f"one of: {', '.join(names)}"
        super().__init__(f"unknown {kind} '{name}'", hint=hint)


class RunImpossible(FlowstateError):
    """The federation cannot run as asked."""

    exit_code = 3


class BrokenRegistry(FlowstateError):
    """A registry that cannot be read."""

    exit_code = 4


class Interrupted(FlowstateError):
    """The person stopped the command."""

    exit_code = 130

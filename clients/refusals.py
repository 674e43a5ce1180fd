"""The tenant's own record of what it refused: a line of JSON each, in a file beside the ledger, which is only appended to."""

import base64
import os
from dataclasses import dataclass
from pathlib import Path

from flowstate_flower.errors import BadInput
from flowstate_flower.trust.canonical import canonical
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.statements import RefusalStatement


@dataclass(frozen=True, slots=True)
class RefusalLog:
    """Refusals in `path`, with the signature under which each was sent."""

    path: Path

    def append(self, statement: RefusalStatement, envelope: Envelope) -> None:
        """Record one refusal, on the disk before this returns. Raises `BadInput` where it cannot be written."""
        said = statement.model_dump(mode="json")
        line = canonical({**said, "signature": base64.b64encode(envelope.signature).decode()}) + b"\n"
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, line)  # one write of one line: those of other processes stay whole
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise BadInput(f"cannot record a refusal in {self.path}: {error.strerror}", hint="check the folder") from error

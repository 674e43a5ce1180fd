"""Proofs as files: JSON that holds all that is needed to check it, but the operator's public key."""

import json
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from flowstate_flower.documents import Document
from flowstate_flower.errors import BadInput
from flowstate_flower.transparency.checkpoint import BadCheckpoint, Checkpoint, verified
from flowstate_flower.transparency.merkle import leaf_hash
from flowstate_flower.transparency.proofs import is_consistent, is_included
from flowstate_flower.trust.keys import PublicKey

FORMAT: Final = "flowstate-proof/1"
MOST_BYTES = 1 << 20

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Hashes = Annotated[tuple[Hash, ...], Field(max_length=128)]


class InclusionProof(Document):
    """That `entry`, the exact text of a leaf, is the entry `index` of the log of `checkpoint`."""

    format: Literal["flowstate-proof/1"] = FORMAT
    kind: Literal["inclusion"] = "inclusion"
    checkpoint: str
    index: int = Field(ge=0)
    entry: str
    proof: Hashes

    def check(self, origin: str, operator: PublicKey) -> str:
        """What is proven, as a sentence. Raises `BadCheckpoint` where it is not."""
        head = verified(self.checkpoint, origin, operator)
        if not is_included(leaf_hash(self.entry.encode()), self.index, head.size, head.root, _hashes(self.proof)):
            raise BadCheckpoint("the proof does not lead from the entry to the checkpoint's root")
        if _position(self.entry) != self.index:
            raise BadCheckpoint(f"the entry does not say that its position is {self.index}")
        return f"entry {self.index} of the log of {head.size} entries that {origin} signed: {self.entry}"


class ConsistencyProof(Document):
    """That the log of `checkpoint` begins with the log of `earlier`."""

    format: Literal["flowstate-proof/1"] = FORMAT
    kind: Literal["consistency"] = "consistency"
    earlier: str
    checkpoint: str
    proof: Hashes

    def check(self, origin: str, operator: PublicKey) -> str:
        """What is proven, as a sentence. Raises `BadCheckpoint` where it is not."""
        old, new = verified(self.earlier, origin, operator), verified(self.checkpoint, origin, operator)
        if not is_consistent(old.size, old.root, new.size, new.root, _hashes(self.proof)):
            raise BadCheckpoint(f"the log of {new.size} entries is not shown to begin with the one of {old.size}")
        return f"the log of {new.size} entries that {origin} signed begins with the {old.size} it signed before"

    def steps(self, earlier: Checkpoint, checkpoint: Checkpoint, origin: str, operator: PublicKey) -> list[bytes]:
        """The hashes, where they are about these two checkpoints. Raises `BadCheckpoint` otherwise."""
        between = verified(self.earlier, origin, operator), verified(self.checkpoint, origin, operator)
        if between != (earlier, checkpoint):
            raise BadCheckpoint(
                f"the proof is from {between[0].size} to {between[1].size} entries, "
                f"one from {earlier.size} to {checkpoint.size} is needed"
            )
        return _hashes(self.proof)


Proof = InclusionProof | ConsistencyProof
_ADAPTER: TypeAdapter[Proof] = TypeAdapter(Annotated[Proof, Field(discriminator="kind")])


def parse_proof(data: bytes, where: str) -> Proof:
    """The proof in `data`. Raises `BadInput` where it is none, or of another version; `where` names its source."""
    if len(data) > MOST_BYTES:
        raise BadInput(f"{where} is too large for a proof", hint="a proof has a few kilobytes")
    try:
        return _ADAPTER.validate_json(data)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in problem["loc"]) or "the document"
        raise BadInput(
            f"{where} is not a {FORMAT}: {place}: {problem['msg']}", hint="`flowstate audit prove` writes one"
        ) from error


def _hashes(texts: tuple[str, ...]) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


def _position(entry: str) -> object:
    try:
        fields = json.loads(entry)
    except ValueError:
        return None
    return fields.get("position") if isinstance(fields, dict) else None

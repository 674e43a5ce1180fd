"""A log that cannot be rewritten in silence: RFC 9162 Merkle tree hashing and signed checkpoints."""

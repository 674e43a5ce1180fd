"""Who said what: Ed25519 keys, DSSE envelopes, and the statements that travel in them."""

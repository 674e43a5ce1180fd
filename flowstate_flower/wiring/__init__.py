"""The only place that builds objects: it knows every room below, and is all that commands and simulations need."""

from flowstate_flower.wiring.conductor import MODEL_FILE, Conductor, Promise, record_of, server_noise
from flowstate_flower.wiring.homes import admit, join, make_home, open_home, open_ledger, open_voice, to_toml
from flowstate_flower.wiring.roster import Owners, RegistryRoster, registered_owners
from flowstate_flower.wiring.signing import serve_home

__all__ = [
    "MODEL_FILE",
    "Conductor",
    "Owners",
    "Promise",
    "RegistryRoster",
    "admit",
    "join",
    "make_home",
    "open_home",
    "open_ledger",
    "open_voice",
    "record_of",
    "registered_owners",
    "serve_home",
    "server_noise",
    "to_toml",
]

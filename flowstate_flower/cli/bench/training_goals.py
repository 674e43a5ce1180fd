"""What the figures of private training are held against."""

BATCHES = (64, 256)

# A private step, end to end: at most so many times plain torch's.
PLAIN: dict[tuple[str, int], float] = {
    ("MLP 784-256-10", 256): 1.5,
    ("CNN 26k", 64): 1.15,
    ("CNN 26k", 256): 1.15,
    ("CNN 215k", 64): 1.15,
    ("CNN 215k", 256): 1.15,
    ("transformer 134k", 64): 1.4,
    ("transformer 134k", 256): 1.4,
}
CUDA_PLAIN: dict[tuple[str, int], float] = {(name, 256): 1.3 for name, _ in PLAIN}

# At least so many times as fast as Opacus with hooks.
FASTER = {"MLP 784-256-10": 15.0, "CNN 26k": 2.0, "CNN 215k": 2.0}

# Distance of a clipped sum from the obvious one, relative to its length.
INEXACT_MILLIONTHS = 1.0

# Clients in one step, at least so many times as fast as with Opacus one after the other.
CLIENTS, CLIENT_BATCH = 32, 16
TOGETHER = {"MLP 64-32-10": 20.0, "MLP 784-64-10": 5.0, "CNN 26k": 2.0}
CUDA_CLIENTS = 10.0

# Peak memory above what was there before, of plain training's.
MEMORY_BATCH = 256
MEMORY = 1.5

# Reserving and settling a round with full sync.
MOST_LEDGER_MS = 15.0

# Accuracy at δ = 1e-5, mean of so many seeds, of the scenarios that come with the package.
SEEDS = 3
ACCURACY = {"private-digits": 89.0, "private-images": 84.0}
MOST_EPSILON = 3.0

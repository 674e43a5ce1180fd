"""What the figures are held against."""

# The shipped demo.
MOST_POINTS_LOST = 3.0
MOST_SECONDS = 120.0

TENANTS = (10, 32, 100)
DIMENSION = 1_000_000
THREADS = 2
"""The goals below are those of so many threads."""

# At most so many times the time of reading the n·d numbers once.
READ: dict[int, dict[str, float]] = {
    10: {
        "median": 1.3,
        "trimmed-mean": 1.4,
        "meamed": 2.0,
        "krum": 2.5,
        "multi-krum": 3.5,
        "geometric-median": 3.5,
        "centred-clipping": 3.5,
        "bulyan": 4.0,
        "nnm >> trimmed-mean": 8.0,
        "mean": 1.1,
    },
    32: {
        "median": 1.5,
        "trimmed-mean": 1.8,
        "meamed": 3.0,
        "krum": 3.5,
        "multi-krum": 4.5,
        "geometric-median": 4.5,
        "centred-clipping": 4.5,
        "bulyan": 5.5,
        "nnm >> trimmed-mean": 9.0,
        "mean": 1.2,
    },
    100: {"median": 3.0, "trimmed-mean": 4.0, "krum": 8.0},
}
READ_ALSO = ("phocas", "medoid", "mda", "caf", "cge", "norm-bounded-mean", "nnm >> krum", "arc >> median")

# At least so many times as fast as the best peer, with 1 000 000 coordinates; elsewhere faster is enough.
FASTER: dict[str, float] = {
    "median": 50,
    "trimmed-mean": 15,
    "meamed": 100,
    "krum": 8,
    "multi-krum": 8,
    "geometric-median": 20,
    "bulyan": 40,
    "caf": 40,
    "nnm >> trimmed-mean": 14,
    "nnm >> krum": 14,
    "nnm >> median": 14,
}
FASTER_AT = (10, 32)
ALWAYS_FASTER = 1.0  # every rule at every size; the mean may be equal
FASTER_ALSO = ("mean", "centred-clipping", "medoid", "mda", "smea")

# Through the strategy: Flower's own, the rule of ours, how many times as fast at least.
STRATEGY_TENANTS = 10
STRATEGY: dict[str, tuple[str, float]] = {
    "FedAvg": ("mean", 4),
    "FedMedian": ("median", 30),
    "FedTrimmedAvg": ("trimmed-mean", 30),
    "Krum": ("krum", 15),
    "MultiKrum": ("multi-krum", 15),
    "Bulyan": ("bulyan", 30),
}

# Memory above the replies: so many models and so many bytes.
MEMORY_TENANTS = 32
MEMORY_MODELS = 2
MEMORY_BYTES = 64_000_000
COMPOSITIONS = (
    "nnm >> trimmed-mean",
    "nnm >> krum",
    "arc >> median",
    "clipping(norm=2) >> bulyan",
    "bucketing(size=2, seed=1) >> krum",
)

MOST_COMPILE_SECONDS = 1.5

# Shares of what the GPU can do.
CUDA_TENANTS = 32
CUDA_SHARE = 50.0

# A deployment: 100 scripted tenants and a model of 4 MB; 10 tenants and a model of 100 MB; one that floods; kills.
DEPLOYMENT_TENANTS, DEPLOYMENT_PARAMETERS, DEPLOYMENT_ROUNDS = 100, 1_000_000, 10
MOST_ROUND_RATIO = 1.3
LARGE_TENANTS, LARGE_PARAMETERS, LARGE_ROUNDS = 10, 25_000_000, 2
SERVER_APP_MODELS, SERVER_APP_BYTES = 3, 400_000_000
HOSTILE_PER_SECOND, HOSTILE_SECONDS = 1000, 60
MOST_FLOODED_RATIO, MOST_FLOODED_BYTES = 1.5, 500_000_000
KILLS = 50

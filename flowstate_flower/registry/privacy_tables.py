"""What the federation itself released under tenant-level privacy."""

from sqlmodel import Field

from flowstate_flower.registry.row import Row


class ReleaseRow(Row, table=True):
    """A noisy mean that the server reserved before it released it, and what that made of the federation's total.

    `epsilon` is over all runs, at `delta`; `largest_epsilon` is the budget that it was reserved under.
    """

    __tablename__ = "federation_release"
    run: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    noise_multiplier: float
    clip_norm: float | None = None
    cohort: int
    population: int
    relation: str
    epsilon: float
    delta: float
    largest_epsilon: float | None = None
    randomness: str
    reserved_at: str

"""What a tenant released: facts, without an opinion on their cost."""

from dataclasses import dataclass

from flowstate_flower.errors import BadInput


@dataclass(frozen=True, slots=True)
class GaussianRelease:
    """`steps` sums of clipped gradients over Poisson samples, each with Gaussian noise.

    `sample_rate` is the probability with which each example enters a step; `noise_multiplier` is the noise's standard
    deviation divided by the clipping norm. Neighbouring data sets differ by one example added or removed. Samples may be
    truncated: `excess` bounds the probability that one of them was. With `metrics_noise_multiplier` there is one sum more, over
    all examples: of bounded metrics, all of them together at most as long as what that multiplier is relative to.
    """

    noise_multiplier: float
    sample_rate: float
    steps: int
    excess: float = 0.0
    metrics_noise_multiplier: float | None = None

    def __post_init__(self) -> None:
        if not self.noise_multiplier > 0:
            raise BadInput(f"noise_multiplier is {self.noise_multiplier}", hint="a release without noise costs infinity")
        if self.metrics_noise_multiplier is not None and not self.metrics_noise_multiplier > 0:
            raise BadInput(f"metrics_noise_multiplier is {self.metrics_noise_multiplier}", hint="above 0, or no metrics")
        if not 0 < self.sample_rate <= 1:
            raise BadInput(f"sample_rate is {self.sample_rate}", hint="a probability above 0")
        if self.steps < 0:
            raise BadInput(f"steps is {self.steps}", hint="a count")
        if not 0 <= self.excess < 1:
            raise BadInput(f"excess is {self.excess}", hint="a probability, far below δ")

"""What trains is the mechanism that ε is computed for: tight tests through the real trainer, engine by engine."""

from math import sqrt

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from flowstate_flower.clients import Examples, train
from flowstate_flower.clients.randomness import AesStream, GeneratorStream
from flowstate_flower.clients.training import Choices
from flowstate_flower.clients.training.clipping import GRADIENT_NOISE

LAYER = 500_000
CLIP, MULTIPLIER, BATCH = 0.5, 2.0, 10


def injected(lab, steps: int, *, clipping: str = "flat", unit: str = "example", seed: int | None = None) -> Tensor:
    """Half a million coordinates of noise, `steps` times, from samples that are empty."""
    model = nn.Linear(1000, LAYER // 1000, bias=False)
    nn.init.zeros_(model.weight)
    groups = torch.arange(30) // 2 if unit == "group" else None
    examples = Examples(torch.zeros(30, 1000), torch.zeros(30, dtype=torch.long), groups)
    stream = AesStream() if seed is None else GeneratorStream(seed)
    work = {"batch_size": BATCH, "steps": steps}
    privacy = {"noise_multiplier": MULTIPLIER, "clipping": clipping, "unit": unit}
    train(lab.job(model, clip=CLIP, examples=examples, work=work, privacy=privacy, noise=stream))
    return model.weight.detach().reshape(-1).double() * BATCH


@pytest.mark.parametrize(("clipping", "more"), [("flat", 1.0), ("per-layer", 1.0), ("adaptive", GRADIENT_NOISE)])
@pytest.mark.parametrize("unit", ["example", "group"])
def test_the_noise_has_exactly_the_deviation_that_is_accounted(lab, engine: str, clipping: str, more: float, unit: str) -> None:
    """χ² over half a million coordinates, at five deviations: the variance is right to one part in a hundred."""
    steps = 2 if clipping != "adaptive" else 1  # in the second step an adaptive threshold has moved
    noise = injected(lab, steps, clipping=clipping, unit=unit)
    variance = steps * (more * MULTIPLIER * CLIP) ** 2
    assert abs(noise.square().mean().item() / variance - 1) < 5 * sqrt(2 / LAYER)
    assert abs(noise.mean().item()) < 5 * sqrt(variance / LAYER)
    assert stats.kstest(noise[::10].numpy(), "norm", args=(0, sqrt(variance))).pvalue > 1e-4


def test_pieces_get_their_noise_once(lab, engine: str) -> None:
    """As little noise as for one piece, and no less."""
    model = nn.Linear(12, 5000)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    before = lab.flat(model).clone()
    nothing = lambda outputs, _: outputs.sum(1) * 0  # noqa: E731
    job = lab.job(model, noise=AesStream(), losses=nothing, choices=Choices(most_rows=4))
    train(job)
    noise = (before - lab.flat(model)).double() * 30
    assert abs(noise.var().item() / (MULTIPLIER * CLIP) ** 2 - 1) < 5 * sqrt(2 / len(noise))


def test_noise_is_independent_across_steps_rounds_and_clients(lab, engine: str) -> None:
    rounds = torch.stack([injected(lab, 1) for _ in range(4)])
    correlations = np.corrcoef(rounds.numpy()) - np.eye(4)
    assert np.abs(correlations).max() < 5 / sqrt(LAYER)
    two = injected(lab, 2)
    assert abs(two.var().item() / (2 * (MULTIPLIER * CLIP) ** 2) - 1) < 5 * sqrt(2 / LAYER)  # of one draw twice it is 4


def test_the_sizes_of_batches_are_binomial_at_the_accounted_rate(lab, engine: str) -> None:
    """Told by the sum itself: every row's gradient is the same and shorter than the clip, so the step counts the rows."""
    examples = Examples(torch.ones(200, 1), torch.zeros(200, dtype=torch.long))
    model = nn.Linear(1, 1, bias=False)
    sizes, sampling = [], GeneratorStream(11)
    for _ in range(400):
        nn.init.zeros_(model.weight)
        train(
            lab.job(
                model, clip=1.0, examples=examples, losses=lambda o, _: o[:, 0] / 2, work={"batch_size": 30}, sampling=sampling
            )
        )
        sizes.append(round(-model.weight.item() * 30 * 2))
    assert stats.binomtest(sum(sizes), 200 * 400, 0.15).pvalue > 1e-4
    counts = np.bincount(sizes, minlength=201)
    law = stats.binom.pmf(np.arange(201), 200, 0.15) * 400
    rare = law < 5
    observed, expected = np.append(counts[~rare], counts[rare].sum()), np.append(law[~rare], law[rare].sum())
    assert stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue > 1e-4


@pytest.mark.parametrize("unit", ["example", "group"])
@pytest.mark.parametrize("clipping", ["flat", "per-layer"])
def test_neighbouring_data_move_a_step_by_at_most_the_clip(lab, engine: str, kind: str, clipping: str, unit: str) -> None:
    """One unit more, everyone sampled: both steps are divided by the same expected batch."""
    groups = torch.arange(24) // 3 if unit == "group" else None
    more = lab.examples(24, groups=groups)
    rows = 21 if unit == "group" else 23
    fewer = Examples(more.features[:rows], more.targets[:rows], None if groups is None else groups[:rows])
    privacy = {"clipping": clipping, "unit": unit}
    sums = []
    for examples in (more, fewer):
        model = lab.model(kind)
        job = lab.job(model, clip=CLIP, examples=examples, privacy=privacy, work={"batch_size": 24})
        train(job)
        units = len(examples) if groups is None else len(examples) // 3
        sums.append(lab.move(lab.model(kind), model) * units)
    assert 0 < (sums[0] - sums[1]).norm().item() <= CLIP * (1 + 1e-4)

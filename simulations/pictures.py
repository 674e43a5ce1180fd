"""Pictures of attacks on privacy, as PNG or SVG by the file's name."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from torch import Tensor

from flowstate_flower.errors import BadInput
from flowstate_flower.simulations.canaries import Finding
from flowstate_flower.simulations.inversion import Inversion
from flowstate_flower.simulations.report import BLUE, FAINT, ORANGE

SIDE, BINS = 8, 60


def inversion_picture(inversions: Sequence[Inversion], path: Path) -> None:
    """A column for each victim: the image, and what each attack recovered. Raises `BadInput`."""
    victims = inversions[0].victims
    rows: list[tuple[str, Tensor, Tensor | None]] = [("what the tenant has", victims, None)]
    rows += [(_of(one.noise_multiplier), one.recovered, one.similarity) for one in inversions]
    figure = Figure(figsize=(1.1 * len(victims) + 2.2, 1.35 * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), len(victims), squeeze=False)
    for line, (label, images, similarity) in zip(axes, rows, strict=True):
        for column, place in enumerate(line):
            place.imshow(images[column].reshape(SIDE, SIDE).numpy(), cmap="gray_r")
            place.set(xticks=[], yticks=[])
            if similarity is not None:
                place.set_xlabel(f"{similarity[column]:.3f}", fontsize=9)
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9)
    _save(figure, path)


def audit_picture(finding: Finding, path: Path) -> None:
    """How the scores of canaries that were in differ from those of the others. Raises `BadInput`."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    span = (finding.scores.min(), finding.scores.max())
    for scores, label, colour in (
        (finding.scores[~finding.included], "not in the data", FAINT),
        (finding.scores[finding.included], "in the data", BLUE),
    ):
        axes.hist(scores, bins=BINS, range=span, label=label, color=colour, alpha=0.6)
    axes.set(xlabel="log likelihood ratio of having been in", ylabel="canaries")
    axes.set_title(f"claimed ε {finding.claimed:.2f}, at least {finding.bound.epsilon:.2f}", color=ORANGE)
    axes.legend(frameon=False)
    _save(figure, path)


def _of(noise_multiplier: float | None) -> str:
    return "recovered\nwithout privacy" if noise_multiplier is None else f"recovered\nat σ = {noise_multiplier:g}"


def _save(figure: Figure, path: Path) -> None:
    try:
        figure.savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot write {path}: {error}", hint="a path that ends in .png or .svg") from error

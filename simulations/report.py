"""The report: one HTML file with its plots inside, readable without a network and without this package."""

from collections.abc import Sequence
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import jinja2
import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from flowstate_flower import __version__
from flowstate_flower.registry.views import Participation
from flowstate_flower.simulations.results import Results
from flowstate_flower.simulations.world import Variant

REPORT_FILE = "report.html"
INK, FAINT = "#24292f", "#8c959f"
BLUE, ORANGE, GREEN, RED = "#0072b2", "#e69f00", "#009e73", "#d55e00"  # told apart with any colour vision
LOOK: dict[Variant, tuple[str, str, str]] = {
    "unattacked": ("nobody poisons", GREEN, "--"),
    "defended": ("{}{rule}", BLUE, "-"),
    "undefended": ("{}plain FedAvg", RED, "-"),
}
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "flowstate",  # the same plot is the same file
}


def write_report(results: Results, folder: Path) -> None:
    """Write `report.html`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).resolve().parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    html = environment.get_template("report.html").render(
        r=results,
        version=__version__,
        deltas=sorted({part.delta for part in results.tenants if part.delta is not None}),
        points=100 * (results.final_accuracy["unattacked"] - results.final_accuracy["defended"]),
        lost=100 * (results.final_accuracy["unattacked"] - results.final_accuracy["undefended"]),
        accuracy_plot=accuracy_plot(results),
        privacy_plot=privacy_plot(results),
        share_plot=share_plot(results),
    )
    (folder / REPORT_FILE).write_text(html, encoding="utf-8")


def accuracy_plot(results: Results) -> Markup:
    """Accuracy by round, the three runs together, each named at its end."""
    figure, axes = _axes(8.6, 4.0)
    ends = []
    poisoned = "poisoned, " if results.attackers else ""
    for variant, (label, colour, line) in LOOK.items():
        if variant == "unattacked" and not results.attackers:
            continue  # the same run as the defended one
        values = results.accuracy_by_round[variant]
        axes.plot(list(values), [100 * v for v in values.values()], line, color=colour, linewidth=2)
        ends.append((100 * values[max(values)], label.format(poisoned, rule=results.rule), colour))
    for height, (value, label, colour) in zip(_spread([end[0] for end in ends], gap=5.5), ends, strict=True):
        axes.annotate(f"{value:.1f} %  {label}", (results.rounds, height), (8, 0), color=colour, **_BESIDE)
    axes.set(xlabel="round", ylabel="accuracy on held-out images, %", xlim=(0, results.rounds), ylim=(0, 100))
    axes.grid(axis="y", color="#eaeef2")
    return _svg(figure)


def privacy_plot(results: Results) -> Markup | None:
    """Each tenant's ε by round under its budget, or None where nothing was private."""
    spent = [part for part in results.tenants if part.epsilon_by_round]
    if not spent:
        return None
    figure, axes = _axes(8.6, 3.8)
    for part in spent:
        numbers, epsilons = zip(*part.epsilon_by_round, strict=True)
        axes.plot(numbers, epsilons, color=BLUE, alpha=0.55, linewidth=1.5)
    top = max(results.epsilon_budget or 0.0, *(part.epsilon_by_round[-1][1] for part in spent))
    stayed = [part for part in spent if part.epsilon_by_round[-1][0] == results.rounds]
    heights = _spread([part.epsilon_by_round[-1][1] for part in stayed], gap=top / 19)
    for height, part in zip(heights, stayed, strict=True):
        axes.annotate(part.tenant, (results.rounds, height), (8, 0), fontsize=8, **_BESIDE)
    for part in spent:
        if part not in stayed:  # its line ends early: say whose it is below its end
            axes.plot(*part.epsilon_by_round[-1], "o", color=BLUE, markersize=4)
            axes.annotate(part.tenant, part.epsilon_by_round[-1], (0, -14), fontsize=8, **_ABOVE)
    if results.epsilon_budget is not None:
        axes.axhline(results.epsilon_budget, color=ORANGE, linestyle="--")
        axes.annotate(f"budget {results.epsilon_budget:g}", (0, results.epsilon_budget), (4, 4), **_ABOVE, color=ORANGE)
    axes.set(xlabel="round", ylabel="ε spent", xlim=(0, results.rounds), ylim=(0, None))
    return _svg(figure)


def share_plot(results: Results) -> Markup:
    """Contribution shares with their intervals."""
    parts: Sequence[Participation] = results.tenants[::-1]
    figure, axes = _axes(8.6, 0.5 + 0.27 * len(parts))
    colours = [RED if part.tenant in results.attackers else BLUE for part in parts]
    axes.barh([part.tenant for part in parts], [100 * part.share for part in parts], color=colours, height=0.6)
    for row, part in enumerate(parts):
        axes.plot([100 * part.share_low, 100 * part.share_high], [row, row], color=INK, linewidth=1)
    axes.set(xlabel="mean share of a round, % (line: 95 % interval over rounds)", xlim=(0, None))
    return _svg(figure)


_BESIDE: dict[str, Any] = {"textcoords": "offset points", "va": "center", "annotation_clip": False}
_ABOVE: dict[str, Any] = {"textcoords": "offset points"}


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots()


def _svg(figure: Figure) -> Markup:
    buffer = StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    text = buffer.getvalue()
    return Markup(text[text.index("<svg") :])  # noqa: S704  made by matplotlib of numbers and escaped names


def _spread(values: Sequence[float], *, gap: float) -> list[float]:
    """The values moved apart as little as it takes for labels at them to be `gap` from one another."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    placed = list(values)
    for below, above in pairwise(order):
        placed[above] = max(placed[above], placed[below] + gap)
    return placed

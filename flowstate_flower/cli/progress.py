"""How a run goes, read from the registry alone: a line for every round that was closed, and what became of the run."""

import time
from collections.abc import Callable
from contextlib import nullcontext

from flowstate_flower.cli.output import cell, print_line, stderr
from flowstate_flower.errors import RunImpossible
from flowstate_flower.registry import Registry, rounds, views
from flowstate_flower.registry.views import Participation, RoundView, RunView

MOST_NAMED = 8
"""So many tenants' ε are named; of more, the largest is."""
GOES_ON = (rounds.STARTING, rounds.RUNNING)


class Watching:
    """Prints what is new in a run of `registry`."""

    def __init__(self, registry: Registry, run: str) -> None:
        self._registry, self._run = registry, run
        self._told = self._met = 0

    def until_over(self, died: Callable[[], bool], pause_seconds: float) -> None:
        """Until the run is over; `died` says whether nobody carries it on. Raises `RunImpossible` unless it completed."""
        busy = stderr.status(f"{self._run} …") if stderr.is_terminal else None
        with busy or nullcontext():
            while True:
                ended = died()
                view = views.run(self._registry, self._run)
                over = ended or view.status not in GOES_ON
                self._tell(view, over=over)
                if over:
                    break
                if busy is not None:
                    busy.update(f"{self._run}: {view.status}, round {view.rounds + 1} of {view.planned_rounds}")
                time.sleep(pause_seconds)
        self._verdict(view)

    def _tell(self, view: RunView, *, over: bool) -> None:
        """A line for every round that nothing more will be known of: its accuracy is measured after it is recorded."""
        closed = [r for r in views.rounds(self._registry, self._run) if r.round > self._told]
        ready = [r for r in closed if over or r.accuracy is not None or r.round < closed[-1].round or r.round <= self._met]
        if closed:
            self._met = closed[-1].round
        if not ready:
            return
        parts = views.participation(self._registry, self._run)
        for one in ready:
            print_line(_line(one, view.planned_rounds, parts))
        self._told = ready[-1].round

    def _verdict(self, view: RunView) -> None:
        if view.status == rounds.COMPLETED:
            print_line(f"{view.run} is completed: model {(view.model_digest or '')[:12]}, accuracy {cell(view.accuracy)}")
            return
        if view.status in GOES_ON:
            problem = f"{view.run} died after round {view.rounds}"
        else:
            problem = f"{view.run} is {view.status}: {view.note}"
        raise RunImpossible(problem, hint=f"flowstate run resume {view.run}, or flowstate run show {view.run}")


def _line(closed: RoundView, planned: int, parts: list[Participation]) -> str:
    said = f"round {closed.round} of {planned}: {closed.invited} invited, {closed.accepted} accepted"
    said += f", {closed.refused} refused, {closed.rejected} rejected"
    if closed.why:
        said += f"; {closed.status}: {closed.why}"
    if closed.accuracy is not None:
        said += f"; accuracy {closed.accuracy:.1%}"
    return said + _spent(closed.round, parts)


def _spent(number: int, parts: list[Participation]) -> str:
    """What privacy costs each tenant up to a round."""
    spent = {part.tenant: max((e for r, e in part.epsilon_by_round if r <= number), default=None) for part in parts}
    known = {tenant: epsilon for tenant, epsilon in spent.items() if epsilon is not None}
    if not known:
        return ""
    if len(known) > MOST_NAMED:
        return f"; ε up to {max(known.values()):.2f}"
    return "; ε " + ", ".join(f"{tenant} {epsilon:.2f}" for tenant, epsilon in sorted(known.items()))

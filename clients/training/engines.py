"""Which engine trains a model, and why."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from functools import partial

import torch

from flowstate_flower.clients.training.fast import FastEngine
from flowstate_flower.clients.training.flat import FlatParameters
from flowstate_flower.clients.training.forward import Forward
from flowstate_flower.clients.training.opacus import OpacusEngine, check_layers, ghost_pays
from flowstate_flower.clients.training.plan import TrainingPlan
from flowstate_flower.clients.training.seam import Batch, Engine
from flowstate_flower.clients.training.trial import check_alone, check_sum
from flowstate_flower.errors import BadInput

log = logging.getLogger(__name__)

Opened = AbstractContextManager[Engine]
Maker = Callable[[Forward, FlatParameters, TrainingPlan], Opened]


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine that trains, and why it is this one."""

    engine: str
    why: str


def _fast(forward: Forward, flat: FlatParameters, plan: TrainingPlan) -> Opened:
    precision = torch.bfloat16 if plan.choices.autocast == "bfloat16" else None
    return nullcontext(FastEngine(forward.model, forward.losses, autocast=precision))


def _opacus(forward: Forward, flat: FlatParameters, plan: TrainingPlan) -> Opened:
    one_factor = plan.privacy is not None and plan.privacy.clipping != "per-layer" and not plan.by_group
    exact = plan.choices.autocast == "none"  # in bfloat16 ghost norms are not those of what is summed
    return closing(OpacusEngine(forward, flat, ghost=one_factor and exact and ghost_pays(forward.model)))


ENGINES: dict[str, Maker] = {"fast": _fast, "opacus": _opacus}
"""By name, the best first. An engine lives as long as one round's training. A maker raises `BadInput` for a model that it
cannot take."""


def choose(plan: TrainingPlan, forward: Forward, flat: FlatParameters, trial: Batch) -> Choice:
    """The engine that the plan names; for `auto` the first that takes the model and gets the sum over `trial` right.

    Raises `BadInput`, with the layer and what to do, for a model that cannot be trained.
    """
    if plan.privacy is None:
        return Choice("plain", "no privacy is asked for, so ε is infinite")
    check_layers(forward.model)
    check_alone(forward, trial)
    names: list[str] = list(ENGINES) if plan.choices.engine == "auto" else [plan.choices.engine]
    refused: list[BadInput] = []
    for name in names:
        try:
            check_sum(partial(ENGINES[name], forward, flat, plan), forward, flat, trial)
        except BadInput as error:
            refused.append(error)
            continue
        choice = Choice(name, _why(plan, names, refused))
        log.info("%s trains: %s", choice.engine, choice.why)
        return choice
    raise refused[-1]


def _why(plan: TrainingPlan, names: list[str], refused: list[BadInput]) -> str:
    if plan.choices.engine != "auto":
        return "it was asked for"
    if refused:
        return "; ".join(f"{name} cannot: {error}" for name, error in zip(names, refused, strict=False))
    return "it takes every layer exactly"

"""One trainer for every model and every engine: sample, clip, add noise, step.

Sampling, noise, the optimiser and what is claimed are here. Engines only turn rows into a clipped sum.
"""

from collections.abc import Callable

import torch
from torch import nn

from flowstate_flower.clients.randomness import Stream
from flowstate_flower.clients.task import Examples
from flowstate_flower.clients.training.clipping import clipping_of
from flowstate_flower.clients.training.descent import Descent
from flowstate_flower.clients.training.engines import ASKED, ENGINES, Choice, choose
from flowstate_flower.clients.training.flat import FlatParameters, trainable_only
from flowstate_flower.clients.training.forward import Forward, Losses, plain_gradient
from flowstate_flower.clients.training.mechanism import Mechanism
from flowstate_flower.clients.training.plan import TrainingPlan
from flowstate_flower.clients.training.sampling import Rows, sampler_of
from flowstate_flower.clients.training.source import Source, padded
from flowstate_flower.clients.training.trial import trial_rows


class PrivateTrainer:
    """Trains `model` in place as `plan` says. `losses` gives one loss for each row.

    Raises `BadInput` where the plan does not fit the examples.
    """

    def __init__(self, plan: TrainingPlan, model: nn.Module, losses: Losses, examples: Examples, device: torch.device) -> None:
        self.plan, self._model, self._device = plan, model, device
        self._forward = Forward(model, losses, plan.choices.autocast)
        self._sampler = sampler_of(
            examples, plan.batch_size, by_group=plan.by_group, rows_per_group=plan.choices.rows_per_group
        )
        self._source = Source(examples, device, plan.choices.most_rows)
        self._trial = Rows(trial_rows(examples.features))

    def rehearse(self) -> Choice:
        """Choose the engine, on a few rows. Raises `BadInput` for a model that cannot be trained, while nothing is spent."""
        with trainable_only(self._model, self.plan.choices.trainable) as flat:
            return self._choice(flat)

    def train(self, sampling: Stream, noise: Stream, between_steps: Callable[[], None] = lambda: None) -> Choice:
        """All steps, unless `between_steps` raises before one of them. Returns which engine took them, and why."""
        plan = self.plan
        with trainable_only(self._model, plan.choices.trainable) as flat:
            descent = Descent(plan, flat.vector)
            if plan.privacy is None:
                self._source.suit(self._model, self._trial)
                for _ in range(plan.steps):
                    between_steps()
                    self._plain_step(flat, descent, sampling)
                return self._choice(flat)
            choice = self._choice(flat) if plan.choices.engine == "auto" else Choice(plan.choices.engine, ASKED)
            if choice.engine == "fast":  # Opacus's gradients of convolutions are wrong for channels last
                self._source.suit(self._model, self._trial)
            with ENGINES[choice.engine](self._forward, flat, plan, self._source.batch(self._trial)) as engine:
                clipping = clipping_of(plan.privacy, self._sampler.expected, self._device)
                mechanism = Mechanism(engine, clipping, len(flat.vector), self._device)
                for _ in range(plan.steps):
                    between_steps()
                    gradient = mechanism.noisy_sum(self._source.pieces(self._sample(sampling)), noise)
                    descent.step(gradient.div_(self._sampler.expected))  # never the sample's own size
            return choice

    def _sample(self, sampling: Stream) -> Rows:
        rows = self._sampler.draw(sampling)
        if self._device.type == "cpu":
            return rows
        return padded(rows, self._sampler.sampling.largest)  # shapes that never change

    def _plain_step(self, flat: FlatParameters, descent: Descent, sampling: Stream) -> None:
        """The mean gradient over a sample. An empty one is no step."""
        rows = self._sampler.draw(sampling)
        if len(rows) == 0:
            return
        total = torch.zeros_like(flat.vector)
        for piece in self._source.pieces(rows):
            plain_gradient(self._forward, flat.parameters, piece, total)
        descent.step(total / len(rows))

    def _choice(self, flat: FlatParameters) -> Choice:
        return choose(self.plan, self._forward, flat, self._source.batch(self._trial))

"""Private steps of many clients at once. Each client keeps what is its own: sample, noise, rates, momentum, number of steps."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flowstate_flower.clients.training.clipping import clipping_of
from flowstate_flower.clients.training.flat import FlatParameters
from flowstate_flower.clients.training.job import LocalJob
from flowstate_flower.clients.training.plan import TrainingPlan
from flowstate_flower.clients.training.sampling import Indices, Rows, Sampler
from flowstate_flower.clients.training.together.engines import Batches, StackEngine
from flowstate_flower.clients.training.together.stack import Stack

Errors = dict[int, Exception]


@dataclass(frozen=True, slots=True)
class Member:
    """One client of a stack; its job's place among all jobs."""

    place: int
    job: LocalJob
    plan: TrainingPlan
    flat: FlatParameters
    sampler: Sampler


def train_stack(members: Sequence[Member], stack: Stack, engine: StackEngine, most_items: int) -> Errors:
    """All steps of all members, private or all plain, who come with the most steps first: those who are done are the last.
    At most `most_items` items, all clients together, go through the models at once.

    Returns the errors of those who had to stop, by their places. They take no further steps, and add no noise to what is lost.
    """
    errors: Errors = {}
    optimiser = StackSgd(stack.matrix, [member.plan for member in members])
    clippings = Clippings(members)
    expected = torch.tensor([[member.sampler.expected] for member in members], device=stack.matrix.device)
    table = Table(members)
    for step in range(members[0].plan.steps):
        active = [member for member in members if member.plan.steps > step]
        samples = [_sample(member, errors) for member in active]
        total = clipped_sum(engine, table.pieces(samples, most_items), clippings, stack.matrix[: len(active)])
        if clippings.private:
            for member, row, std in zip(active, total, clippings.noise, strict=False):
                if member.place not in errors:
                    member.job.noise.add_normal(row, std)
            optimiser.step(total.div_(expected[: len(active)]), step)
        else:
            optimiser.step(total, step, [row for row, sample in enumerate(samples) if len(sample) == 0])
    return errors


def _sample(member: Member, errors: Errors) -> Rows:
    """The member's next sample; nothing for one that had to stop, which is noted."""
    if member.place not in errors:
        try:
            member.job.between_steps()
            return member.sampler.draw(member.job.sampling)
        except Exception as error:  # one client's, which the others do not share
            errors[member.place] = error
    return Rows(np.zeros(0, np.int64), per_item=member.sampler.per_item)


def clipped_sum(engine: StackEngine, pieces: Iterable[Batches], clippings: "Clippings", like: Tensor) -> Tensor:
    """The clients' clipped sums over all pieces, (C, P) `like` their weights."""
    total = None
    for batches in pieces:
        part = finite_sum(engine, batches, clippings)
        if total is None and isinstance(batches.clients, slice):
            total = part
        else:
            total = torch.zeros_like(like) if total is None else total
            total[batches.clients] += part
    return torch.zeros_like(like) if total is None else total


def finite_sum(engine: StackEngine, batches: Batches, clippings: "Clippings") -> Tensor:
    """The clients' clipped sums. An item whose gradient is not finite adds nothing."""
    total, squared = engine.clipped(batches, partial(clippings.factors, clients=batches.clients))
    finite = squared.sum(dim=0).isfinite()
    if not finite.all():
        for client in (~finite.all(dim=1)).nonzero().flatten().tolist():
            alone = batches.only(client, finite[client])
            total[client] = engine.clipped(alone, partial(clippings.factors, clients=alone.clients))[0][0]
    return total


class Table:
    """The examples of all members, one after the other."""

    def __init__(self, members: Sequence[Member]) -> None:
        device = members[0].job.device
        own = [member.job.examples for member in members]
        self._features = torch.cat([examples.features for examples in own]).to(device)
        self._targets = torch.cat([examples.targets for examples in own]).to(device)
        self._starts = np.cumsum([0, *(len(examples) for examples in own[:-1])])
        self._private = members[0].plan.privacy is not None

    def pieces(self, samples: Sequence[Rows], most_items: int) -> Iterator[Batches]:
        """The samples side by side, in pieces of at most `most_items` items or one of each client. A client whose sample has
        come to its end is in no further piece; in the last that it is in, its sample is filled up.
        """
        per_item = samples[0].per_item
        lengths = np.array([len(sample.index) for sample in samples])
        width = max(1, most_items // len(samples)) * per_item
        for begin in range(0, int(lengths.max()), width):
            clients = np.flatnonzero(lengths > begin)
            end = min(begin + width, int(lengths.max()))
            yield self._piece([samples[client] for client in clients.tolist()], clients, slice(begin, end), len(samples))

    def _piece(self, samples: Sequence[Rows], clients: Indices, rows: slice, all_clients: int) -> Batches:
        shape = (len(samples), rows.stop - rows.start)
        taken = [sample.index[rows] for sample in samples]
        lengths = np.fromiter(map(len, taken), np.int64, len(taken))
        real = np.arange(shape[1]) < lengths[:, None]
        index = np.repeat(self._starts[clients, None], shape[1], axis=1)  # filled up with a row that is real: the first
        index[real] += np.concatenate(taken)
        weights = np.zeros(shape, dtype=np.float32)
        weights[real] = self._weights(samples, rows, lengths)
        device = self._features.device
        flat = torch.from_numpy(index).to(device).view(-1)
        return Batches(
            self._features.index_select(0, flat).view(*shape, *self._features.shape[1:]),
            self._targets.index_select(0, flat).view(*shape, *self._targets.shape[1:]),
            torch.from_numpy(weights).to(device),
            slice(all_clients) if len(clients) == all_clients else torch.from_numpy(clients).to(device),
            samples[0].per_item,
        )

    def _weights(self, samples: Sequence[Rows], rows: slice, lengths: Indices) -> "float | NDArray[np.float64]":
        """Of all rows of a piece, of which each sample has so many. Private: an item is the mean of its rows. Plain: the batch
        is.
        """
        if not self._private:
            return np.repeat([1.0 / len(sample) for sample in samples], lengths)
        if samples[0].per_item == 1:
            return 1.0
        return np.concatenate([_weights_of(sample)[rows] for sample in samples])


def _weights_of(sample: Rows) -> "NDArray[np.float32]":
    if sample.weights is None:
        return np.full(len(sample.index), 1.0 / sample.per_item, dtype=np.float32)
    return sample.weights


class Clippings:
    """How long gradients may be, for each client by its own terms. Clients with the same terms are looked at together."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._terms = [member.plan.privacy for member in members]
        device = members[0].job.device
        self._of = {own: clipping_of(own, 1.0, device) for own in self._terms if own is not None}
        self.private = bool(self._of)
        self.noise = [self._of[own].noise if own else 0.0 for own in self._terms]

    def factors(self, squared: Tensor, clients: slice | Tensor) -> Tensor:
        """(L, C, I) factors for the (L, C, I) squared norms of these clients. Without privacy nothing is clipped."""
        if not self.private:
            return torch.ones_like(squared)
        if len(self._of) == 1:
            (clipping,) = self._of.values()
            return clipping.factors(squared.flatten(1)).view_as(squared)
        places = range(squared.shape[1]) if isinstance(clients, slice) else clients.tolist()
        own = [self._of[terms] for place in places if (terms := self._terms[place])]
        return torch.stack([clipping.factors(squared[:, row]) for row, clipping in enumerate(own)], dim=1)


class StackSgd:
    """`torch.optim.SGD` for each row of a matrix, with rates, momentum and decay of its own."""

    def __init__(self, matrix: Tensor, plans: Sequence[TrainingPlan]) -> None:
        self._matrix, self._plans = matrix, plans
        self._momentum = self._column([plan.momentum for plan in plans])
        self._decay = self._column([plan.weight_decay for plan in plans])
        self._decays = any(plan.weight_decay for plan in plans)
        self._moving = torch.zeros_like(matrix) if any(plan.momentum for plan in plans) else None
        self._steady = all(plan.schedule == "constant" for plan in plans)
        self._rates = self._column([plan.learning_rate * plan.rate_factor(0) for plan in plans])

    def step(self, gradients: Tensor, step: int, resting: Sequence[int] = ()) -> None:
        """Move the first rows, as many as there are `gradients`, which are overwritten; but not those that are `resting`."""
        clients = len(gradients)
        rows = self._matrix[:clients]
        state = [rows] if self._moving is None else [rows, self._moving[:clients]]
        before = [tensor[list(resting)] for tensor in state] if resting else []
        if self._decays:
            gradients.addcmul_(rows, self._decay[:clients])
        if self._moving is not None:
            gradients = state[1].mul_(self._momentum[:clients]).add_(gradients)
        if not self._steady:
            self._rates = self._column([plan.learning_rate * plan.rate_factor(step) for plan in self._plans])
        rows.addcmul_(gradients, self._rates[:clients], value=-1)
        for tensor, kept in zip(state, before, strict=False):
            tensor[list(resting)] = kept

    def _column(self, values: Sequence[float]) -> Tensor:
        return torch.tensor(values, device=self._matrix.device, dtype=self._matrix.dtype).unsqueeze(1)

"""Jobs of many clients, sorted into stacks that can be trained at once."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import torch

from flowstate_flower.clients.training.flat import trainable_only
from flowstate_flower.clients.training.job import LocalJob, train
from flowstate_flower.clients.training.sampling import sampler_of
from flowstate_flower.clients.training.together.choice import choose
from flowstate_flower.clients.training.together.stack import Stack, architecture
from flowstate_flower.clients.training.together.steps import Errors, Member, train_stack
from flowstate_flower.errors import FlowstateError

MOST_FLOATS = 1 << 22
"""What still lies in a processor's caches."""
WORTH_THREADS = 1 << 20
"""From so many numbers in a step on, threads take less time than one: measured."""
ONE_BY_ONE = "one after the other"


@dataclass(frozen=True, slots=True)
class Joint:
    """Who was trained at once, by which engine, and why not by a faster one."""

    tenants: tuple[str, ...]
    engine: str
    why: str = ""


class SomeStopped(FlowstateError):
    """Training raised for some clients, all others are trained. `errors` are theirs, by their places among the jobs."""

    def __init__(self, errors: Errors) -> None:
        super().__init__(f"{len(errors)} clients had to stop")
        self.errors = errors


def train_together(jobs: Sequence[LocalJob], *, most_floats: int = MOST_FLOATS) -> tuple[Joint, ...]:
    """Train each job's model in place, as `train` would: the same draws from the same streams, the same result up to rounding.

    Jobs of one architecture, loss and kind of data make a stack, a single one too: a client that is left over when a simulation
    goes on after a crash is trained by the same engine as before it. `most_floats` bounds the numbers that a step keeps, by
    fewer clients or items at a time. Raises `SomeStopped` at the end where `train` would have raised for some.
    """
    alike: dict[object, list[Member]] = {}
    errors: Errors = {}
    with ExitStack() as freezing:
        for place, job in enumerate(jobs):
            try:
                member = _member(place, job, freezing)
                alike.setdefault(_kind(member), []).append(member)
            except FlowstateError as error:
                errors[place] = error
        joints = [_train_alike(members, most_floats, errors) for members in alike.values()]
    for joint, members in zip(joints, alike.values(), strict=True):
        if joint.engine == ONE_BY_ONE:
            _train_one_by_one(members, errors)
    if errors:
        raise SomeStopped(errors)
    return tuple(joints)


def _member(place: int, job: LocalJob, freezing: ExitStack) -> Member:
    plan = job.plan
    sampler = sampler_of(job.examples, plan.batch_size, by_group=plan.by_group, rows_per_group=plan.choices.rows_per_group)
    return Member(place, job, plan, freezing.enter_context(trainable_only(job.model, plan.choices.trainable)), sampler)


def _train_one_by_one(members: Sequence[Member], errors: Errors) -> None:
    for member in members:
        try:
            train(member.job)
        except Exception as error:  # one client's, which the others do not share
            errors[member.place] = error


def _kind(member: Member) -> object:
    """What is the same for all clients in a stack."""
    job, examples = member.job, member.job.examples
    losses = job.losses
    loss = (losses.func, *map(id, losses.args)) if isinstance(losses, partial) and not losses.keywords else losses
    rows = tuple((tensor.shape[1:], tensor.dtype, tensor.device) for tensor in (examples.features, examples.targets))
    return architecture(job.model), loss, rows, member.plan.privacy is None, member.sampler.per_item


def _train_alike(members: Sequence[Member], most_floats: int, errors: Errors) -> Joint:
    """Train them at once if that can be done exactly; if not, only say why."""
    names = tuple(member.job.tenant for member in members)
    if why := _apart(members):
        return Joint(names, ONE_BY_ONE, why)
    first = members[0]
    choice = choose(first)
    if choice.make is None:
        return Joint(names, ONE_BY_ONE, choice.why)
    most_items = max(1, most_floats // choice.floats_per_item)
    for some in _chunks(members, most_items):
        stack = Stack([(member.job.model, member.flat) for member in some])
        engine = choice.make(stack)
        items = sum(member.sampler.expected for member in some)
        with _threads_for(max(stack.matrix.numel(), items * choice.floats_per_item)):
            errors |= train_stack(some, stack, engine, most_items)
        stack.hand_back()
    return Joint(names, engine.name, choice.why)


@contextmanager
def _threads_for(numbers: float) -> Iterator[None]:
    """All of torch's threads, or one where a step has so few numbers that they would wait more than they work."""
    threads = torch.get_num_threads()
    if numbers < WORTH_THREADS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _apart(members: Sequence[Member]) -> str:
    """Why clients cannot be trained at once, whatever the model."""
    if any(member.plan.privacy and member.plan.privacy.clipping == "adaptive" for member in members):
        return "an adaptive threshold follows each client's own gradients"
    if any(member.plan.choices.autocast != "none" for member in members):
        return "autocast is for one model at a time"
    return ""


def _chunks(members: Sequence[Member], most_items: int) -> Iterator[Sequence[Member]]:
    """As many members at a time as have room for a batch each, those with the most steps first."""
    ordered = sorted(members, key=lambda member: -member.plan.steps)
    at_once = max(1, int(most_items / max(member.sampler.expected for member in members)))
    for first in range(0, len(ordered), at_once):
        yield ordered[first : first + at_once]

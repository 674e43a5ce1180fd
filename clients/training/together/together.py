"""Jobs of many clients, sorted into stacks that can be trained at once."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from flowstate_flower.clients.training.flat import trainable_only
from flowstate_flower.clients.training.job import LocalJob, train
from flowstate_flower.clients.training.sampling import sampler_of
from flowstate_flower.clients.training.together.choice import choose
from flowstate_flower.clients.training.together.stack import Stack, architecture
from flowstate_flower.clients.training.together.steps import Member, train_stack

MOST_FLOATS = 1 << 24
ONE_BY_ONE = "one after the other"


@dataclass(frozen=True, slots=True)
class Joint:
    """Who was trained at once, by which engine, and why not by a faster one."""

    tenants: tuple[str, ...]
    engine: str
    why: str = ""


def train_together(jobs: Sequence[LocalJob], *, most_floats: int = MOST_FLOATS) -> tuple[Joint, ...]:
    """Train each job's model in place, as `train` would: the same draws from the same streams, the same result up to rounding.

    Jobs of one architecture, loss and kind of data make a stack. `most_floats` bounds the numbers that a step keeps, by fewer
    clients or items at a time. Raises `BadInput` where `train` would.
    """
    alike: dict[object, list[Member]] = {}
    with ExitStack() as freezing:
        for job in jobs:
            plan = job.plan
            flat = freezing.enter_context(trainable_only(job.model, plan.choices.trainable))
            sampler = sampler_of(
                job.examples, plan.batch_size, by_group=plan.by_group, rows_per_group=plan.choices.rows_per_group
            )
            member = Member(job, plan, flat, sampler)
            alike.setdefault(_kind(member), []).append(member)
        joints = [_train_alike(members, most_floats) for members in alike.values()]
    for joint, members in zip(joints, alike.values(), strict=True):
        if joint.engine == ONE_BY_ONE:
            for member in members:
                train(member.job)
    return tuple(joints)


def _kind(member: Member) -> object:
    """What is the same for all clients in a stack."""
    job, examples = member.job, member.job.examples
    losses = job.losses
    loss = (losses.func, losses.args, tuple(losses.keywords.items())) if isinstance(losses, partial) else losses
    rows = tuple((tensor.shape[1:], tensor.dtype, tensor.device) for tensor in (examples.features, examples.targets))
    return architecture(job.model), loss, rows, member.plan.privacy is None, member.sampler.per_item


def _train_alike(members: Sequence[Member], most_floats: int) -> Joint:
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
        train_stack(some, stack, engine, most_items)
        stack.hand_back()
    return Joint(names, engine.name, choice.why)


def _apart(members: Sequence[Member]) -> str:
    """Why clients cannot be trained at once, whatever the model."""
    if len(members) == 1:
        return "nobody else has such a job"
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

"""One round at a tenant, in the order that protects it: what can be refused is refused before anything is spent."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import torch
from flwr.app import Message, RecordDict
from numpy.typing import NDArray

from flowstate_flower.clients.clipping import clipped_update, moved
from flowstate_flower.clients.fingerprint import fingerprint
from flowstate_flower.clients.home import NO_METRICS, Charge, Metrics, TenantHome
from flowstate_flower.clients.limits import Watch, check_memory
from flowstate_flower.clients.metrics import bounded_sums, noisy_means, values_of_rows
from flowstate_flower.clients.momentum import remember, remembered, with_momentum
from flowstate_flower.clients.policy import Declined, TenantPolicy, check
from flowstate_flower.clients.randomness import Stream, open_stream
from flowstate_flower.clients.replies import Layers, Trained, sent_layers
from flowstate_flower.clients.spending import WHOLE_TENANT, charge_of, spending
from flowstate_flower.clients.task import Examples, TorchTask, example_losses
from flowstate_flower.clients.training import Choices, LocalJob, Trainer, choices_of, pick_device, rehearse, units_of
from flowstate_flower.clients.updates import StoredUpdate
from flowstate_flower.privacy import truncated_poisson
from flowstate_flower.trust.statements import Refused
from flowstate_flower.trust.terms import PrivacyTerms, Terms


@dataclass(frozen=True, slots=True)
class Site:
    """Whose round it is: the task, the tenant's home, and how it trains. `state` is Flower's, kept between rounds."""

    task: TorchTask
    home: TenantHome
    trainer: Trainer
    state: RecordDict


def take_part(site: Site, message: Message, terms: Terms, now: datetime) -> Trained:
    """One round, up to what is signed. Raises `Declined`: in steps 1 to 4 nothing has been spent yet, in step 5 it has.

    1. The policy decides; it has seen neither model nor data.
    2. The model is the one that the terms name, finite, and fits the task.
    3. The data: can it be trained on as asked, in the policy's memory, and which account is charged? The server's model has
       not met the data yet: what a trial on it would say costs nothing, and so must not depend on what the server sent.
    4. The round's privacy is reserved in the tenant's ledger, at its full cost.
    5. Training, within the policy's time and memory. What fails here stays charged.

    What is signed is the model, N, and of the sent model's metrics those that the policy lets out, noised and paid for in 4.
    """
    policy = site.home.policy
    check(policy, terms, now)  # 1
    device = pick_device(policy.work.device)
    watch = Watch(policy.work, device)
    sent = sent_layers(message, terms)  # 2
    model = site.task.model()
    weights = _weights(model, sent)
    examples = site.task.data(policy.tenant)  # 3
    units = _units(examples, terms.privacy)
    choices = _choices(site, terms, model, examples, units)
    charge = _charge(policy, terms, examples, units)
    with spending(site.home, terms, charge):  # 4
        model.load_state_dict(weights)  # 5
        model.to(device)
        metrics = _metrics(site, terms, model, examples, units, watch)
        job = _job(site, terms, model, examples, device)
        site.trainer(replace(job, choices=choices, between_steps=watch.between_steps))
        watch.between_steps()
        layers = _what_leaves(site, terms, sent, model)
    return Trained(layers, units, remembered(site.state) if terms.work.worker_momentum > 0 else None, metrics)


def _weights(model: torch.nn.Module, layers: Layers) -> dict[str, torch.Tensor]:
    """The layers as the model takes them. Raises `Declined` where it does not."""
    try:
        weights = {name: torch.from_numpy(np.array(layer)) for name, layer in layers.items()}
    except TypeError as error:
        raise Declined(Refused.WRONG_BASE, "the model has layers of another type") from error
    if {n: w.shape for n, w in weights.items()} != {n: w.shape for n, w in model.state_dict().items()}:
        raise Declined(Refused.WRONG_BASE, "the model does not fit the task")
    return weights


def _units(examples: Examples, privacy: PrivacyTerms | None) -> int:
    """N: how many there are of what is protected. Raises `Declined` for people where the data names none."""
    if privacy is None or privacy.unit != "group":
        return len(examples)
    if examples.groups is None:
        raise Declined(Refused.UNIT, "the task names no groups")
    return units_of(examples, by_group=True)


def _choices(site: Site, terms: Terms, model: torch.nn.Module, examples: Examples, units: int) -> Choices:
    """How to train, once it is clear that it can be done."""
    local = _local_privacy(terms.privacy)
    choices = choices_of(site.task)
    per_unit = choices.rows_per_group if local is not None and local.unit == "group" else 1
    rows = truncated_poisson(units, terms.work.batch_size).largest * per_unit
    rows = rows if choices.most_rows is None else min(rows, choices.most_rows)
    check_memory(site.home.policy.work, model, examples, rows, private=local is not None)
    tried = rehearse(site.task, model, examples, terms.work, local)
    if (metrics := site.home.policy.metrics) is not None:
        values_of_rows(site.task, model, examples.features[:2], examples.targets[:2], metrics)
    return tried


def _metrics(site: Site, terms: Terms, model: torch.nn.Module, examples: Examples, units: int, watch: Watch) -> Metrics:
    """What leaves beside the update."""
    policy = site.home.policy
    if policy.metrics is None:
        return NO_METRICS
    by_group = policy.privacy is not None and policy.privacy.unit == "group"
    of_units = examples if by_group else replace(examples, groups=None)
    sums = bounded_sums(site.task, model, of_units, policy.metrics, watch.between_steps)
    return noisy_means(sums, units, policy.metrics, stream_of(policy, terms.round, "metrics"))


def _local_privacy(privacy: PrivacyTerms | None) -> PrivacyTerms | None:
    """What training itself has to do: nothing, where the whole update is clipped and the server adds the noise."""
    return None if privacy is None or privacy.unit == "tenant" else privacy


def _charge(policy: TenantPolicy, terms: Terms, examples: Examples, units: int) -> Charge | None:
    """What the round will cost, and which account. None for a tenant without a budget, whose policy has allowed that."""
    if terms.privacy is None or policy.privacy is None:
        return None
    data_set = WHOLE_TENANT if terms.privacy.unit == "tenant" else fingerprint(examples)
    return charge_of(policy, terms, data_set, units)


def _job(site: Site, terms: Terms, model: torch.nn.Module, examples: Examples, device: torch.device) -> LocalJob:
    policy = site.home.policy
    if policy.work.threads is not None:
        torch.set_num_threads(policy.work.threads)
    return LocalJob(
        tenant=policy.tenant,
        round=terms.round,
        model=model,
        examples=examples,
        losses=partial(example_losses, site.task),
        work=terms.work,
        privacy=_local_privacy(terms.privacy),
        sampling=stream_of(policy, terms.round, "sampling"),
        noise=stream_of(policy, terms.round, "noise"),
        device=device,
    )


def stream_of(policy: TenantPolicy, round_number: int, use: str) -> Stream:
    """The tenant's randomness for one use in one round."""
    randomness = policy.randomness
    return open_stream(randomness.source, seed=randomness.seed, tenant=policy.tenant, round_number=round_number, use=use)


def _what_leaves(site: Site, terms: Terms, sent: Layers, model: torch.nn.Module) -> dict[str, NDArray[Any]]:
    """The trained model; its running mean, where that is asked; its clipped update, where the tenant is the unit."""
    layers = {name: np.asarray(tensor.detach().cpu().numpy(), order="C") for name, tensor in model.state_dict().items()}
    if terms.work.worker_momentum > 0:
        if remembered(site.state) is None and (before := _last_of(site.home, terms)):  # Flower's state is gone: a restart
            remember(site.state, before.momentum)
        layers = with_momentum(site.state, sent, layers, terms.work.worker_momentum)
    if terms.privacy is not None and terms.privacy.unit == "tenant":
        layers = moved(sent, clipped_update(sent, layers, terms.privacy.clip_norm))
    return layers


def _last_of(home: TenantHome, terms: Terms) -> StoredUpdate | None:
    """What this tenant sent last in an earlier round of the run."""
    stored = None if home.updates is None else home.updates.last(terms.run)
    return stored if stored is not None and stored.round < terms.round else None

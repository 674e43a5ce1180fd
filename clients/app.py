"""The ready ClientApp: read the terms, ask the policy, reserve the budget, train, sign."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from flowstate_flower.clients.home import TenantHome
from flowstate_flower.clients.momentum import with_momentum
from flowstate_flower.clients.policy import Declined, check
from flowstate_flower.clients.randomness import open_stream
from flowstate_flower.clients.task import Examples, TorchTask, example_losses
from flowstate_flower.clients.training import Choices, LocalJob, Trainer, pick_device, rehearse, sample_rate, train
from flowstate_flower.privacy import Account, BudgetExhausted, GaussianRelease, RoundAlreadyCharged
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.trust.statements import (
    PresenceStatement,
    PrivacyClaim,
    RefusalStatement,
    Refused,
    UpdateStatement,
    first_problem,
    sign,
)
from flowstate_flower.trust.terms import Frozen, Name, Nonce, Terms

HomeOf = Callable[[Context], TenantHome]
TrainerOf = Callable[[Context], Trainer]


def build_client_app(task: TorchTask, home_of: HomeOf, trainer_of: TrainerOf = lambda _: train) -> ClientApp:
    """A ClientApp that trains `task` for the tenant whose home `home_of` finds. `trainer_of` replaces the training itself."""
    app = ClientApp()

    @app.train()
    def on_train(message: Message, context: Context) -> Message:
        home = home_of(context)
        try:
            terms = read_terms(message)
            return take_part(task, home, trainer_of(context), message, terms, context.state)
        except Declined as no:
            return _refusal(home, message, no)

    @app.query()
    def on_roll_call(message: Message, context: Context) -> Message:
        home = home_of(context)
        challenge = message.content["challenge"]
        nonce = challenge["nonce"] if isinstance(challenge, ConfigRecord) else ""
        presence = PresenceStatement(tenant=home.policy.tenant, node=context.node_id, nonce=str(nonce))
        return Message(RecordDict({"statement": _sealed(home, presence)}), reply_to=message)

    return app


def read_terms(message: Message) -> Terms:
    """The server's terms. Raises `Declined` where they are not readable as exactly that."""
    try:
        return Terms.model_validate_json(_terms_bytes(message))
    except ValidationError as error:
        raise Declined(Refused.BAD_TERMS, first_problem(error)) from error


def _terms_bytes(message: Message) -> bytes:
    record = message.content.get("terms")
    data = record.get("terms") if isinstance(record, ConfigRecord) else None
    if not isinstance(data, bytes):
        raise Declined(Refused.BAD_TERMS, "the message carries no terms")
    return data


def take_part(
    task: TorchTask, home: TenantHome, trainer: Trainer, message: Message, terms: Terms, state: RecordDict
) -> Message:
    """One round. Raises `Declined` only while nothing has been spent. `state` is Flower's, kept between rounds.

    1. The policy decides; it has seen neither model nor data.
    2. The model must be the one that the terms name, and one that can be trained as asked.
    3. The round's privacy is reserved in the tenant's ledger, at its full cost.
    4. Training; a crash here leaves the cost charged.
    5. The tenant signs what it sends: what it trained, or its momentum.
    """
    check(home.policy, terms)  # 1
    model = task.model()
    _load(model, message, terms)  # 2
    examples = task.data(home.policy.tenant)
    choices = rehearse(task, model, examples, terms.work, terms.privacy)  # 2
    account = account_of(home, terms, examples)
    claim = _reserve(home, terms, len(examples), account)  # 3
    _run(task, home, trainer, terms, model, examples, choices)  # 4
    if claim is not None:
        home.ledger.settle(account, terms.run, terms.round)
    layers = {name: np.asarray(tensor.detach().cpu().numpy(), order="C") for name, tensor in model.state_dict().items()}
    if terms.work.worker_momentum > 0:
        layers = with_momentum(state, sent_layers(message), layers, terms.work.worker_momentum)
    return _signed_update(home, message, terms, layers, len(examples), claim)  # 5


def sent_layers(message: Message) -> dict[str, NDArray[Any]]:
    """The model that the server sent. Raises `Declined` where there is none."""
    arrays = message.content.get("arrays")
    if not isinstance(arrays, ArrayRecord):
        raise Declined(Refused.BAD_TERMS, "the message carries no model")
    return {name: array.numpy() for name, array in arrays.items()}


def _load(model: torch.nn.Module, message: Message, terms: Terms) -> None:
    layers = sent_layers(message)
    if model_digest(layers.items()) != terms.base:
        raise Declined(Refused.WRONG_BASE, "the model is not the one that the terms name")
    try:
        model.load_state_dict({name: torch.from_numpy(np.array(layer)) for name, layer in layers.items()})
    except RuntimeError as error:
        raise Declined(Refused.WRONG_BASE, "the model does not fit the task") from error


def account_of(home: TenantHome, terms: Terms, examples: Examples) -> Account:
    """The account that the round is charged to."""
    unit = terms.privacy.unit if terms.privacy else "example"
    delta = home.policy.privacy.delta if home.policy.privacy else 0.0
    return Account(home.policy.tenant, "", unit, delta)


def _reserve(home: TenantHome, terms: Terms, examples: int, account: Account) -> PrivacyClaim | None:
    """Charge the round, and return what will be claimed of it. None for a round without privacy."""
    policy, asked = home.policy.privacy, terms.privacy
    if asked is None or policy is None:  # the policy has allowed it
        return None
    if policy.delta >= 1 / examples:
        raise Declined(Refused.BUDGET, f"δ = {policy.delta:g} must be below 1 / {examples} examples")
    release = GaussianRelease(asked.noise_multiplier, sample_rate(terms.work, examples), terms.work.steps)
    try:
        epsilon = home.ledger.reserve(account, terms.run, terms.round, release, policy.budget)
    except BudgetExhausted as error:
        raise Declined(Refused.BUDGET, str(error)) from error
    except RoundAlreadyCharged as error:
        raise Declined(Refused.REPLAYED_ROUND, str(error)) from error
    return PrivacyClaim(
        noise_multiplier=release.noise_multiplier,
        clip_norm=asked.clip_norm,
        sample_rate=release.sample_rate,
        steps=release.steps,
        epsilon=epsilon,
        delta=policy.delta,
        randomness=home.policy.randomness.source,
    )


def _run(
    task: TorchTask,
    home: TenantHome,
    trainer: Trainer,
    terms: Terms,
    model: torch.nn.Module,
    examples: Examples,
    choices: Choices,
) -> None:
    policy = home.policy
    if policy.work.threads is not None:
        torch.set_num_threads(policy.work.threads)
    device = pick_device(policy.work.device)
    stream = partial(
        open_stream,
        policy.randomness.source,
        seed=policy.randomness.seed,
        tenant=policy.tenant,
        round_number=terms.round,
    )
    trainer(
        LocalJob(
            tenant=policy.tenant,
            round=terms.round,
            model=model.to(device),
            examples=examples,
            losses=partial(example_losses, task),
            work=terms.work,
            privacy=terms.privacy,
            sampling=stream(use="sampling"),
            noise=stream(use="noise"),
            device=device,
            choices=choices,
        )
    )


def _signed_update(
    home: TenantHome,
    message: Message,
    terms: Terms,
    layers: Mapping[str, NDArray[Any]],
    examples: int,
    claim: PrivacyClaim | None,
) -> Message:
    statement = UpdateStatement(
        run=terms.run,
        round=terms.round,
        tenant=terms.tenant,
        base=terms.base,
        nonce=terms.nonce,
        update=model_digest(layers.items()),
        examples=examples,
        privacy=claim,
        at=_now(),
    )
    content = RecordDict(
        {
            "arrays": ArrayRecord({name: Array(layer) for name, layer in layers.items()}),
            "metrics": MetricRecord({"num-examples": examples}),
            "statement": _sealed(home, statement),
        }
    )
    return Message(content, reply_to=message)


class _Address(BaseModel):
    """What a refusal echoes, so that the server can tell what it answers. Read even from terms that are otherwise wrong."""

    run: Name = "unknown"
    round: int = Field(default=0, ge=0)
    nonce: Nonce = ""


def _refusal(home: TenantHome, message: Message, no: Declined) -> Message:
    """A signed no."""
    try:
        address = _Address.model_validate_json(_terms_bytes(message))
    except (Declined, ValidationError):
        address = _Address()
    statement = RefusalStatement(
        run=address.run,
        round=address.round,
        tenant=home.policy.tenant,
        nonce=address.nonce,
        reason=no.reason,
        detail=str(no)[:300],
        at=_now(),
    )
    return Message(RecordDict({"statement": _sealed(home, statement)}), reply_to=message)


def _sealed(home: TenantHome, statement: Frozen) -> ConfigRecord:
    return ConfigRecord({"envelope": sign(statement, home.key).to_bytes()})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

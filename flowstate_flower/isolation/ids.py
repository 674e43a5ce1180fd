"""Probes of ids: whatever one tenant asks about another gets the answer that it gets about nobody."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from flowstate_flower.clients.home import TenantVoice
from flowstate_flower.isolation.scratch import HISTORY_APART, LIVING, MINE, SPARE, THEIRS, Scratch, node_key, run_terms
from flowstate_flower.registry import Registry, configuration, consents, gate, keys, measures, tenants, views

OF_A_TENANT: Mapping[str, Callable[[Registry, str], object]] = {
    "tenants.show": tenants.show,
    "tenants.move": lambda r, name: tenants.move(r, name, tenants.Status.SUSPENDED, actor=MINE),
    "tenants.remove": lambda r, name: tenants.remove(r, name, actor=MINE),
    "configuration.in_force": lambda r, name: configuration.in_force(r, tenant=name),
    "configuration.change": lambda r, name: configuration.change(r, "bounds.most_steps", 3, actor=MINE, tenant=name),
    "configuration.change of quotas": lambda r, name: configuration.change(r, "quotas.nodes", 3, actor=MINE, tenant=name),
    "keys.renew_data_key": lambda r, name: keys.renew_data_key(r, name, actor=MINE),
    "measures.measured": lambda r, name: measures.measured(r, tenant=name),
    "views.audit_log": lambda r, name: views.audit_log(r, tenant=name),
    "gate.dispatch": lambda r, name: gate.dispatch(r, run_terms("ids").ask, [name], 1),
    "gate.standing": lambda r, name: gate.standing(r, run_terms("ids").ask, {name: 0}),
}
OF_A_RUN: Mapping[str, Callable[[Registry, str], object]] = {
    "views.run": views.run,
    "views.rounds": views.rounds,
    "views.accuracies": views.accuracies,
    "views.participation": views.participation,
    "configuration.in_force": lambda r, name: configuration.in_force(r, run=name),
    "configuration.change": lambda r, name: configuration.change(r, "bounds.most_steps", 3, actor=MINE, run=name),
}
NO_TENANT, NO_RUN = "tenant-q", "history-qqqqq"


def foreign_tenants_are_as_unknown_as_none(scratch: Scratch) -> Iterator[str]:
    """Every question and every act about another tenant is answered as about a name that nobody has."""
    yield from _differing(scratch.mine, OF_A_TENANT, THEIRS, NO_TENANT)


def foreign_runs_are_as_unknown_as_none(scratch: Scratch) -> Iterator[str]:
    """Every question about a run that the tenant was not asked in is answered as about a run that never was."""
    yield from _differing(scratch.mine, OF_A_RUN, HISTORY_APART, NO_RUN)


def consents_in_foreign_names_are_answered_alike(scratch: Scratch) -> Iterator[str]:
    """A consent that a tenant signs in another's name is answered as one in the name of nobody."""

    def accept(registry: Registry, name: str) -> object:
        mine = scratch.voices[MINE]
        policy = mine.policy.model_copy(update={"tenant": name})
        return consents.accept(registry, TenantVoice(policy, mine.key).consent(SPARE))

    yield from _differing(scratch.mine, {"consents.accept": accept}, THEIRS, NO_TENANT)


def lists_hold_nothing_foreign(scratch: Scratch) -> Iterator[str]:
    """Lists of tenants, runs, consents, log entries and measures hold what is the tenant's own."""
    lists: Mapping[str, Callable[[Registry], object]] = {
        "views.tenants": views.tenants,
        "views.runs": views.runs,
        "views.audit_log": lambda r: [entry.tenant for entry in views.audit_log(r) if entry.tenant == THEIRS],
        "consents.listed": consents.listed,
        "measures.measured": measures.measured,
        "tenants.node_owners": lambda r: tenants.node_owners(r, [node_key(name).hex() for name in LIVING]),
        "tenants.signing_keys": tenants.signing_keys,
        "gate.candidates": lambda r: gate.candidates(r, run_terms("ids").ask, LIVING),
    }
    for what, ask in lists.items():
        said = repr(ask(scratch.mine))
        if THEIRS in said or HISTORY_APART in said:
            yield f"{what} names others"
        if what != "views.audit_log" and said == repr(ask(replace(scratch.registry, tenant=NO_TENANT))):
            yield f"{what} shows not even its own: nothing was tried"


def _differing(
    registry: Registry, asks: Mapping[str, Callable[[Registry, str], object]], foreign: str, none: str
) -> Iterator[str]:
    for what, ask in asks.items():
        about_them, about_nobody = (_answer(ask, registry, name) for name in (foreign, none))
        if about_them != about_nobody:
            yield f"{what}: '{about_them}' about another, '{about_nobody}' about nobody"


def _answer(ask: Callable[[Registry, str], object], registry: Registry, name: str) -> str:
    """What is said, without the name that was asked about."""
    try:
        said: Any = ask(registry, name)
    except Exception as error:
        said = f"{type(error).__name__}: {error} ({getattr(error, 'hint', '')})"
    return str(said).replace(name, "NAME")[:300]

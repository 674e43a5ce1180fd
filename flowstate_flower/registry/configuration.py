"""Settings in layers: the platform's, a tenant's, a run's. Bounds are only ever tightened on the way in; quotas are overridden.

Every change is a new version, and the log says whose it was.
"""

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any

from limits import parse
from pydantic import AfterValidator, Field
from sqlmodel import Session, col, select

from flowstate_flower.documents import Document, parsed
from flowstate_flower.errors import BadInput, UnknownName
from flowstate_flower.registry.binding import PLATFORM
from flowstate_flower.registry.database import Registry
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.tables import RunRow, TenantRow
from flowstate_flower.registry.tenancy_tables import SettingsRow
from flowstate_flower.trust.bounds import Bounds, loosened, tightest
from flowstate_flower.trust.canonical import canonical


def _rate(text: str) -> str:
    parse(text)  # raises ValueError
    return text


Count = Annotated[int, Field(ge=0)]


class Quotas(Document):
    """How much of the federation one tenant may use. What is absent is not limited; days are those of UTC."""

    runs_per_day: Count | None = None
    rounds_per_day: Count | None = None
    bytes_per_day: Count | None = None
    model_bytes: Count | None = None
    nodes: Count | None = None
    messages: Annotated[str, AfterValidator(_rate)] | None = None
    """A rate in the notation of `limits`: `60/hour`, `5 per 10 minutes`."""

    def overridden_by(self, inner: "Quotas") -> "Quotas":
        """These, except where `inner` says something."""
        return self.model_copy(update={name: value for name, value in inner if value is not None})


class Configuration(Document):
    """One layer, or all of them together."""

    bounds: Bounds = Bounds()
    quotas: Quotas = Quotas()

    def within(self, inner: "Configuration") -> "Configuration":
        """What holds where `inner` is set inside of this."""
        return Configuration(bounds=tightest(self.bounds, inner.bounds), quotas=self.quotas.overridden_by(inner.quotas))


@dataclass(frozen=True, slots=True)
class SettingView:
    """One key, its value in force, and the layer that it comes from."""

    key: str
    value: Any
    layer: str | None


def effective(session: Session, tenant: str | None, run: str | None) -> Configuration:
    """What holds for a tenant in a run: the platform's settings, then the tenant's, then the run's."""
    total = Configuration()
    for layer in _layers(tenant, run):
        total = total.within(_newest(session, layer)[1])
    return total


def effective_for(session: Session, run: str, names: Collection[str]) -> "defaultdict[str, Configuration]":
    """What holds in a run for each of `names`: as `effective`, in one query for all tenants."""
    platform, innermost = _newest(session, PLATFORM)[1], _newest(session, f"run:{run}")[1]
    everybodys = platform.within(innermost)
    found = defaultdict(lambda: everybodys)
    oldest_first = select(SettingsRow).where(col(SettingsRow.tenant).in_(names)).order_by(col(SettingsRow.version))
    for row in session.exec(oldest_first):
        if row.tenant is not None:
            found[row.tenant] = platform.within(_parsed(row)).within(innermost)
    return found


def in_force(registry: Registry, tenant: str | None = None, run: str | None = None) -> list[SettingView]:
    """Every key with its value and where it comes from. Raises `UnknownName`."""
    with registry.reading() as session:
        _check_exists(session, tenant, run)
        layers = [(layer, _flat(_newest(session, layer)[1])) for layer in _layers(tenant, run)]
        values = _flat(effective(session, tenant, run))
    return [SettingView(key, value, _source(layers, key, value)) for key, value in values.items()]


def change(registry: Registry, key: str, value: Any, *, actor: str, tenant: str | None = None, run: str | None = None) -> int:
    """Set one key of one layer, None to set it no longer. Returns the layer's new version.

    Raises `BadInput` where a bound would be looser than outside, or a tenant reaches for quotas; `UnknownName`.
    """
    with desk(registry, actor=actor) as d:
        _check_exists(d.session, tenant, run)
        layer = _layers(tenant, run)[-1]
        if registry.tenant is not None and (tenant != registry.tenant or key.startswith("quotas.")):
            raise BadInput("a tenant sets its own bounds and nothing else", hint="ask the operator")
        version, current = _newest(d.session, layer)
        body = current.model_dump()
        if key not in _flat(current):
            raise UnknownName("setting", key, _flat(current))
        section, name = key.split(".")
        body[section][name] = value
        changed = parsed(Configuration, body, f"{key} = {value}")
        outer = effective(d.session, None, None).bounds if layer != PLATFORM else Bounds()
        if (loose := loosened(changed.bounds, outer)) is not None:
            limit = getattr(outer, loose)
            raise BadInput(f"bounds.{loose} = {getattr(changed.bounds, loose)} is looser than {limit}", hint="only tighter")
        text = canonical(changed.model_dump()).decode()
        row = SettingsRow(layer=layer, version=version + 1, tenant=tenant, body=text, set_at=d.now, actor=actor)
        d.add(row)
    return version + 1


def _layers(tenant: str | None, run: str | None) -> list[str]:
    named = [f"tenant:{tenant}" if tenant is not None else "", f"run:{run}" if run is not None else ""]
    return [PLATFORM, *(layer for layer in named if layer)]


def _source(layers: list[tuple[str, dict[str, Any]]], key: str, value: Any) -> str | None:
    """The innermost layer that sets `key` to the value in force."""
    return None if value is None else next(layer for layer, own in reversed(layers) if own[key] == value)


def _newest(session: Session, layer: str) -> tuple[int, Configuration]:
    statement = select(SettingsRow).where(SettingsRow.layer == layer).order_by(col(SettingsRow.version).desc()).limit(1)
    row = session.exec(statement).first()
    return (row.version, _parsed(row)) if row else (0, Configuration())


def _parsed(row: SettingsRow) -> Configuration:
    return parsed(Configuration, json.loads(row.body), row.layer)


def _flat(configuration: Configuration) -> dict[str, Any]:
    sections = configuration.model_dump().items()
    return {f"{section}.{name}": value for section, values in sections for name, value in values.items()}


def _check_exists(session: Session, tenant: str | None, run: str | None) -> None:
    if tenant is not None and session.get(TenantRow, tenant) is None:
        raise UnknownName("tenant", tenant, session.exec(select(TenantRow.name)).all())
    if run is not None and session.get(RunRow, run) is None:
        raise UnknownName("run", run, session.exec(select(RunRow.id)).all())

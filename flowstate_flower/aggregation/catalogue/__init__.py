"""The rules by name. The command line lists this dictionary, the contract tests and the docs walk it."""

import re
from importlib.metadata import entry_points

from flowstate_flower.aggregation.catalogue import columns, places, selections, servers
from flowstate_flower.aggregation.mixing import MIXINGS, Chain, Mixing
from flowstate_flower.aggregation.rule import Number, Rule
from flowstate_flower.errors import BadInput, UnknownName

ENTRY_POINTS = "flowstate_flower.rules"
CATALOGUE: dict[str, Rule] = {rule.name: rule for rule in (*columns.RULES, *selections.RULES, *places.RULES, *servers.RULES)}
COMPOSITIONS = (
    "nnm >> trimmed-mean",
    "nnm >> multi-krum",
    "arc >> nnm >> geometric-median",
    "bucketing(size=2, seed=0) >> centred-clipping",
    "clipping(norm=1.0) >> robust-learning-rate",
)
_CALL = re.compile(r"(?P<name>[A-Za-z][\w-]*)\s*(?:\((?P<arguments>[^()]*)\))?")


def rule_named(text: str) -> Rule:
    """The rule that `text` writes: a name, or mixings before it as in `nnm(f=3) >> trimmed-mean(f=3)`.

    Raises `UnknownName` with the nearest name that exists, and `BadInput`. A rule's own name and its `repr` can be read back.
    """
    *before, last = (part.strip() for part in text.split(">>"))
    name, arguments = _call(last)
    known = CATALOGUE if name in CATALOGUE else CATALOGUE | installed_rules()
    if name not in known:
        raise UnknownName("rule", last if name == "" else name, known)
    rule = known[name].given(**arguments)  # type: ignore[arg-type]
    mixings = tuple(mixing_named(mixing) for mixing in before)
    return Chain(mixings) >> rule if mixings else rule


def mixing_named(text: str) -> Mixing:
    """The mixing that `text` writes: `nnm`, `bucketing(size=2, seed=1)`. Raises `BadInput`."""
    name, arguments = _call(text)
    if name not in MIXINGS:
        raise UnknownName("mixing", text if name == "" else name, MIXINGS)
    try:
        return MIXINGS[name](**arguments)
    except TypeError as error:
        raise BadInput(f"cannot read the mixing '{text}'", hint="write it as bucketing(size=2, seed=1)") from error


def _call(text: str) -> tuple[str, dict[str, Number]]:
    """Name and arguments of `name(key=number, …)`; an empty name where it is nothing of the kind."""
    call = _CALL.fullmatch(text)
    if call is None:
        return "", {}
    try:
        pairs = [part.split("=") for part in (call["arguments"] or "").split(",") if part.strip()]
        arguments = {key.strip(): _number(value.strip()) for key, value in pairs}
    except ValueError as error:
        raise BadInput(f"cannot read '{text}'", hint="write it as bucketing(size=2, seed=1)") from error
    return call["name"].replace("_", "-"), arguments


def _number(text: str) -> Number:
    try:
        return int(text)
    except ValueError:
        return float(text)


def installed_rules() -> dict[str, Rule]:
    """Rules that other packages bring, as entry points of the group `flowstate_flower.rules`: each is a `Rule`.

    They come after ours: a package cannot replace a rule of the catalogue. Raises `BadInput` for an entry that is no rule.
    """
    found = {}
    for entry in entry_points(group=ENTRY_POINTS):
        rule = entry.load()
        if not isinstance(rule, Rule):
            raise BadInput(f"the entry point '{entry.name}' is not a rule", hint=f"uninstall or mend {entry.value}")
        found[rule.name] = rule
    return found

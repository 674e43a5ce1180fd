"""`flowstate rules`: the catalogue of aggregation rules, as a table, as one entry, and as the reference page of the docs."""

import re
from enum import StrEnum
from typing import Annotated

import typer

from flowstate_flower.aggregation import CATALOGUE, Mixing, Rule, rule_named
from flowstate_flower.aggregation.catalogue import COMPOSITIONS, installed_rules
from flowstate_flower.aggregation.mixing import EXAMPLES
from flowstate_flower.cli.output import print_json, print_line, print_table

INTRODUCTION = """\
# Rules

This page is printed by `flowstate rules --format markdown`; a test holds it to the catalogue.

n is the number of accepted updates, f how many of them may be hostile: the round's `byzantine`, or an f of the rule's own as in
`trimmed-mean(f=3)`, which must not be smaller. A rule whose precondition does not hold is refused: at the start of a run with
an error, later by skipping the round. It is never clamped. xᵢ is what tenant i sent minus the model that was sent to it, so
everything is centred on the model that was sent; admission has turned away whatever is not finite.

*Breakdown* says from which share of hostile updates on the rule promises nothing. *Cost* counts passes over all updates;
every rule and every composition needs at most two models of memory besides the replies.

Where a row with a NaN or an infinity reaches a rule all the same, the rule raises an error that names the row. Layers may be
float16, bfloat16, float32 or float64; results are computed in float32, or in float64 where a layer has it, and cast back.
Layers that are not floating (counters, masks) stay those of the model that was sent. Weights never come from a count that a
tenant reports, except for `mean` under `weighting = "examples"`, where policy bounds the count by `most_examples`.

Rules marked *remembers* keep something from round to round, as their cost says. Rules marked *rooted* need an update that the
server itself trains on a small, clean data set: `root_examples` in a scenario, `root` of the strategy.

In Python each rule and mixing is a function of `flowstate_flower.aggregation.rules`: `nnm(f=3) >> trimmed_mean(f=3)`. Its
`repr` is that text, which `rule_named` reads back, as it reads `nnm(f=3) >> trimmed-mean(f=3)`. A tenant's `worker_momentum`
(in `[training]` of a scenario, in the terms' local work) is the known companion of all of them: with it, tenants send a
running mean of their updates, so that honest ones come closer.
"""
MIXED = """\
## Mixings

A mixing stands before a rule, or before another mixing, with `>>`. The rule then sees mixed updates; its weights are still
those of tenants.
"""
COMPOSED = """\
## Compositions

Any mixing goes before any rule. `flowstate rules "nnm(f=2) >> median"` prints the entry of any composition. These are good
starts:

| composition | needs | what it does |
|---|---|---|
"""
REMEMBERING = {"centred-clipping", "clipped-clustering", "foolsgold"}


class RulesFormat(StrEnum):
    """How the catalogue is printed."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


def rules(
    rule: Annotated[str | None, typer.Argument(metavar="[RULE]", help="Only this one, or any composition.")] = None,
    output: Annotated[
        RulesFormat, typer.Option("--format", help="table for people, json for programs, markdown for the docs.")
    ] = RulesFormat.TABLE,
) -> None:
    """List the aggregation rules, what each needs and where it comes from, and the mixings that may stand before them.

    With RULE, a name or a composition, print all that is known of it.

    Example: `flowstate rules "nnm(f=2) >> trimmed-mean"`
    """
    chosen = [rule_named(rule)] if rule else list((installed_rules() | CATALOGUE).values())
    if output is RulesFormat.JSON:
        print_json([_facts(one) for one in chosen])
    elif output is RulesFormat.MARKDOWN:
        print_line((_entry(chosen[0]) if rule else page()).rstrip())
    elif rule:
        facts = _facts(chosen[0])
        print_table(["", facts.pop("rule")], list(facts.items()))
    else:
        print_table(["rule", "needs", "summary", "paper"], [(r.name, r.needs, r.summary, r.paper) for r in chosen])
        print_line("\nBefore any rule, as in 'nnm >> trimmed-mean':")
        print_table(["mixing", "what it does", "paper"], [(m.name, m.summary, m.paper) for m in EXAMPLES])


def page() -> str:
    """docs/reference/rules.md, whole."""
    composed = "".join(f"| `{r.name}` | {r.needs} | {r.summary} |\n" for r in map(rule_named, COMPOSITIONS))
    entries = [*map(_entry, CATALOGUE.values()), MIXED, *map(_entry, EXAMPLES), COMPOSED + composed]
    return "\n".join([INTRODUCTION, *entries])


def _entry(one: Rule | Mixing) -> str:
    """A section of the reference page."""
    facts = _facts(one)
    name = facts.pop("rule")
    depth = "###" if isinstance(one, Mixing) else "##"
    lines = [f"- **{key.capitalize()}**: {_linked(value)}" for key, value in facts.items()]
    return "\n".join([f"{depth} `{name}`", "", *lines, ""])


def _facts(one: Rule | Mixing) -> dict[str, str]:
    facts = {"rule": one.name, "summary": one.summary}
    if isinstance(one, Rule):
        marks = [mark for mark, yes in (("rooted", one.rooted), ("remembers", one.name in REMEMBERING)) if yes]
        facts["precondition"] = "; ".join([one.needs, *marks])
    facts["paper"] = one.paper
    if one.guide is not None:
        facts |= {
            "formula": one.guide.formula,
            "breakdown": one.guide.breakdown,
            "cost": one.guide.cost,
            "use it": one.guide.use,
            "it hurts": one.guide.hurts,
        }
    return facts


def _linked(text: str) -> str:
    return re.sub(r"arXiv:(\d{4}\.\d{5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", text)

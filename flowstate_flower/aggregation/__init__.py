"""Robust aggregation: pure maths on updates. A rule is a value in a catalogue; evidence is never written to."""

from flowstate_flower.aggregation.catalogue import CATALOGUE, rule_named
from flowstate_flower.aggregation.mixing import MIXINGS, Mixing, arc, bucketing, clipping, nnm
from flowstate_flower.aggregation.rule import Aggregate, PreconditionFailed, Rule
from flowstate_flower.aggregation.updates import Layer, Layout, Updates

__all__ = [
    "CATALOGUE",
    "MIXINGS",
    "Aggregate",
    "Layer",
    "Layout",
    "Mixing",
    "PreconditionFailed",
    "Rule",
    "Updates",
    "arc",
    "bucketing",
    "clipping",
    "nnm",
    "rule_named",
]

"""A data set is the same however its rows are ordered, and another one as soon as anything in it changes."""

import gc

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from flowstate_flower.clients import Examples
from flowstate_flower.clients import fingerprint as module
from flowstate_flower.clients.fingerprint import fingerprint


def examples(rows: int = 30, seed: int = 0, groups: bool = False) -> Examples:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(rows, 2, 3, generator=generator)
    return Examples(features, torch.randint(0, 3, (rows,), generator=generator), torch.arange(rows) // 3 if groups else None)


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(12)), st.booleans())
def test_permuted_copies_share_a_fingerprint(order: list[int], groups: bool) -> None:
    whole = examples(12, groups=groups)
    moved = Examples(whole.features[order], whole.targets[order], None if whole.groups is None else whole.groups[order])
    assert fingerprint(moved) == fingerprint(whole)


def swapped_targets(e: Examples) -> Examples:
    return Examples(e.features, e.targets.roll(1))


CHANGES = {
    "one row less": lambda e: Examples(e.features[1:], e.targets[1:]),
    "one row twice": lambda e: Examples(torch.cat([e.features, e.features[:1]]), torch.cat([e.targets, e.targets[:1]])),
    "targets of other rows": swapped_targets,
    "one bit": lambda e: Examples(e.features.nextafter(torch.tensor(9.0)), e.targets),
    "another dtype": lambda e: Examples(e.features.double(), e.targets),
    "another shape": lambda e: Examples(e.features.reshape(-1, 6), e.targets),
    "targets of another dtype": lambda e: Examples(e.features, e.targets.int()),
    "groups": lambda e: Examples(e.features, e.targets, torch.zeros(len(e), dtype=torch.long)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_other_data_have_another_fingerprint(change: str) -> None:
    whole = examples()
    assert fingerprint(CHANGES[change](whole)) != fingerprint(whole)


def test_the_fingerprint_is_pinned() -> None:
    """Budgets are kept under it: another one would be a fresh budget for old data."""
    data = Examples(torch.arange(6, dtype=torch.float32).reshape(3, 2), torch.tensor([0, 1, 0]), torch.tensor([5, 5, 6]))
    assert fingerprint(data) == "1cf9099a9ea589c6f9d3670cbdb531684e16d54e2acbe5416000946b2c297116"


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.bool, torch.complex64, torch.uint8])
def test_rows_of_any_type_have_one(dtype: torch.dtype) -> None:
    features = torch.arange(12).reshape(4, 3).to(dtype)
    assert len(fingerprint(Examples(features, torch.zeros(4)))) == 64
    assert fingerprint(Examples(features, torch.zeros(4))) == fingerprint(Examples(features.clone(), torch.zeros(4)))


def test_rows_that_do_not_lie_together_count_as_they_read() -> None:
    wide = torch.randn(5, 8)
    strided = Examples(wide[:, ::2], torch.zeros(5))
    assert fingerprint(strided) == fingerprint(Examples(wide[:, ::2].contiguous(), torch.zeros(5)))


def test_it_is_computed_once_for_a_data_set_and_again_when_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []
    honest = module._digest
    monkeypatch.setattr(module, "_digest", lambda columns: computed.append(1) or honest(columns))
    data = examples()
    before = fingerprint(data)
    assert fingerprint(data) == fingerprint(Examples(data.features, data.targets)) == before
    assert len(computed) == 1
    data.features[0, 0, 0] += 1
    assert fingerprint(data) != before
    assert len(computed) == 2


def test_nothing_of_a_data_set_is_kept_once_it_is_gone() -> None:
    module._known.clear()
    for seed in range(5):
        fingerprint(examples(seed=seed))
        gc.collect()
    assert len(module._known) == 1

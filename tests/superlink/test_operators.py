"""Operators: a token says who, a role says what, and what they do is on record."""

import pytest

from flowstate_flower.errors import RunImpossible
from flowstate_flower.superlink.accounts import Role
from flowstate_flower.superlink.control import Control, built_app
from flowstate_flower.superlink.events import Kind


def test_an_operator_needs_the_right_role(harness) -> None:
    with harness.control(Role.VIEWER) as viewer, harness.control(Role.RUNNER) as runner:
        assert viewer.runs(most=1) is not None
        with pytest.raises(RunImpossible, match="viewer is viewer, start-run needs runner"):
            viewer.start(built_app(harness.app))
        run_id = runner.start(built_app(harness.app))
        with pytest.raises(RunImpossible, match="stop-run needs runner"):
            viewer.stop(run_id)
        assert runner.stop(run_id)
    assert harness.counted(Kind.CONTROL_DENIED) >= 2
    done = [event.detail for event in harness.events if event.kind is Kind.CONTROL_ACTION]
    assert f"runner: start-run of run {run_id} completed" in done
    assert f"runner: stop-run of run {run_id} completed" in done


def test_a_token_that_no_account_has_opens_nothing(harness) -> None:
    with (
        Control(harness.operators, harness.authority.ca, "guessed") as stranger,
        pytest.raises(RunImpossible, match="cannot list the runs") as refusal,
    ):
        stranger.runs()
    assert "account add" in refusal.value.hint


def test_who_is_removed_is_out_at_once(harness) -> None:
    book = harness.book()
    token = book.add("temporary", Role.VIEWER)
    with Control(harness.operators, harness.authority.ca, token) as control:
        control.runs()
        book.remove("temporary")
        with pytest.raises(RunImpossible):
            control.runs()

"""Apps that the policy does not list never run: the SuperNode asks the signer before it takes a message for one."""

import pytest

from flowstate_flower import wiring
from flowstate_flower.clients.policy import Declined
from flowstate_flower.clients.signer import judge_app
from flowstate_flower.deployment.node import PolicyGate
from flowstate_flower.errors import BadInput
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.statements import RefusalStatement, Refused, read
from tests.clients.test_hostile_server import raw
from tests.clients.test_signer import UPDATE, declined, terms
from tests.superlink.gated_node import LISTED_DIGEST, OTHER, OTHER_DIGEST, Node


@pytest.fixture
def clinic(site, served):
    return served(site(apps=(LISTED_DIGEST,)), apps_seen=True)


def node_of(clinic, **changes: object) -> Node:
    return Node(PolicyGate(clinic.socket), **changes)


def refused(clinic, node: Node) -> None:
    """Signed, written down, free, and none of the app is there to be started."""
    *_, content = node.replies()
    envelope = Envelope.parse(content["statement"]["envelope"])
    assert list(content) == ["statement"]
    assert envelope.is_signed_by(clinic.key)
    statement = read(RefusalStatement, envelope)
    assert (statement.run, statement.reason, statement.nonce) == ("run-1", Refused.APP, "0" * 32)
    assert clinic.recorded()[-1] == Refused.APP
    assert (node.tasks(), node.has(OTHER_DIGEST), clinic.spent()) == (0, False, 0)


def listed(clinic, *apps: str) -> None:
    policy = wiring.open_home(clinic.folder).policy.model_copy(update={"apps": apps or None})
    (clinic.folder / "policy.toml").write_text(wiring.to_toml(policy))


def test_an_app_that_is_listed_is_started(clinic) -> None:
    node = node_of(clinic)
    assert node.take(raw()) == 1
    assert (node.tasks(), node.replies(), node.has(LISTED_DIGEST)) == (1, [], True)


def test_another_app_is_refused_before_it_is_even_fetched(clinic) -> None:
    node = node_of(clinic, app=OTHER, named=OTHER_DIGEST)
    assert node.take(raw()) == 1
    refused(clinic, node)
    assert node.fetched == 0
    assert clinic.task.asked_for_data == 0


def test_another_app_under_the_name_of_a_listed_one_is_not_taken(clinic) -> None:
    node = node_of(clinic, app=OTHER)
    assert node.take(raw()) is None
    assert (node.tasks(), node.replies(), node.has(OTHER_DIGEST)) == (0, [], False)


def test_a_change_of_the_list_counts_from_the_next_message_on(clinic) -> None:
    node = node_of(clinic)
    node.take(raw())
    listed(clinic, OTHER_DIGEST)
    node.take(raw(round=2))
    assert (node.tasks(), len(node.replies()), clinic.recorded()) == (1, 1, [Refused.APP])


def test_without_a_list_any_app_is_started(site, served) -> None:
    node = node_of(served(site(), apps_seen=True), app=OTHER, named=OTHER_DIGEST)
    assert node.take(raw()) == 1
    assert (node.tasks(), node.replies()) == (1, [])


def test_a_node_without_a_signer_takes_no_message(clinic) -> None:
    node = Node(PolicyGate(clinic.folder / "nowhere.sock"))
    assert node.take(raw()) is None
    assert node.tasks() == 0


def test_a_run_that_ended_meanwhile_is_passed_over(clinic) -> None:
    node = node_of(clinic, ended=True)
    assert node.take(raw()) is None


def test_training_takes_part_behind_a_node_that_looked(clinic) -> None:
    assert clinic.update(clinic.ask()).round == 1


def test_where_nobody_looked_at_the_app_a_list_allows_nothing(site, served) -> None:
    """Code cannot be asked which app it is: it would answer as it likes."""
    alone = site("alone", apps=(LISTED_DIGEST,))
    assert alone.refusal(alone.ask()).reason == Refused.APP
    clinic = served(site(apps=(LISTED_DIGEST,)))
    assert clinic.refusal(clinic.ask()).reason == Refused.APP
    assert declined(clinic, terms()) == Refused.APP
    with pytest.raises(Declined):
        clinic.home(None).sign_update(terms(), UPDATE, 40)
    assert (clinic.spent(), clinic.task.asked_for_data) == (0, 0)


def test_the_signer_says_which_apps_it_lets_in(clinic) -> None:
    judge_app(clinic.socket, LISTED_DIGEST)
    with pytest.raises(Declined, match=OTHER_DIGEST):
        judge_app(clinic.socket, OTHER_DIGEST)


def test_a_consent_names_a_listed_app_or_none(clinic) -> None:
    voice = wiring.open_voice(clinic.folder)
    assert voice.consent("research", app=LISTED_DIGEST).is_signed_by(clinic.key)
    assert voice.consent("research").is_signed_by(clinic.key)
    with pytest.raises(BadInput, match="does not allow the app"):
        voice.consent("research", app=OTHER_DIGEST)


@pytest.mark.parametrize("apps", [(), ("abc",), ("A" * 64,)])
def test_a_list_names_digests(site, apps: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="apps"):
        site(apps=apps)

"""The pages for tenants: the policy's tables are the policy's model, and the code of the page on mods runs."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict
from pydantic import BaseModel

from flowstate_flower import wiring
from flowstate_flower.clients import TenantPolicy
from flowstate_flower.clients.policy import HoursPolicy, MetricsPolicy, PrivacyPolicy, RandomnessPolicy, WorkPolicy
from flowstate_flower.documents import parsed, read_toml
from flowstate_flower.superlink import internals
from flowstate_flower.trust.canonical import canonical, model_digest
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.statements import UpdateStatement, read
from flowstate_flower.trust.terms import LocalWork, Terms

DOCS = Path(__file__).resolve().parents[2] / "docs"
POLICY = (DOCS / "reference" / "policy.md").read_text()
TABLES = {
    "Top level": TenantPolicy,
    "`[privacy]`": PrivacyPolicy,
    "`[metrics]`": MetricsPolicy,
    "`[work]`": WorkPolicy,
    "`[hours]`": HoursPolicy,
    "`[randomness]`": RandomnessPolicy,
}


def said(default: Any) -> str:
    if default is None:
        return "none"
    return "" if isinstance(default, BaseModel) else f"`{json.dumps(default)}`"


@pytest.mark.parametrize("title", TABLES)
def test_each_table_of_the_policy_page_has_the_keys_and_the_defaults_of_its_model(title: str) -> None:
    section = POLICY.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    table = section.partition("| key | default | meaning |\n|---|---|---|\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in table.splitlines()]
    fields = TABLES[title].model_fields
    assert rows == [[f"`{name}`", "" if field.is_required() else said(field.default)] for name, field in fields.items()]


def test_the_example_of_the_policy_page_is_a_policy(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(re.findall(r"^```toml\n(.*?)^```", POLICY, re.MULTILINE | re.DOTALL)[0])
    policy = read_toml(TenantPolicy, tmp_path / "policy.toml")
    assert (policy.tenant, policy.work.largest_batch) == ("hospital-a", 4096)


def test_the_app_of_the_page_on_mods_takes_part(tmp_path: Path) -> None:
    import tomllib

    page = (DOCS / "how-to" / "protect-an-existing-client-app.md").read_text()
    code = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    policy = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0]
    key = wiring.make_home(tmp_path / "home", parsed(TenantPolicy, tomllib.loads(policy), "the page"))
    names: dict[str, Any] = {}
    for block in code:
        exec(compile(block, "the page", "exec"), names)
    layers = {"weight": np.zeros((3, 2), "f4")}
    terms = Terms(
        run="run-1",
        round=1,
        tenant="hospital-a",
        purpose="tumour-segmentation",
        base=model_digest(layers.items()),
        nonce="0" * 32,
        work=LocalWork(steps=1, batch_size=1, learning_rate=0.1),
        privacy=None,
    )
    content = RecordDict(
        {
            "arrays": ArrayRecord({name: Array(layer) for name, layer in layers.items()}),
            "terms": ConfigRecord({"terms": canonical(terms.model_dump())}),
        }
    )
    internals.become_server(1)
    message = Message(content, 7, "train")
    internals.stamped(message)
    reply = names["app"](message, internals.client_context(1, 7, {"home": str(tmp_path / "home")}, {}))
    envelope = Envelope.parse(reply.content["statement"]["envelope"])
    claim = read(UpdateStatement, envelope).privacy
    assert envelope.is_signed_by(key)
    assert claim is not None
    assert (claim.unit, claim.noise_multiplier, claim.clip_norm) == ("tenant", 20.0, 0.5)
    assert sorted(reply.content) == ["arrays", "metrics", "statement"]

"""The doctor finds what is wrong, says what to do, and finds nothing where nothing is wrong."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from flowstate_flower import wiring
from flowstate_flower.cli.main import run
from flowstate_flower.deployment import doctor
from flowstate_flower.registry import Registry
from flowstate_flower.superlink import internals

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def certificate(folder: Path, begins: datetime, ends: datetime) -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begins, ends).sign(
        key, hashes.SHA256()
    )
    (folder / "pki").mkdir(exist_ok=True)
    (folder / "pki" / "client.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))


def findings(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, dict[str, str]]]:
    code = run(["doctor", *options, "--format", "json"])
    return code, {found["what"]: found for found in json.loads(capsys.readouterr().out)["findings"]}


@pytest.fixture
def operator(tmp_path: Path) -> Path:
    Registry.create(tmp_path / "operator").close()
    return tmp_path / "operator"


def test_nothing_is_wrong_with_a_new_registry_and_a_new_home(
    operator: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = findings(capsys, "--registry", str(operator))
    assert code == 0, found
    assert {"python", "flwr", "torch", "secrets", "registry: log and models", "registry: keys"} <= set(found)
    wiring.join(tmp_path / "home", "hospital-a", ["tumours"], budget=(8.0, 1e-5))
    code, found = findings(capsys, "--home", str(tmp_path / "home"))
    assert code == 0, found
    assert found["secrets"]["found"].startswith("1 files")


def test_a_key_that_others_can_read_is_wrong(operator: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (operator / "operator.key").chmod(0o640)
    code, found = findings(capsys, "--registry", str(operator))
    assert code == 1
    assert found[f"secret {operator / 'operator.key'}"]["cure"] == f"chmod 600 {operator / 'operator.key'}"


def test_a_model_that_is_gone_is_wrong_with_the_registry(operator: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (operator / "operator.pub").unlink()
    code, found = findings(capsys, "--registry", str(operator))
    assert code == 1
    assert found["registry: log and models"]["cure"]


@pytest.mark.parametrize(
    ("begins", "ends", "says", "cured"),
    [
        (NOW - DAY, NOW + 9 * DAY, "good for 9 days", False),
        (NOW - 9 * DAY, NOW + DAY / 2, "good for 12.0 hours", True),
        (NOW - 9 * DAY, NOW, "ended at", True),
        (NOW + DAY, NOW + 9 * DAY, "is good from", True),
    ],
)
def test_a_certificate_is_renewed_before_it_ends(
    tmp_path: Path, begins: datetime, ends: datetime, says: str, cured: bool
) -> None:
    certificate(tmp_path, begins, ends)
    (found,) = doctor.certificates(tmp_path, NOW, "renew it")
    assert says in found.found
    assert bool(found.cure) == cured


def test_a_file_that_is_no_certificate_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "pki").mkdir()
    for name in ("client.pem", "crl.pem"):
        (tmp_path / "pki" / name).write_text("nothing")
    assert [found.cure for found in doctor.certificates(tmp_path, NOW, "renew it")] == ["renew it"] * 2


def test_another_flower_and_a_full_disk_are_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(internals, "TESTED", ("0.1",))
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 2**80)
    found = {finding.what: finding for finding in doctor.machine(tmp_path)}
    assert "pip install" in found["flwr"].cure
    assert "make room" in found[f"disk of {tmp_path}"].cure


def test_a_look_that_cannot_look_is_a_finding(tmp_path: Path) -> None:
    (found,) = doctor.examined([lambda: doctor.machine(tmp_path / "nowhere")])[-1:]
    assert "nowhere" in found.what
    assert found.cure


def test_one_folder_at_a_time(operator: Path) -> None:
    assert run(["doctor", "--home", str(operator), "--registry", str(operator)]) == 2
    assert run(["doctor", "--home", str(operator / "no such folder")]) == 2

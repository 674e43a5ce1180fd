"""`superlink.toml`: where the server listens and what one tenant may use of it, parsed once. What is absent has its default."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from flowstate_flower.documents import Document, read_toml

MIB = 2**20
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
SETTINGS_FILE = "superlink.toml"


class Address(Document):
    """Where a listener is. Loopback unless somebody says otherwise."""

    host: str = "127.0.0.1"
    port: Port

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Limits(Document):
    """What one tenant may use at a time. A tenant that goes beyond its pace is read more slowly; one that sends what cannot be
    right is refused. The pace is in objects, of which a model has some for each layer; other requests cost more, and refused
    ones cost more again.
    """

    objects_per_second: Positive = 50.0
    burst_objects: Count = 1000
    request_costs: Count = 4
    refusal_costs: Count = 10
    bytes_per_second: Positive = 128.0 * MIB
    burst_bytes: Count = 512 * MIB
    in_flight: Count = 8
    connections: Count = 32
    all_connections: Count = 4096
    object_bytes: Count = 32 * MIB
    message_bytes: Count = 4 * MIB
    header_bytes: Count = 16 * 1024
    idle_seconds: Positive = 10.0
    slowest_bytes_per_second: Positive = 16.0 * 1024
    handshakes_per_second: Positive = 200.0
    burst_handshakes: Count = 500


class SuperlinkDocument(Document):
    """The whole file."""

    tenants: Address = Address(port=9092)
    operators: Address = Address(port=9093)
    enrolment: Address | None = None
    limits: Limits = Limits()

    def listening_at(
        self, host: str | None, port: int | None, operators_port: int | None, enrolment_port: int | None
    ) -> "SuperlinkDocument":
        """The document with what a command line says: `host` is for tenants and enrolment, never for operators."""
        tenants = self.tenants.model_copy(update=_said(host=host, port=port))
        operators = self.operators.model_copy(update=_said(port=operators_port))
        enrolment = self.enrolment
        if enrolment is not None or enrolment_port is not None:
            here = enrolment or Address(host=tenants.host, port=enrolment_port or tenants.port)
            enrolment = here.model_copy(update=_said(host=host, port=enrolment_port))
        return self.model_copy(update={"tenants": tenants, "operators": operators, "enrolment": enrolment})


def _said(**values: str | int | None) -> dict[str, str | int]:
    return {name: value for name, value in values.items() if value is not None}


def read_document(folder: Path) -> SuperlinkDocument:
    """The settings of the operator's `folder`, or all defaults where it has no `superlink.toml`. Raises `BadInput`."""
    path = folder / SETTINGS_FILE
    return read_toml(SuperlinkDocument, path) if path.exists() else SuperlinkDocument()

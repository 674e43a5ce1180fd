"""A client of Flower's Control API that presents an operator's token: starts runs, stops them, and says how they are.

Flower's own command line cannot: its token is that of a browser login, which a SuperLink without a licence does not offer.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from flwr.cli.build import build_fab_from_disk
from flwr.common.serde import fab_to_proto, run_from_proto, user_config_to_proto
from flwr.proto.control_pb2 import ListRunsRequest, StartRunRequest, StopRunRequest, StreamLogsRequest
from flwr.supercore.control import ControlHttpClient
from flwr.supercore.error import FlowerError
from flwr.supercore.fab import Fab
from flwr.supercore.interceptors.http.runtime_version import RuntimeVersionHttpInterceptor
from flwr.supercore.protobuf.client import ProtobufCall, ProtobufRequestContext
from flwr.supercore.run import Run

from flowstate_flower.errors import BadInput, RunImpossible
from flowstate_flower.superlink.internals import check_flower_version

Scalar = str | int | float | bool
FINISHED, COMPLETED = "finished", "completed"


@dataclass(frozen=True, slots=True)
class FlowerRun:
    """A run as Flower knows it. `status` is pending, starting, running or finished; `outcome` says how it finished."""

    run_id: int
    status: str
    outcome: str
    details: str
    fab_hash: str

    @property
    def is_over(self) -> bool:
        """Nothing more will happen in it."""
        return self.status == FINISHED

    @property
    def succeeded(self) -> bool:
        """It is over, and its ServerApp returned."""
        return self.is_over and self.outcome == COMPLETED


class _Bearer:
    """Puts the operator's token on every request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def intercept(self, context: ProtobufRequestContext, call_next: ProtobufCall) -> httpx.Response:
        """See `flwr.supercore.protobuf.client.ProtobufClientInterceptor`."""
        context.request.headers["authorization"] = f"Bearer {self._token}"
        return call_next(context)


class Control:
    """A connection to a SuperLink's Control API. All calls raise `RunImpossible` where the server is absent or refuses.

    `address` is host:port of the operators' listener, `ca_file` the root that vouches for it.
    """

    def __init__(self, address: str, ca_file: Path, token: str) -> None:
        check_flower_version()
        self._address = address
        version = RuntimeVersionHttpInterceptor(component_name="flwr CLI")
        try:
            ca = ca_file.read_bytes()
            self._client = ControlHttpClient.from_server_address(address, False, ca, [version, _Bearer(token)])
        except (OSError, ValueError) as error:
            raise BadInput(
                f"cannot use the certificate {ca_file}", hint="pass the root that the SuperLink's is under"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def start(self, fab: bytes, run_config: Mapping[str, Scalar] | None = None) -> int:
        """Start a run of the app in `fab`, see `built_app`. Returns Flower's id of it.

        `run_config` overrides keys that the app declares, and no others.
        """
        request = StartRunRequest(
            fab=fab_to_proto(Fab("", fab, {})), override_config=user_config_to_proto(dict(run_config or {}))
        )
        with self._refusals("start a run"):
            response = self._client.StartRun(request)
        if not response.HasField("run_id"):
            raise RunImpossible("the SuperLink made no run of this app", hint="an app has at most 10 MB")
        return int(response.run_id)

    def stop(self, run_id: int) -> bool:
        """Stop a run that is not over. Returns whether it was stopped by this."""
        with self._refusals("stop a run"):
            return bool(self._client.StopRun(StopRunRequest(run_id=run_id)).success)

    def run(self, run_id: int) -> FlowerRun:
        """How one run is."""
        with self._refusals("look at a run"):
            response = self._client.ListRuns(ListRunsRequest(run_id=run_id))
        return _flower_run(run_from_proto(response.run_dict[run_id]))

    def is_over(self, run_id: int) -> bool:
        """Whether nothing more will happen in a run."""
        return self.run(run_id).is_over

    def runs(self, most: int = 100) -> list[FlowerRun]:
        """The newest `most` runs, newest first."""
        with self._refusals("list the runs"):
            response = self._client.ListRuns(ListRunsRequest(limit=most))
        found = sorted(map(run_from_proto, response.run_dict.values()), key=lambda run: run.pending_at, reverse=True)
        return [_flower_run(run) for run in found]

    def log(self, run_id: int, after: float = 0.0) -> Iterator[str]:
        """What the run's ServerApp prints, as it does, until the run is over. `after` is a time in seconds since 1970."""
        with self._refusals("read a run's log"):
            for part in self._client.StreamLogs(StreamLogsRequest(run_id=run_id, after_timestamp=after)):
                yield part.log_output

    @contextmanager
    def _refusals(self, what: str) -> Iterator[None]:
        """What stands in the way, as one line."""
        try:
            yield
        except httpx.HTTPStatusError as error:
            said = FlowerError.from_json(error.response.text)
            reason = said.message if said else f"status {error.response.status_code}"
            raise RunImpossible(f"cannot {what}: {reason}", hint=_cure(error.response.status_code)) from error
        except (httpx.HTTPError, ValueError) as error:
            raise RunImpossible(
                f"cannot {what} at {self._address}: {error}", hint="is `flowstate superlink` running?"
            ) from error


def built_app(folder: Path) -> bytes:
    """The app in `folder` as Flower sends it: a FAB. Raises `BadInput` where there is no app."""
    try:
        return build_fab_from_disk(folder)
    except Exception as error:  # Flower raises whatever its parsers do
        raise BadInput(
            f"{folder} is no Flower app: {error}", hint="an app has a pyproject.toml with [tool.flwr.app]"
        ) from error


def _flower_run(run: Run) -> FlowerRun:
    return FlowerRun(run.run_id, run.status.status, run.status.sub_status, run.status.details, run.fab_hash)


def _cure(status: int) -> str:
    if status == httpx.codes.UNAUTHORIZED:
        return "pass the file of a token that `flowstate superlink account add` wrote"
    if status == httpx.codes.FORBIDDEN:
        return "this needs an account with another role: viewer < runner < admin"
    return "the SuperLink's log says more"

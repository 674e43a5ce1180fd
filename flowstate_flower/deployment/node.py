"""`python -m flowstate_flower.deployment.node SIGNER CERTIFICATE KEY ...`: a SuperNode that starts no app which the policy does
not list. `SIGNER` is the signer's socket, and `...` is what `flower-supernode` takes.

It judges before any of the app runs, in a process that holds none of it: code that judged itself would judge as it likes.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from flwr.app import Message

from flowstate_flower.clients.policy import Declined
from flowstate_flower.clients.replies import signed_refusal
from flowstate_flower.clients.signer import RemoteHome, judge_app
from flowstate_flower.errors import FlowstateError
from flowstate_flower.superlink.supernode import become_supernode
from flowstate_flower.trust.statements import Refused


@dataclass(frozen=True, slots=True)
class PolicyGate:
    """`AppGate` by the policy of the home whose signer listens at `signer`, which also signs and records each no."""

    signer: Path

    def lets_in(self, app: str) -> bool:
        """See `AppGate`. Raises `RunImpossible` where the signer does not answer."""
        try:
            judge_app(self.signer, app)
        except Declined:
            return False
        return True

    def refusal(self, message: Message, app: str) -> Message:
        """See `AppGate`."""
        no = Declined(Refused.APP, f"the app {app} is not among those agreed to")
        return signed_refusal(RemoteHome.open(self.signer), message, no)


def main() -> None:
    """Become the SuperNode."""
    signer, certificate, key = map(Path, sys.argv[1:4])
    try:
        become_supernode(certificate, key, PolicyGate(signer), sys.argv[4:])
    except FlowstateError as error:
        sys.exit(f"{error}\n{error.hint}")


if __name__ == "__main__":
    main()

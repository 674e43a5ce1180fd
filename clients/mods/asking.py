"""Mods that ask before the app runs: the policy, and the budget."""

from collections.abc import Callable
from datetime import UTC, datetime

from flwr.app import Context, Message
from flwr.clientapp.typing import ClientAppCallable, Mod

from flowstate_flower.clients.folder_home import privacy_of
from flowstate_flower.clients.home import Charge
from flowstate_flower.clients.mods.declared import SIGNED_OUTSIDE, Declared, check_noised, put_claim
from flowstate_flower.clients.policy import Declined, check_privacy, check_request
from flowstate_flower.clients.replies import HomeOf, is_refusal, or_refusal, read_terms, sent_layers, signed_refusal, the_home
from flowstate_flower.clients.spending import account_of, spending
from flowstate_flower.trust.terms import Terms


def consent(home_of: HomeOf, makes: Declared | None = None) -> Mod:
    """The app runs only where the policy allows the terms, on the model that they name. A no is signed.

    `makes` is what mods inside, or the app, do for privacy whatever is asked; without it the policy judges what the terms ask.
    Limits on time and memory are for the ready app: nobody looks inside of another.
    """

    def mod(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
        home = the_home(home_of, context)
        try:
            terms = read_terms(message)
            check_request(home.policy, terms, datetime.now(UTC))
            check_privacy(home.policy.privacy, makes.terms if makes else terms.privacy)
            sent_layers(message, terms)
        except Declined as no:
            return signed_refusal(home, message, no)
        return call_next(message, context)

    return mod


def budget(home_of: HomeOf, declared: Declared | Callable[[Terms], Declared]) -> Mod:
    """The app runs only where the tenant's ledger has reserved what the round releases, and what fails then stays spent.

    Noise on the whole update must be what `tenant_noise` inside really added. What an app declares of its own is believed.
    """

    def mod(message: Message, context: Context, call_next: ClientAppCallable) -> Message:
        home = the_home(home_of, context)

        def answer() -> Message:
            terms = read_terms(message)
            made = declared if isinstance(declared, Declared) else declared(terms)
            check_privacy(privacy_of(home.policy), made.terms)
            account = account_of(home.policy, made.unit, made.data_set, made.units)
            charge = Charge(account, made.release, made.units, made.terms)
            with spending(home, terms, charge) as claim:
                reply = call_next(message, context)
                if reply.has_error() or is_refusal(reply):
                    home.abandon(terms)
                    return reply
                if made.unit == "tenant":
                    check_noised(reply, made)
                if not SIGNED_OUTSIDE.get():
                    home.settle(terms)
            if claim is not None:
                put_claim(reply, claim)
            return reply

        return or_refusal(home, message, answer)

    return mod

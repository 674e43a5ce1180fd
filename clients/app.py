"""The ready ClientApp: it takes part in rounds, and signs what it sends or why it sends nothing."""

from collections.abc import Callable
from datetime import UTC, datetime

from flwr.app import Context, Message
from flwr.clientapp import ClientApp

from flowstate_flower.clients.momentum import remember
from flowstate_flower.clients.replies import (
    HomeOf,
    alone,
    or_refusal,
    read_terms,
    repeated_update,
    said_before,
    signed_presence,
    signed_update,
    the_home,
)
from flowstate_flower.clients.rounds import Site, take_part
from flowstate_flower.clients.task import TorchTask
from flowstate_flower.clients.training import Trainer, train

TrainerOf = Callable[[Context], Trainer]


def build_client_app(task: TorchTask, home_of: HomeOf, trainer_of: TrainerOf = lambda _: train) -> ClientApp:
    """A ClientApp that trains `task` for the tenant whose home `home_of` finds. `trainer_of` replaces the training itself."""
    app = ClientApp()

    @app.train()
    def on_train(message: Message, context: Context) -> Message:
        home = the_home(home_of, context)

        def answer() -> Message:
            terms = read_terms(message)
            with alone(home, terms.run):
                site = Site(task, home, trainer_of(context), context.state)
                if before := said_before(home, terms):
                    remember(context.state, before.momentum)
                    return repeated_update(home, message, terms, before)
                return signed_update(home, message, terms, take_part(site, message, terms, datetime.now(UTC)))

        return or_refusal(home, message, answer)

    @app.query()
    def on_roll_call(message: Message, context: Context) -> Message:
        return signed_presence(the_home(home_of, context), message, context.node_id)

    return app

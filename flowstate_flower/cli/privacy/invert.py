"""`flowstate privacy invert`: an example, out of its gradient."""

from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.cli.output import Format, FormatOption, print_json, print_table
from flowstate_flower.errors import BadInput


def invert(
    out: Annotated[Path, typer.Option(help="The picture to write: .png or .svg.")] = Path("inversion.png"),
    noises: Annotated[list[float] | None, typer.Option("--noise", help="σ of an attack; may be repeated.", min=1e-6)] = None,
    victims: Annotated[int, typer.Option(help="How many digits are attacked, each alone.", min=2, max=1000)] = 50,
    shown: Annotated[int, typer.Option(help="How many of them are in the picture.", min=1, max=20)] = 6,
    seed: Annotated[int, typer.Option(help="Draws the victims; noise is never seeded.", min=0, max=2**31 - 1)] = 1,
    output: FormatOption = Format.TABLE,
) -> None:
    """Recover images from gradients, without privacy and with it, and draw what was recovered.

    The similarity of an image and what was recovered is 1 for a copy and 0 for chance.

    Example: `flowstate privacy invert --out inversion.png`
    """
    from flowstate_flower.clients.randomness import open_stream
    from flowstate_flower.simulations.inversion import Inversion, some_digits
    from flowstate_flower.simulations.inversion import invert as inverted
    from flowstate_flower.simulations.pictures import inversion_picture

    if shown > victims:
        raise BadInput(f"{shown} shown of {victims} victims", hint="at most as many as there are")
    noise = open_stream("os", seed=0, tenant="", round_number=0, use="noise")
    found = inverted(some_digits(victims, seed), [None, *(noises or [0.01, 0.1, 1.0])], noise)
    inversion_picture([Inversion(one.noise_multiplier, one.victims[:shown], one.recovered[:shown]) for one in found], out)
    facts = [(one.noise_multiplier, one.similarity.mean().item(), one.chance.mean().item()) for one in found]
    if output is Format.JSON:
        print_json([{"noise_multiplier": sigma, "similarity": mean, "chance": chance} for sigma, mean, chance in facts])
        return
    rows = [("no privacy" if s is None else f"σ = {s:g}", f"{mean:.3f}", f"{chance:.3f}") for s, mean, chance in facts]
    print_table(["gradient", "similarity, mean", "to another's, mean"], rows)

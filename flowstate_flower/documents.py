"""Files that people write: TOML, parsed once into frozen types, with complaints that a person can act on."""

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from flowstate_flower.errors import BadInput


class Document(BaseModel):
    """A part of a file: immutable, unknown keys refused, nothing converted in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Kind = TypeVar("Kind", bound=Document)


def read_toml(kind: type[Kind], path: Path) -> Kind:
    """The document in `path`. Raises `BadInput` with the place of the first mistake, and the nearest key for a wrong one."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}", hint="check the path") from error
    except ValueError as error:
        raise BadInput(f"{path} is not TOML: {error}", hint="see https://toml.io") from error
    return parsed(kind, data, str(path))


def parsed(kind: type[Kind], data: dict[str, Any], where: str) -> Kind:
    """`data` as a document; `where` names its source in complaints."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        # a misspelt key also leaves the right one missing: the misspelling is what the person wants to hear of
        problem = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
        place = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            raise BadInput(f"{where}: unknown key '{place}'", hint=_nearest(kind, problem["loc"])) from error
        message = str(problem["msg"]).removeprefix("Value error, ")
        raise BadInput(f"{where}: {place + ': ' if place else ''}{message}", hint="see docs/reference") from error


def _nearest(kind: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """The valid key that is most like the last part of `location`, or all of them."""
    model = kind
    for part in location[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    known = sorted(model.model_fields)
    near = get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else f"valid keys: {', '.join(known)}"


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The document type inside `Part`, `Part | None` or `tuple[Part, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)

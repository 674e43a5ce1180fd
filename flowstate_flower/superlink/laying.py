"""A reply fetched piece by piece to where it is to lie, so that no more of it than a few pieces is ever in memory.

Flower cuts arrays into pieces of 5 MiB, fetches all of a reply's and joins them, which takes three times the reply at its peak.
"""

import gc
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from flwr.app import Array, Message
from flwr.app.message.arraychunk import ArrayChunk
from flwr.proto.message_pb2 import ObjectTree
from flwr.supercore.inflatable.inflatable_object import (
    InflatableObject,
    get_object_body,
    get_object_head_values_from_object_content,
    iterate_object_tree,
)
from flwr.supercore.inflatable.inflatable_utils import (
    ObjectPullError,
    ObjectUnavailableError,
    inflate_object_from_contents,
    pull_objects,
)

Pull = Callable[[str], bytes]
PutAside = Callable[[Iterable[bytes]], memoryview]
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, PATIENCE_SECONDS = 0.05, 2.0, 600.0
_hands = threading.Semaphore(2)
"""Of all replies that are fetched at once: a piece lies in memory several times over while it is unwrapped."""


def laid_message(tree: ObjectTree, pull: Pull, put_aside: PutAside, most_bytes: int) -> Message:
    """The message whose objects are `tree`. Its arrays hold views on what `put_aside` made of all their bytes.

    Raises what Flower raises for objects that cannot be read, and `ValueError` for arrays of more than `most_bytes`.
    """
    branches = {part.object_id: part for part in iterate_object_tree(tree) if part.children}
    contents = pull_objects(list(branches), pull)
    kinds = {name: get_object_head_values_from_object_content(content)[0] for name, content in contents.items()}
    arrays = [name for name, kind in kinds.items() if kind == Array.__qualname__]
    pieces = {child.object_id for name in arrays for child in branches[name].children}
    leaves = {part.object_id for part in iterate_object_tree(tree) if not part.children}
    contents |= pull_objects(sorted(leaves - pieces), pull)
    objects, views = _laid(arrays, contents, pull, put_aside, most_bytes)
    message = inflate_object_from_contents(tree.object_id, contents, objects=objects)
    if not isinstance(message, Message):
        raise TypeError(f"a {type(message).__name__} was sent for a message")
    for record in message.content.array_records.values() if message.has_content() else ():
        for array in record.values():  # Flower's own copies of ours
            array.__dict__["data"] = views[array.data]
    return message


def _laid(
    names: Iterable[str], contents: Mapping[str, bytes], pull: Pull, put_aside: PutAside, most_bytes: int
) -> tuple[dict[str, InflatableObject], dict[bytes, memoryview]]:
    """The arrays of these names, which hold tokens in place of bytes; and by token, the bytes, all in one place.

    Flower's constructors take bytes alone.
    """
    said: dict[str, dict[str, Any]] = {}
    ends: dict[str, int] = {}

    def parts() -> Iterator[bytes]:
        total = 0
        for name in names:
            said[name] = json.loads(get_object_body(contents[name], Array))
            _, children, _ = get_object_head_values_from_object_content(contents[name])
            for number in said[name]["arraychunk_ids"]:
                for piece in _piece(children[number], pull):
                    total += len(piece)
                    if total > most_bytes:
                        raise ValueError(f"the arrays have more than {most_bytes} bytes")
                    yield piece
            ends[name] = total

    whole, begin = put_aside(parts()), 0
    objects: dict[str, InflatableObject] = {}
    views: dict[bytes, memoryview] = {}
    for name, end in ends.items():
        token = name.encode()
        objects[name] = Array(said[name]["dtype"], tuple(said[name]["shape"]), said[name]["stype"], token)
        views[token], begin = whole[begin:end], end
    return objects, views


def _piece(object_id: str, pull: Pull) -> Iterator[bytes]:
    """One piece, once it is there. Few are held at a time; whoever waits for one that is not there holds none.

    Raises `ObjectPullError` where it never comes.
    """
    pause, until = FIRST_PAUSE_SECONDS, time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        with _hands:
            try:
                yield get_object_body(pull(object_id), ArrayChunk)
                gc.collect()  # answers of httpx refer to themselves, and would keep their bytes
                return
            except ObjectUnavailableError:
                pass
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    raise ObjectPullError(object_id, "it was announced, and never came")

"""`flowstate audit`: what an auditor, a member and a witness do with the log."""

import time
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from flowstate_flower.cli.inputs import RegistryOption, opened
from flowstate_flower.cli.output import Format, FormatOption, complain, print_json, print_line, print_table, stderr
from flowstate_flower.errors import CHECK_FAILED, BadInput
from flowstate_flower.registry import audit as auditing
from flowstate_flower.registry import log, views
from flowstate_flower.registry.database import log_origin
from flowstate_flower.registry.verdict import Verdict, Witnessed
from flowstate_flower.registry.witnesses import add_cosignatures
from flowstate_flower.transparency.checkpoint import BadCheckpoint, Checkpoint
from flowstate_flower.transparency.proof_file import ConsistencyProof, parse_proof
from flowstate_flower.trust.keys import PublicKey

app = typer.Typer(no_args_is_help=True, help="The log of everything that was recorded.")

OPERATOR = "operator"
EVERY_SECONDS = 1.0

TrustedKey = Annotated[
    Path | None,
    typer.Option("--operator-key", help="The operator's public key that you trust. Default: operator.pub beside it."),
]
NeededKey = Annotated[Path, typer.Option("--operator-key", help="The operator's public key that you trust.")]
WitnessKeys = Annotated[
    list[Path] | None, typer.Option("--witness-key", help="The public key of a witness that is no tenant. Can be repeated.")
]


@app.command("log")
def audit_log(
    registry: RegistryOption = None,
    about: Annotated[str | None, typer.Option("--tenant", help="Only entries that concern this tenant.")] = None,
    last: Annotated[int | None, typer.Option(help="Only the newest so many.", min=1)] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Print the log's entries in order.

    Example: `flowstate audit log --registry runs/demo --tenant tenant-09 --last 5`
    """
    rows = views.audit_log(opened(registry), tenant=about, last=last)
    if output is Format.JSON:
        print_json(rows)
        return
    table = [(v.position, v.at, v.actor, v.tenant, v.kind, v.subject) for v in rows]
    print_table(["entry", "at", "actor", "tenant", "what", "row"], table, spare={"at", "tenant"})


@app.command("verify")
def audit_verify(
    registry: RegistryOption = None,
    operator_key: TrustedKey = None,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint that you kept: the log must begin with it. Can be repeated.")
    ] = None,
    witness_key: WitnessKeys = None,
    models: Annotated[bool, typer.Option("--models", help="Check the model files that rounds name, too.")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Recompute the log and compare it with its signed heads and with every row. Exits 1 where something was changed.

    Example: `flowstate audit verify --registry runs/demo --operator-key operator.pub --checkpoint kept.note`
    """
    source = opened(registry).with_keys()
    key = PublicKey.read(operator_key) if operator_key else source.operator
    notes = [_text(path) for path in checkpoint or ()]
    against = auditing.Against(notes, [PublicKey.read(path) for path in witness_key or ()], models)
    try:
        verdict = auditing.verify(source, key, against, _Progress())
    except BadCheckpoint as error:
        raise BadInput(
            f"a kept checkpoint cannot be used: {error}", hint="keep what `flowstate audit checkpoint` prints"
        ) from error
    if output is Format.JSON:
        print_json(verdict)
    else:
        _print_verdict(verdict, key)
    raise typer.Exit(0 if verdict.verified else CHECK_FAILED)


@app.command("checkpoint")
def audit_checkpoint(registry: RegistryOption = None) -> None:
    """Print the newest signed checkpoint, with the cosignatures of its witnesses. There is one after every transaction.

    Example: `flowstate audit checkpoint --registry runs/demo > kept.note`
    """
    typer.echo(log.newest_checkpoint(opened(registry)), nl=False)


@app.command("prove")
def audit_prove(
    registry: RegistryOption = None,
    entry: Annotated[int | None, typer.Option(help="Prove that this entry is in the log.", min=0)] = None,
    earlier: Annotated[
        Path | None, typer.Option("--from", help="Prove that the log extends this checkpoint, which somebody kept.")
    ] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="The checkpoint to prove against. Default: the newest.")] = None,
    operator_key: TrustedKey = None,
) -> None:
    """Print a proof as JSON, for whoever holds the operator's public key. Exits 1 where the log does not hold what is asked.

    Example: `flowstate audit prove --registry runs/demo --entry 12 > entry-12.json`
    """
    if (entry is None) == (earlier is None):
        raise BadInput("one of --entry and --from is needed", hint="see `flowstate audit prove --help`")
    source = opened(registry)
    key = PublicKey.read(operator_key) if operator_key else source.operator
    note = _text(checkpoint) if checkpoint else log.newest_checkpoint(source)
    try:
        if entry is not None:
            print_json(log.prove_entry(source, entry, note, key).model_dump())
        elif earlier is not None:
            print_json(log.prove_extension(source, _text(earlier), note, key).model_dump())
    except BadCheckpoint as error:
        _fail(f"not proven: {error}", "the log may be a fork; run `flowstate audit verify --checkpoint`")


@app.command("check-proof")
def audit_check_proof(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `audit prove` printed.")], operator_key: NeededKey
) -> None:
    """Check a proof with nothing but the operator's public key. Exits 1 where it does not hold. FILE is what `prove` printed.

    Example: `flowstate audit check-proof entry-12.json --operator-key operator.pub`
    """
    key = PublicKey.read(operator_key)
    try:
        print_line(f"proven: {parse_proof(_bytes(file), str(file)).check(log_origin(key), key)}")
    except BadCheckpoint as error:
        _fail(f"not proven: {error}", "do not rely on it; ask the operator")


@app.command("witness")
def audit_witness(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="What `audit checkpoint` printed.")],
    key: Annotated[Path, typer.Option(help="A tenant's home, or a file with a signing key.")],
    operator_key: NeededKey,
    since: Annotated[Path | None, typer.Option(help="The checkpoint to begin from, where this key witnessed none yet.")] = None,
    proof: Annotated[Path | None, typer.Option(help="A proof from the last checkpoint seen: `audit prove --from`.")] = None,
) -> None:
    """Cosign a checkpoint, if it extends the last one that this key cosigned. CHECKPOINT is what `audit checkpoint` printed.

    The note is printed with one more line. Exits 1, and signs nothing, where the checkpoint is not an extension.

    Example: `flowstate audit witness new.note --key home --operator-key operator.pub --proof proof.json > cosigned.note`
    """
    from flowstate_flower.clients import witness as witnessing

    operator = PublicKey.read(operator_key)
    origin = log_origin(operator)

    def steps(last: Checkpoint, new: Checkpoint) -> list[bytes]:
        if proof is None:
            raise BadInput(f"a proof from {last.size} to {new.size} entries is needed", hint="pass --proof")
        document = parse_proof(_bytes(proof), str(proof))
        if not isinstance(document, ConsistencyProof):
            raise BadInput(f"{proof} is a proof of another kind", hint="`flowstate audit prove --from` makes one")
        return document.steps(last, new, origin, operator)

    note, begin = _text(checkpoint), _text(since) if since else None
    path = witnessing.key_file(key)
    try:
        signed = witnessing.witness(note, origin, operator, path, int(time.time()), since=begin, steps=steps)
    except BadCheckpoint as error:
        _fail(f"not signed: {error}", "keep both checkpoints: together they show what the operator signed")
    typer.echo(signed, nl=False)


@app.command("add-witness")
def audit_add_witness(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `audit witness` printed.")],
    registry: RegistryOption = None,
    witness_key: WitnessKeys = None,
) -> None:
    """Store the cosignatures of a checkpoint in the registry. FILE is what `audit witness` printed.

    Example: `flowstate audit add-witness cosigned.note --registry runs/demo`
    """
    source, keys = opened(registry, to_write=True), [PublicKey.read(path) for path in witness_key or ()]
    try:
        added = add_cosignatures(source, _text(file), keys, actor=OPERATOR)
    except BadCheckpoint as error:
        raise BadInput(
            f"{file} cannot be used: {error}", hint="`flowstate audit witness` signs what `audit checkpoint` prints"
        ) from error
    for witness in added:
        print_line(_witnessed(witness))


class _Progress:
    """Says on stderr how far verification is, once a second at most."""

    def __init__(self) -> None:
        self._next = time.monotonic() + EVERY_SECONDS

    def __call__(self, what: str, done: int, of: int) -> None:
        if time.monotonic() >= self._next:
            stderr.print(f"{what}: {done:,} of {of:,}", soft_wrap=True)
            self._next = time.monotonic() + EVERY_SECONDS


def _print_verdict(verdict: Verdict, key: PublicKey) -> None:
    if verdict.first is None:
        print_line(f"verified: {verdict.entries} entries, root {verdict.root}, signed by {key.text[:16]}…")
    else:
        print_line(f"NOT VERIFIED: {verdict.first.what}")
        if len(verdict.findings) > 1:
            print_line(f"and {len(verdict.findings) - 1} more; --format json lists them all")
    if verdict.sealed:
        print_line(f"{verdict.sealed} sealed statements were not read: their keys are elsewhere, or were destroyed")
    for witness in verdict.witnesses:
        print_line(_witnessed(witness))


def _witnessed(witness: Witnessed) -> str:
    who = witness.tenant or f"key {witness.public_key[:16]}…"
    return f"witnessed by {who}: {witness.size} entries, {witness.at}" if witness.size else f"not witnessed by {who}"


def _fail(what: str, hint: str) -> NoReturn:
    complain(BadInput(what, hint=hint))
    raise typer.Exit(CHECK_FAILED)


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not text", hint="pass what `flowstate audit checkpoint` printed") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}", hint="check the path") from error

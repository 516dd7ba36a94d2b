"""`asl serve`: the engine behind AWS's own wire protocol."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from rimedio.asl.cli.options import Buckets, add_nested, app, fail, open_journal, read_handlers
from rimedio.asl.execution.engine import Engine


@app.command()
def serve(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8083,
    data: Annotated[Path | None, typer.Option("--db", "--data", help="Keep all in this SQLite file.")] = None,
    tasks: Annotated[
        str, typer.Option("--tasks", "--handlers", help="Functions: module:MAPPING, name → function.")
    ] = "",
    lambda_endpoint: Annotated[str, typer.Option(help="Where Lambda, or its stand-in, answers.")] = "",
    region: Annotated[str, typer.Option(help="Region in the ARNs.")] = "us-east-1",
    account: Annotated[str, typer.Option(help="Account in the ARNs.")] = "000000000000",
    threads: Annotated[int, typer.Option(min=1, max=64, help="Tasks at the same time.")] = 4,
    store: Buckets = None,
) -> None:
    """Answer as AWS Step Functions does, on loopback, for SDKs and the AWS CLI."""
    from rimedio.asl.wire import Api, LambdaEndpoint, LocalFunctions, StepFunctionsServer, invoked

    handlers = dict(read_handlers(tasks, None, store, call=lambda named: invoked(LocalFunctions(named))))
    if lambda_endpoint:
        handlers = {**invoked(LambdaEndpoint(lambda_endpoint)), **handlers}
    engine = Engine(open_journal(data), handlers, arn=f"arn:aws:states:{region}:{account}")
    add_nested(engine, handlers)
    try:
        server = StepFunctionsServer(Api(engine), port, threads=threads)
    except OSError as error:
        raise fail(f"Port {port} cannot be used: {error}. Choose another with --port.", 2) from error
    with server, suppress(KeyboardInterrupt):
        typer.echo(f"Step Functions answers at {server.url} as {engine.arn}. Ctrl-C ends it.")
        threading.Event().wait()

"""`rimedio ask`: a question, answered from the manuals, nothing stored."""

from typing import Annotated

import typer

from rimedio.cli.output import Json, print_json, terminal
from rimedio.cli.remedy import print_solution
from rimedio.cli.session import session_of
from rimedio.domain.codec import to_json


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="What is wrong, in Italian or English, with any code.")],
    model: Annotated[str | None, typer.Option(help="Product model, when the question names none.")] = None,
    code: Annotated[str | None, typer.Option(help="Error code, when the question names none.")] = None,
    json: Json = False,
) -> None:
    """Answer a question from the manuals, with sources. Nothing is stored but what a paid model costs."""
    session = session_of(context)
    with session.open(read_only=not session.pays()) as rimedio:
        solution = rimedio.ask(rimedio.tenant, question, model=model, code=code)
    if json:
        print_json(to_json(solution))
    else:
        print_solution(terminal(), solution, heading=question)

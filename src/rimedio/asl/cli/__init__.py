"""`rimedio asl …`, or `python -m rimedio.asl …`: run, test, check, draw and look after state machines.

Exit codes: 0 all well; 1 the execution or a case failed, the definition is invalid, nothing has this name;
2 a file or an option cannot be used; 130 interrupted by Ctrl-C.
"""

from rimedio.asl.cli import cases, executions, history, machines, running, serving, tokens
from rimedio.asl.cli.options import app

__all__ = ["app", "cases", "executions", "history", "machines", "running", "serving", "tokens"]

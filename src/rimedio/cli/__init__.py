"""The command line: `rimedio`."""

from rimedio.cli.app import main

__all__ = ["main"]

"""`python -m rimedio.asl`."""

from rimedio.asl.cli import app

app(prog_name="rimedio asl")

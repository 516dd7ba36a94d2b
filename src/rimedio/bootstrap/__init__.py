"""The composition root: which adapter stands behind which port, one module a group of rooms."""

from rimedio.bootstrap.laptop import TAXONOMY_FILE, Rimedio, laptop

__all__ = ["TAXONOMY_FILE", "Rimedio", "laptop"]

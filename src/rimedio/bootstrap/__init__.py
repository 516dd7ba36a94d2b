"""The composition root: which adapter stands behind which port, one module a group of rooms."""

from rimedio.bootstrap.laptop import LaptopRimedio, laptop
from rimedio.bootstrap.system import TAXONOMY_FILE, Rimedio

__all__ = ["TAXONOMY_FILE", "LaptopRimedio", "Rimedio", "laptop"]

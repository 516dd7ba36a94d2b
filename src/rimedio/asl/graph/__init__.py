"""A machine as a picture: Mermaid text and SVG, coloured by what an execution did."""

from rimedio.asl.graph.edges import Edge, edges
from rimedio.asl.graph.marks import progress
from rimedio.asl.graph.mermaid import mermaid
from rimedio.asl.graph.svg import svg

__all__ = ["Edge", "edges", "mermaid", "progress", "svg"]

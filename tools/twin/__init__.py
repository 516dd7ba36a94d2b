"""A twin of AWS on this machine: real engines, wire protocols, and Rimedio's own functions behind them."""

from tools.twin.cloud import Cloud, Engines, cloud
from tools.twin.compare import Seen, differences, seen_at_home
from tools.twin.twin import Twin, twin

__all__ = ["Cloud", "Engines", "Seen", "Twin", "cloud", "differences", "seen_at_home", "twin"]

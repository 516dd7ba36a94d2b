"""What shows that AWS's answers come from Java: how it writes numbers, hashes values and draws numbers."""

import json
import re
import struct
from decimal import Decimal

from rimedio.asl.jsontext import JSON, dumps

INT_MIN, INT_MAX = -(2**31), 2**31 - 1

_FRACTION = re.compile(r"\d[.e]")
_MULTIPLIER, _LCG_BITS = 0x5DEECE66D, (1 << 48) - 1


def json_text(value: JSON) -> str:
    """The JSON text of a value, numbers as Java writes them."""
    text = dumps(value)
    if not _FRACTION.search(text) or isinstance(value, str):
        return text
    if isinstance(value, dict):
        return "{" + ",".join(f"{dumps(key)}:{json_text(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(json_text, value)) + "]"
    if not isinstance(value, float) or value == 0 or 1e-3 <= abs(value) < 1e7:
        return text
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    written = "".join(map(str, digits))
    return f"{'-' * sign}{written[0]}.{written[1:] or 0}E{int(exponent) + len(written) - 1}"


def unique(items: list[JSON]) -> list[JSON]:
    """Different elements in the order of a HashSet; the members of equal objects may stand in any order."""
    kept: dict[str, JSON] = {}
    for item in items:
        kept.setdefault(json.dumps(item, sort_keys=True), item)
    buckets = 1 << max(4, int(len(items) / 0.75).bit_length())
    return sorted(kept.values(), key=lambda item: (hash_code(item) ^ (hash_code(item) >> 16)) & (buckets - 1))


def hash_code(value: JSON) -> int:
    """Java's hashCode, as 32 bits without sign."""
    found = 0
    if isinstance(value, bool):
        found = 1231 if value else 1237
    elif isinstance(value, (int, float)):
        bits: int = value if isinstance(value, int) else struct.unpack(">q", struct.pack(">d", value))[0]
        found = bits if bits == value and INT_MIN <= bits <= INT_MAX else bits ^ (bits >> 32)
    elif isinstance(value, dict):
        found = sum(hash_code(key) ^ hash_code(member) for key, member in value.items())
    elif value is not None:
        text = value.encode("utf-16-be", "surrogatepass") if isinstance(value, str) else b""
        parts = (
            map(hash_code, value) if isinstance(value, list) else struct.unpack(f">{len(text) // 2}H", text)
        )
        found = 1 if isinstance(value, list) else 0
        for part in parts:
            found = (31 * found + part) & 0xFFFFFFFF
    return found & 0xFFFFFFFF


def random_integer(seed: int, low: int, high: int) -> int:
    """The first number from `low` up to and without `high` of java.util.Random with a seed."""
    state, bound = (seed ^ _MULTIPLIER) & _LCG_BITS, high - low
    while True:
        state = (state * _MULTIPLIER + 0xB) & _LCG_BITS
        if bound > INT_MAX:  # whatever 32 bits fall between low and high
            drawn = (state >> 16 ^ 2**31) - 2**31
            if low <= drawn < high:
                return drawn
        elif bound & (bound - 1) == 0:
            return low + (bound * (state >> 17) >> 31)
        elif (state >> 17) - (state >> 17) % bound + bound - 1 <= INT_MAX:
            return low + (state >> 17) % bound


def random_double(seed: int) -> float:
    """The first fraction of java.util.Random with a seed."""
    state, drawn = (seed ^ _MULTIPLIER) & _LCG_BITS, 0
    for bits in (26, 27):
        state = (state * _MULTIPLIER + 0xB) & _LCG_BITS
        drawn = (drawn << bits) + (state >> 48 - bits)
    return drawn / (1 << 53)

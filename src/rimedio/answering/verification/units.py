"""Units of measure as manuals write them: each symbol's dimension and its factor to the base unit.

Symbols are matched with their case where case changes the meaning (mW, MW); words without it.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """`base = value * factor + offset`."""

    dimension: str
    factor: float
    offset: float = 0.0


def _table() -> Iterator[tuple[str, Unit]]:
    for dimension, symbols in _SYMBOLS.items():
        for names, factor in symbols:
            for name in names.split():
                yield name, Unit(dimension, factor)
    for names, factor, offset in _TEMPERATURES:
        for name in names.split(","):
            yield name, Unit("temperature", factor, offset)


_TEMPERATURES = (
    ("°C,° C,℃,degC,gradi C,gradi centigradi,gradi Celsius,degrees Celsius,degrees C,deg C", 1.0, 0.0),
    ("°F,° F,℉,degF,gradi Fahrenheit,degrees Fahrenheit,degrees F,deg F", 5 / 9, -160 / 9),
    ("K,kelvin,Kelvin", 1.0, -273.15),
)

_SYMBOLS: dict[str, tuple[tuple[str, float], ...]] = {
    "torque": (
        ("Nm N·m N*m N.m N-m newtonmetri newton-metri", 1.0),
        ("cNm", 0.01),
        ("kNm", 1e3),
        ("lb-ft ft-lb lbf·ft ft·lbf lbft", 1.3558179),
        ("lb-in in-lb lbf·in", 0.1129848),
        ("kgfm kgf·m kgm", 9.80665),
    ),
    "force": (("N newton", 1.0), ("kN", 1e3), ("kgf", 9.80665), ("lbf", 4.4482216)),
    "length": (
        ("µm micron microns", 1e-6),
        ("mm millimetri millimetro millimeters millimetres millimeter millimetre", 1e-3),
        ("cm centimetri centimetro centimeters centimetres centimeter centimetre", 1e-2),
        ("dm", 0.1),
        ("m metri metro meters metres meter metre", 1.0),
        ("km chilometri chilometro kilometers kilometres", 1e3),
        ("inch inches pollici pollice ″", 0.0254),
        ("ft feet foot piedi", 0.3048),
    ),
    "area": (
        ("mm² mm2 mmq sqmm", 1e-6),
        ("cm² cm2", 1e-4),
        ("m² m2 mq", 1.0),
    ),
    "volume": (
        ("ml mL millilitri", 1e-3),
        ("cl", 1e-2),
        ("l L litri litro liters litres liter litre", 1.0),
        ("m³ m3 mc", 1e3),
        ("gal gallons gallon galloni", 3.785412),
    ),
    "mass": (
        ("mg", 1e-6),
        ("g grammi grammo grams gram", 1e-3),
        ("kg Kg chili chilogrammi kilograms kilos", 1.0),
        ("lb lbs pounds libbre", 0.45359237),
    ),
    "time": (
        ("µs", 1e-6),
        ("ms millisecondi milliseconds millisecond", 1e-3),
        ("s sec secs secondi secondo seconds second", 1.0),
        ("min mins minuti minuto minutes minute", 60.0),
        ("h hr hrs ore ora hours hour", 3600.0),
        ("giorni giorno days day gg", 86400.0),
        ("settimane settimana weeks week", 604800.0),
    ),
    "calendar": (
        ("mesi mese months month", 1.0),
        ("anni anno years year", 12.0),
    ),
    "voltage": (
        ("µV", 1e-6),
        ("mV", 1e-3),
        ("V volt volts Volt Vac Vdc VAC VDC Vca Vcc", 1.0),
        ("kV", 1e3),
    ),
    "current": (
        ("µA", 1e-6),
        ("mA milliampere milliamps", 1e-3),
        ("A ampere amperes amp amps Ampere Adc Aac", 1.0),
        ("kA", 1e3),
    ),
    "power": (
        ("mW", 1e-3),
        ("W watt watts Watt Wp", 1.0),
        ("kW KW kilowatt kilowatts kWp", 1e3),
        ("MW", 1e6),
        ("BTU/h", 0.29307107),
        ("hp HP", 745.69987),
        ("CV", 735.49875),
    ),
    "apparent power": (("VA", 1.0), ("kVA KVA", 1e3), ("MVA", 1e6)),
    "reactive power": (("var VAr", 1.0), ("kvar kVAr", 1e3)),
    "energy": (("J", 1.0), ("kJ", 1e3), ("Wh", 3600.0), ("kWh KWh", 3.6e6), ("MWh", 3.6e9), ("kcal", 4184.0)),
    "charge": (("mAh", 1e-3), ("Ah", 1.0)),
    "frequency": (("Hz hertz", 1.0), ("kHz KHz", 1e3), ("MHz", 1e6), ("GHz", 1e9)),
    "rotation": (("rpm RPM giri/min g/min rev/min min⁻¹", 1.0),),
    "resistance": (
        ("mΩ mohm", 1e-3),
        ("Ω ohm ohms Ohm Ohms", 1.0),
        ("kΩ kohm kOhm", 1e3),
        ("MΩ Mohm MOhm megaohm", 1e6),
    ),
    "pressure": (
        ("Pa", 1.0),
        ("hPa", 1e2),
        ("mbar", 1e2),
        ("kPa", 1e3),
        ("bar Bar", 1e5),
        ("MPa", 1e6),
        ("psi PSI", 6894.757),
    ),
    "flow": (
        ("l/h L/h", 1 / 3600),
        ("l/min L/min lpm", 1 / 60),
        ("l/s L/s", 1.0),
        ("m³/h m3/h mc/h", 1000 / 3600),
        ("gpm", 0.0630902),
    ),
    "speed": (("m/s", 1.0), ("km/h", 1 / 3.6), ("mph", 0.44704)),
    "ratio": (("% percent percento", 1.0), ("‰", 0.1), ("ppm", 1e-4)),
    "angle": (("° gradi degrees degree deg", 1.0),),
    "sound": (("dB dBA dB(A)", 1.0),),
    "signal": (("dBm", 1.0),),
    "data": (
        ("B bytes byte", 1.0),
        ("kB KB KiB", 1e3),
        ("MB MiB", 1e6),
        ("GB GiB", 1e9),
        ("TB TiB", 1e12),
    ),
    "bit rate": (
        ("bps bit/s baud Bd", 1.0),
        ("kbps kbit/s kb/s", 1e3),
        ("Mbps Mbit/s Mb/s", 1e6),
        ("Gbps Gbit/s", 1e9),
    ),
}

UNITS: dict[str, Unit] = dict(_table())
LOWER_UNITS: dict[str, Unit] = {
    name.lower(): unit for name, unit in UNITS.items() if len(name) > 3 and name.isalpha()
}


def unit_named(name: str) -> Unit | None:
    """The unit written so, or None."""
    return UNITS.get(name) or LOWER_UNITS.get(name.lower())

"""The units that are known, how they are written, and converting between them.

pint converts; it is only ever given names from this list, never a text and never a number to read.
"""

import re
from fractions import Fraction
from functools import cache
from typing import Any

from trajectories.core.answers.plain import plain_signs

_PREFIXES = {
    "n": "nano",
    "µ": "micro",
    "m": "milli",
    "c": "centi",
    "d": "deci",
    "k": "kilo",
    "M": "mega",
    "G": "giga",
    "T": "tera",
}


def _metric(symbol: str, name: str, prefixes: str, words: tuple[str, ...]) -> list[tuple[str, str, tuple[str, ...]]]:
    """A unit and its multiples: (symbol, pint's name, words in the singular)."""
    rows = [(symbol, name, words)]
    for prefix in prefixes:
        long = _PREFIXES[prefix]
        rows.append((prefix + symbol, long + name, tuple(long + word for word in words)))
    return rows


_TABLE: list[tuple[str, str, tuple[str, ...]]] = [
    *_metric("m", "meter", "nµmcdk", ("meter", "metre", "mètre", "metro")),
    *_metric("g", "gram", "µmk", ("gram", "gramme", "gramm", "gramo")),
    *_metric("L", "liter", "µmcd", ("liter", "litre", "litro")),
    *_metric("s", "second", "nµm", ("second", "sec", "sekunde", "seconde", "segundo")),
    *_metric("J", "joule", "mkMG", ("joule",)),
    *_metric("W", "watt", "mkMGT", ("watt",)),
    *_metric("Wh", "watt_hour", "kMGT", ("watt hour", "watt-hour", "watthour")),
    *_metric("N", "newton", "mkM", ("newton",)),
    *_metric("Pa", "pascal", "kMG", ("pascal",)),
    *_metric("V", "volt", "mkM", ("volt",)),
    *_metric("A", "ampere", "µmk", ("ampere", "amp", "amper")),
    *_metric("Ω", "ohm", "mkM", ("ohm",)),
    *_metric("Hz", "hertz", "kMGT", ("hertz",)),
    *_metric("mol", "mole", "µmk", ("mole",)),
    *_metric("eV", "electron_volt", "kMGT", ("electronvolt", "electron volt")),
    *_metric("cal", "calorie", "k", ("calorie", "kalorie")),
    *_metric("bit", "bit", "kMGT", ("bit",)),
    *_metric("B", "byte", "kMGT", ("byte",)),
    ("KiB", "kibibyte", ("kibibyte",)), ("MiB", "mebibyte", ("mebibyte",)), ("GiB", "gibibyte", ("gibibyte",)),
    ("t", "metric_ton", ("tonne", "metric ton", "tonelada")), ("ton", "short_ton", ("ton", "short ton")),
    ("ha", "hectare", ("hectare", "hektar")), ("ac", "acre", ("acre",)),
    ("mi", "mile", ("mile", "meile", "mille terrestre")), ("yd", "yard", ("yard",)), ("ft", "foot", ("foot", "feet",
    "fuß")),
    ("in", "inch", ("inch", "inches", "zoll")), ("nmi", "nautical_mile", ("nautical mile",)),
    ("lb", "pound", ("lbs", "lb")), ("oz", "ounce", ("ounce",)), ("gal", "gallon", ("gallon",)), ("qt", "quart",
    ("quart",)),
    ("pt", "pint", ("pint",)), ("cup", "cup", ("cup",)), ("tbsp", "tablespoon", ("tablespoon",)), ("tsp",
    "teaspoon", ("teaspoon",)),
    ("min", "minute", ("minute", "minuto")), ("h", "hour", ("hour", "hr", "stunde", "heure", "hora")),
    ("d", "day", ("day", "tag", "jour", "día", "dia")), ("week", "week", ("week", "wk", "woche", "semaine", "semana")),
    ("month", "month", ("month", "monat", "mois", "mes")), ("year", "year", ("year", "yr", "jahr", "année", "año")),
    ("°", "degree", ()), ("rad", "radian", ("radian",)),
    ("°C", "degC", ("degree celsius", "celsius", "degree centigrade", "grad celsius")), ("°F", "degF",
    ("degree fahrenheit", "fahrenheit")),
    ("K", "kelvin", ("kelvin",)), ("bar", "bar", ("bar",)), ("atm", "atmosphere", ("atmosphere",)), ("hp",
    "horsepower", ("horsepower",)),
    ("mph", "mile/hour", ("mph",)), ("kph", "kilometer/hour", ("kph", "kmh")), ("rpm", "revolutions_per_minute",
    ("rpm",)),
]  # fmt: skip

CURRENCIES: dict[str, tuple[str, ...]] = {
    "$": (
        "$",
        "us$",
        "usd",
        "dollar",
        "dollars",
        "us dollar",
        "us dollars",
        "buck",
        "bucks",
        "dólar",
        "dólares",
        "美元",
        "ドル",
        "달러",
    ),
    "€": ("€", "eur", "euro", "euros"),
    "£": ("£", "gbp", "pound sterling", "pounds sterling", "quid"),
    "¥": ("¥", "￥", "jpy", "cny", "rmb", "yen", "yuan", "円", "元", "人民币"),
    "₹": ("₹", "inr", "rs", "rs.", "rupee", "rupees"),
    "₩": ("₩", "krw", "won", "원"),
    "₽": ("₽", "rub", "ruble", "rubles", "рублей", "рубля", "рубль"),
    "CHF": ("chf", "franken", "swiss francs"),
}
_CENTS = ("¢", "cent", "cents", "ct", "céntimos", "centimes")
_SYMBOLS = {symbol: name for symbol, name, _ in _TABLE}
_WRITTEN = {
    "l": "L", "ml": "mL", "cl": "cL", "dl": "dL", "KB": "kB", "kb": "kB", "mb": "MB", "gb": "GB", "tb": "TB",
    "um": "µm", "μm": "µm",
    "hrs": "h", "hr": "h", "mins": "min", "secs": "s", "sec": "s", "kms": "km", "kgs": "kg", "lbs": "lb",
    "yrs": "year", "deg": "°",
    "degC": "°C", "degF": "°F", "Kg": "kg", "KG": "kg", "KM": "km", "Km": "km", "CM": "cm", "MM": "mm", "ML": "mL",
    "kw": "kW", "kwh": "kWh", "KWh": "kWh",
    "hz": "Hz", "Mi": "mi", "FT": "ft", "Ft": "ft", "Min": "min", "℃": "°C", "℉": "°F", "° C": "°C", "° F": "°F",
    "ohms": "Ω",
    "'": "ft", '"': "in", "公里": "km", "千米": "km", "米": "m", "厘米": "cm", "公斤": "kg",
    "千克": "kg", "克": "g", "小时": "h",
    "分钟": "min", "秒": "s", "度": "°", "キロメートル": "km", "メートル": "m",
    "センチメートル": "cm", "キログラム": "kg", "グラム": "g",
    "時間": "h", "分間": "min", "秒間": "s", "км": "km", "м": "m", "см": "cm", "кг": "kg",
}  # fmt: skip
_WORDS: dict[str, str] = {}
for _sign, _, _names in _TABLE:
    for _name in _names:
        _WORDS |= {_name: _sign, f"{_name}s": _sign, f"{_name}n": _sign, f"{_name}es": _sign}
_WORDS |= {
    "degree": "degree",
    "degrees": "degree",
    "grad": "degree",
    "degrés": "degree",
    "grados": "degree",
    "pound": "pound",
    "pounds": "pound",
}
_WORDS |= {
    "degrees celsius": "°C", "degrees fahrenheit": "°F", "degrees c": "°C", "degrees f": "°F", "degree c": "°C",
    "kilos": "kg", "kilo": "kg",
    "metres": "m", "meters": "m", "tage": "d", "jahre": "year", "monate": "month",
}  # fmt: skip
ALTERNATIVES = {"degree": ("°", "°C", "°F"), "pound": ("lb", "£")}
"""Words that name several units, any of which may be meant."""

COUNTS = frozenset(["pair", "couple", "score", "gross", "double", "myriad"])
"""Nouns that count by themselves: 42 pairs are not 42, unless pairs are asked for."""

_PERCENT = frozenset(
    [
        "%",
        "percent",
        "per cent",
        "pct",
        "prozent",
        "pour cent",
        "por ciento",
        "por cento",
        "per cento",
        "procent",
        "процентов",
        "процента",
        "パーセント",
        "퍼센트",
    ]
)
_POWER = re.compile(r"(?P<base>.*?[^\W\d_°])(?:\s?\^\s?\{?(?P<up>[-+]?[1-4])\}?|(?P<bare>[23]))", re.DOTALL)
_POWER_WORD = re.compile(
    r"(?P<power>square|sq\.?|cubic|cu\.?)\s+(?P<base>.+)|(?P<base2>.+?)\s+(?P<power2>squared|cubed)", re.IGNORECASE
)
_POWER_PREFIX = {"quadrat": 2, "kubik": 3}
_PER = re.compile(r"\s*/\s*|\s+per\s+|\s+pro\s+|\s+par\s+|\s+por\s+", re.IGNORECASE)
_TIMES = re.compile(r"\s*[·*×]\s*")
_LONGEST = 60


def read_unit(text: str) -> str:
    """The unit that a whole text is, in one spelling; "" for none. "kilometres per hour" and "km/h" are "km/h"."""
    text = " ".join(plain_signs(text).split()).strip(" .")
    if not 0 < len(text) <= _LONGEST:
        return ""
    lower = text.casefold()
    if lower in _PERCENT:
        return "%"
    money = _currency(text)
    if money:
        return money
    parts = _PER.split(text)
    factors = [_product(part, sign) for part, sign in zip(parts, (1, *[-1] * (len(parts) - 1)), strict=True)]
    if any(not factor for factor in factors):
        return ""
    return _written([atom for factor in factors for atom in factor])


def _currency(text: str) -> str:
    lower = text.casefold()
    if lower in _CENTS:
        return "¢"
    return next((sign for sign, names in CURRENCIES.items() if lower in names), "")


def _product(text: str, sign: int) -> list[tuple[str, int]]:
    atoms = [_atom(part.strip(" ()")) for part in _TIMES.split(text)]
    return [] if None in atoms else [(symbol, sign * power) for symbol, power in filter(None, atoms)]


def _atom(text: str) -> tuple[str, int] | None:
    """One unit with its power, None for none."""
    symbol = _symbol(text)
    if symbol:
        return symbol, 1
    word = _POWER_WORD.fullmatch(text)
    if word is not None:
        base, power = _symbol(word["base"] or word["base2"]), word["power"] or word["power2"]
        return (base, 3 if power.casefold().startswith("cu") else 2) if base else None
    for prefix, power in _POWER_PREFIX.items():
        if text.casefold().startswith(prefix) and (base := _symbol(text[len(prefix) :])):
            return base, power
    up = _POWER.fullmatch(text)
    if up is not None and (base := _symbol(up["base"].strip())):
        return base, int(up["up"] or up["bare"])
    return None


def _symbol(text: str) -> str:
    """The symbol of one unit by itself, "" for none. Symbols are told by their case (mm, Mm), words are not."""
    text = text.strip()
    if text in _SYMBOLS:
        return text
    if text in _WRITTEN:
        return _WRITTEN[text]
    lower = text.casefold()
    if lower in _WORDS:
        return _WORDS[lower]
    return _currency(text) if len(text) > 1 or text in "$€£¥₹¢" else ""


def _written(atoms: list[tuple[str, int]]) -> str:
    above = [f"{symbol}^{power}" if power != 1 else symbol for symbol, power in atoms if power > 0]
    below = [f"{symbol}^{-power}" if power != -1 else symbol for symbol, power in atoms if power < 0]
    return "/".join(["·".join(above) or "1", *below])


def is_measure(unit: str) -> bool:
    """Whether a unit is one that is known, money and percent included, rather than a noun."""
    return unit in ("%", "¢") or unit in CURRENCIES or unit in ALTERNATIVES or _pint_name(unit) != ""


def is_money(unit: str) -> bool:
    """Whether a unit is a currency or cents."""
    return unit == "¢" or unit in CURRENCIES


def convert(value: Fraction, unit: str, wanted: str) -> Fraction | None:
    """The value in another unit; None where the units measure different things or are not known."""
    for source in ALTERNATIVES.get(unit, (unit,)):
        for target in ALTERNATIVES.get(wanted, (wanted,)):
            if source == target:
                return value
            if is_money(source) or is_money(target):
                if source == "¢" and target in ("$", "€"):
                    return value / 100
                if target == "¢" and source in ("$", "€"):
                    return value * 100
                continue
            changed = _by_pint(value, _pint_name(source), _pint_name(target))
            if changed is not None:
                return changed
    return None


def in_base_units(value: Fraction, unit: str) -> tuple[Fraction, str]:
    """The value in base units and what these are: what measures that are equal share."""
    name = _pint_name(ALTERNATIVES.get(unit, (unit,))[0])
    if not name:
        return value, unit
    units = _registry()
    try:
        base = units.Quantity(value, name).to_base_units()
        # pint writes no powers that are fractions, as those of this registry are, whole ones too.
        powers = {part: int(power) for part, power in base.unit_items()}
        return Fraction(base.magnitude), str(_container()(powers))
    except (_unit_error(), ArithmeticError, TypeError):
        return value, unit


def _by_pint(value: Fraction, unit: str, wanted: str) -> Fraction | None:
    if not unit or not wanted:
        return None
    units = _registry()
    try:
        return Fraction(units.Quantity(value, unit).to(wanted).magnitude)
    except (_unit_error(), ArithmeticError, TypeError):
        # Units that do not fit together, such as metres and seconds.
        return None


_UNIT_PART = re.compile(r"(?P<symbol>.+?)(?:\^(?P<power>\d))?")


@cache
def _pint_name(unit: str) -> str:
    """pint's expression for a unit as `read_unit` writes it, "" for one that is not on the list."""
    parts = []
    for place, part in enumerate(unit.split("/")):
        for factor in part.split("·"):
            found = _UNIT_PART.fullmatch(factor)
            if factor == "1" and place == 0:
                continue
            if found is None or found["symbol"] not in _SYMBOLS:
                return ""
            power = int(found["power"] or 1) * (1 if place == 0 else -1)
            parts.append(f"({_SYMBOLS[found['symbol']]})**{power}" if power != 1 else _SYMBOLS[found["symbol"]])
    return " * ".join(parts)


@cache
def _registry() -> Any:
    """pint's units, loaded when units first differ: it takes longer than a thousand comparisons."""
    import pint

    return pint.UnitRegistry(non_int_type=Fraction)


@cache
def _container() -> Any:
    """pint's form of units by themselves: their names with their powers."""
    from pint.util import UnitsContainer

    return UnitsContainer


@cache
def _unit_error() -> type[Exception]:
    """What pint raises."""
    from pint.errors import PintError

    error: type[Exception] = PintError
    return error

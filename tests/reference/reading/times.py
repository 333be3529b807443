"""Times of records, as microseconds since 1970 (docs/profiles.md, time)."""

import datetime
import functools
import re
from fractions import Fraction

EPOCH_UNITS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1, "epoch_ns": Fraction(1, 1_000)}
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?")
NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")
PIECES = {
    "Y": r"(?P<Y>\d{4})", "m": r"(?P<m>\d{1,2})", "d": r"(?P<d>\d{1,2})", "b": r"(?P<b>[A-Za-z]{3,})",
    "H": r"(?P<H>\d{1,2})", "I": r"(?P<I>\d{1,2})", "M": r"(?P<M>\d{2})", "S": r"(?P<S>\d{2})",
    "f": r"(?P<f>\d+)", "p": r"(?P<p>[AaPp][Mm])",
}


class BadTime(Exception):
    """A text that no format fits, or that is no time."""


def instant(text, formats, date):
    """The microseconds of a text, or nothing for a time of day without a date."""
    text = text.strip()
    for form in formats:
        found = by_format(text, form, date)
        if found is not False:
            return found
    raise BadTime(text)


def by_format(text, form, date):
    if form in EPOCH_UNITS:
        if not NUMBER.fullmatch(text):
            return False
        return int(Fraction(text.replace(",", ".")) * EPOCH_UNITS[form] // 1)
    if form == "rfc3339":
        fits = RFC3339.fullmatch(text)
        if not fits:
            return False
        year, month, day, hour, minute, second, fraction, zone = fits.groups()
        return micros((year, month, day), hour, minute, second or 0, fraction) - 60_000_000 * offset(zone)
    fits = compiled(form).fullmatch(text)
    return of_pattern(fits.groupdict(), date) if fits else False


@functools.cache
def days_since_1970(year, month, day):
    return datetime.date(year, month, day).toordinal() - datetime.date(1970, 1, 1).toordinal()


@functools.cache
def compiled(form):
    """A pattern as a regular expression."""
    out, at = "", 0
    while at < len(form):
        if form[at] == "%":
            out, at = out + PIECES[form[at + 1]], at + 2
        else:
            out, at = out + (r"\s*" if form[at] == " " else re.escape(form[at])), at + 1
    return re.compile(out)


def of_pattern(found, date):
    hour = int(found.get("H") or found.get("I"))
    if found.get("p"):
        hour = hour % 12 + (12 if found["p"].lower() == "pm" else 0)
    if "Y" in found:
        month = found.get("m") or month_number(found["b"])
        on = (found["Y"], month, found["d"])
    elif date:
        on = date.split("-")
    else:
        return None
    return micros(on, hour, found["M"], found["S"], found.get("f"))


def month_number(name):
    hits = [number for number, month in enumerate(MONTHS, 1) if name.lower()[:3] == month]
    if not hits:
        raise BadTime(name)
    return hits[0]


def micros(on, hour, minute, second, fraction):
    try:
        day = days_since_1970(*map(int, on))
    except ValueError as error:
        raise BadTime(on) from error
    hour, minute, second = int(hour), int(minute), int(second)
    if hour > 23 or minute > 59 or second > 60:
        raise BadTime((hour, minute, second))
    part = int((fraction or "0")[:6].ljust(6, "0"))
    if second == 60:
        second, part = 59, 999_999
    return ((day * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + part


def offset(zone):
    """Minutes east of Greenwich; a local time counts as UTC."""
    if not zone or zone in "ZzUTC":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (1 if zone[0] == "+" else -1) * (int(digits[:2]) * 60 + int(digits[2:]))

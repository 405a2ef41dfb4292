"""From forecasts and outcomes to what pages show of calibration: the diagram, its test and its parts."""

from collections.abc import Sequence
from urllib.parse import urlencode

import numpy as np
from sqlmodel import Session

from forecasts import calibration, cases
from forecasts.calibration import Cases
from forecasts.cases import Spoken
from forecasts.models import Forecaster
from forecasts.timeline import Numbers
from questions.catalog import Listed
from questions.kinds import KINDS
from web import charts, diagrams
from web.pages import CalibrationView, Split

ORDERED = tuple(name for name, kind in KINDS.items() if kind.ORDERED)
MOST_DISTINCT = 300


def view_of(
    session: Session, who: Forecaster | None, listed: Sequence[Listed], address: dict[str, str]
) -> CalibrationView:
    """Calibration over the resolved ones of these questions, everybody's where `who` is None; see `view`."""
    return view(cases.spoken(session, who, listed), address)


def view(found: Spoken, address: dict[str, str]) -> CalibrationView:
    """Calibration of these forecasts.

    address  what the page that lists a dot's forecasts must be told besides the bin
    """
    yes, several, ordered = found.of_kind("binary"), found.of_kind("choice"), found.of_kind(*ORDERED)
    happened = cases.binary(yes)
    return CalibrationView(
        chart=_diagram("calibration", "Yes-or-no questions", happened, yes.question, address),
        choice=_diagram(
            "choices", "Choices, each outcome against the rest", cases.choice(several), _each(several), None
        )
        if len(several.vectors)
        else None,
        forecasts=len(yes.vectors),
        questions=len(np.unique(yes.question)),
        people=len(np.unique(yes.forecaster)),
        test=calibration.spiegelhalter(happened) if len(happened.p) else None,
        splits=_splits(happened),
        pit=_pit(ordered),
        hits=calibration.hit_rate(*_reached(ordered), ordered.groups) if len(ordered.vectors) else None,
    )


def _each(several: Spoken) -> Numbers:
    """The question of each outcome of each forecast, as cases.choice has them."""
    return np.repeat(several.question, [len(vector) for vector in several.vectors])


def _diagram(
    key: str, title: str, happened: Cases, asked: Numbers, address: dict[str, str] | None
) -> charts.Reliability:
    """The dots with their bands, and the pooled curve.

    asked  (n,) the question of each case; the cases themselves know the groups of linked ones alone
    """
    place = calibration.bin_of(happened.p)
    about = (
        "Dots along the diagonal, within the band, are what a calibrated forecaster shows nine times in ten. "
        "The columns below tell sharpness: how many forecasts lie in each bin."
    )
    return charts.reliability(
        charts.Heading(key, title, about),
        [
            _bin(band, number, len(np.unique(asked[place == number])), address)
            for band, number in zip(calibration.bands(happened), np.unique(place).tolist(), strict=True)
        ],
        _curve(happened),
        band_names=("90% of dots, if calibrated", "95% band of the whole curve"),
    )


def _curve(happened: Cases) -> charts.Curve:
    """The pooled curve; with the band that holds all of it where forecasts are one a question, as that band requires.

    Its work grows with the square of the number of distinct forecasts, so beyond some hundreds there is none.
    """
    curve = calibration.pooled(happened.p, happened.y)
    alone = len(np.unique(happened.question)) == len(happened.p)
    if not alone or not 1 < len(curve.forecast) <= MOST_DISTINCT:
        return charts.Curve(curve.forecast, curve.frequency)
    band = calibration.honest_band(happened.p, happened.y)
    return charts.Curve(curve.forecast, curve.frequency, band.low, band.high)


def _bin(band: calibration.Band, number: int, questions: int, address: dict[str, str] | None) -> charts.Bin:
    dot = band.dot
    href = "" if address is None else f"/calibration/forecasts?{urlencode(address | {'bin': str(number)})}"
    return charts.Bin(dot.low, dot.high, dot.forecast, dot.frequency, dot.count, (band.low, band.high), href, questions)


def _splits(happened: Cases) -> list[Split]:
    """The mean loss of the forecasts, by Brier and by log, taken apart."""
    if not len(happened.p):
        return []
    return [
        Split(
            title,
            calibration.decompose(happened.p, happened.y, rule),
            calibration.by_chance(happened, rule),
        )
        for rule, title in (("brier", "Brier"), ("log", "Log"))
    ]


def _reached(ordered: Spoken) -> tuple[np.ndarray, np.ndarray]:
    return calibration.reach(ordered.vectors, ordered.outcomes.tolist())


def _pit(ordered: Spoken) -> diagrams.Histogram | None:
    """Where the truths fell in the distributions that were said of numbers and dates."""
    if not len(ordered.vectors):
        return None
    slots = calibration.pit(*_reached(ordered), ordered.groups)
    about = "Flat is calibrated; full at both ends is too narrow, full in the middle too wide."
    return diagrams.pit(
        charts.Heading("pit", "Where the truth fell in the forecast", about),
        np.array([one.count for one in slots]),
        slots[0].expected,
        (slots[0].lower, slots[0].upper),
    )


def in_bin(found: Spoken, number: int) -> Spoken:
    """Those forecasts on yes-or-no questions whose dot is this bin's."""
    yes = found.of_kind("binary")
    said = np.array([vector[1] for vector in yes.vectors], dtype=np.float64)
    return yes.only(calibration.bin_of(said) == number)

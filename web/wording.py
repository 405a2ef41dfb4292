"""Numbers of a board in a sentence: how good, how sure, and which places are plausible."""

from forecasts.leaderboard import Measure, Row

AGAINST = {
    "skill": "the others",
    "peer": "the others",
    "peer_log": "the others",
    "accuracy": "the median forecaster",
    "baseline": "equal odds on everything",
}
"""Whom or what a board holds everybody against; on the boards that are not here a value is a loss by itself."""


def standing(measure: Measure, row: Row, ranked: int) -> str:
    """What a row says: the value, its interval, and the places that are plausible among those who are ranked."""
    told = [_value(measure, row), _interval(measure, row), _places(row, ranked)]
    return f"{'; '.join(part for part in told if part)}."


def _value(measure: Measure, row: Row) -> str:
    size = f"{abs(row.value):.{measure.decimals}f}"
    if measure.name not in AGAINST:
        even = f", where always 50% loses {measure.reference:g} on yes-or-no questions" if measure.reference else ""
        return f"Loses {size} on average{even}"
    other = AGAINST[measure.name]
    if float(size) == 0:
        return f"As good as {other} on average"
    better = (row.value > 0) == measure.higher
    return f"{'Better' if better else 'Worse'} than {other} by {size} on average"


def _interval(measure: Measure, row: Row) -> str:
    if row.low is None or row.high is None:
        return "too few independent questions to say how much of that is luck"
    low, high = (_end(measure, value) for value in (row.low, row.high))
    within = f"the truth may lie between {low} and {high}"
    unclear = measure.name in AGAINST and row.low <= 0 <= row.high
    return f"{within}, so it may be luck" if unclear else within


def _end(measure: Measure, value: float) -> str:
    """An end of an interval; its sign says better or worse where something is held against."""
    if measure.name not in AGAINST:
        return f"{value:.{measure.decimals}f}"
    size = f"{abs(value):.{measure.decimals}f}"
    return size if float(size) == 0 else f"{size} {'better' if (value > 0) == measure.higher else 'worse'}"


def _places(row: Row, ranked: int) -> str:
    if row.best is not None and row.worst is not None:
        span = f"ranks {row.best} to {row.worst}" if row.best != row.worst else f"rank {row.best}"
        return f"plausible {span} of {ranked}"
    return f"rank {row.rank} of {ranked}" if row.rank else ""

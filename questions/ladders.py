"""Ladders: one number or date asked at several thresholds, each a yes-or-no question that says which rung it is.

A rung stands in the spec of its question, {"ladder": {"threshold": 2, "direction": "above"}}; the group that its
question names is the ladder. Who says that more is likelier than less contradicts themselves, and can be told so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from questions import percent
from questions.errors import InvalidQuestion

DIRECTIONS = {"above": "above the threshold", "below": "below the threshold", "by": "by the threshold, a date"}
LARGEST = 10**15
SLACK = 1e-9


@dataclass(frozen=True)
class Rung:
    """Where a question stands on its ladder: yes means above, below, or by the threshold.

    place  the threshold as a number; of a date its seconds since 1970
    """

    place: float
    direction: str

    @property
    def height(self) -> float:
        """The further up, the likelier: what is above 1 is above 0, what comes by March comes by June."""
        return -self.place if self.direction == "above" else self.place


def judge(written: Any) -> dict[str, Any]:
    """A rung as an author wrote it, in the form in which it is stored. Raises InvalidQuestion."""
    if not isinstance(written, Mapping) or set(written) != {"threshold", "direction"}:
        raise InvalidQuestion("A ladder needs a “threshold” and a “direction”, and takes nothing else.", "ladder")
    direction, threshold = written["direction"], written["threshold"]
    if direction not in DIRECTIONS:
        raise InvalidQuestion(
            f"{percent.quote(str(direction))} is no direction. Write {', '.join(DIRECTIONS)}.", "ladder"
        )
    stored = _moment(threshold) if direction == "by" else _number(threshold)
    return {"threshold": stored, "direction": direction}


def _number(value: Any) -> int | float:
    if type(value) not in (int, float) or not abs(value) <= LARGEST:
        raise InvalidQuestion(f"{percent.quote(str(value))} is no threshold. Write a number such as 1.5.", "ladder")
    return value if isinstance(value, int) else value + 0.0


def _moment(value: Any) -> str:
    """A day counts to its end."""
    found = value
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
    elif isinstance(value, date) and not isinstance(value, datetime):
        found = datetime.combine(value, time(23, 59), UTC)
    if not isinstance(found, datetime) or found.tzinfo is None or not 1 < found.year < 9999:
        raise InvalidQuestion(
            f"{percent.quote(str(value))} is no moment with its zone. Write one such as 2026-03-31T23:59:00Z.", "ladder"
        )
    return found.astimezone(UTC).isoformat().replace("+00:00", "Z")


def rung(spec: Mapping[str, Any]) -> Rung | None:
    """The rung that a spec says, None for a question that is on no ladder."""
    ladder = spec.get("ladder")
    if not ladder:
        return None
    threshold = ladder["threshold"]
    place = datetime.fromisoformat(threshold).timestamp() if isinstance(threshold, str) else float(threshold)
    return Rung(place, ladder["direction"])


def contradiction(said: Sequence[tuple[Rung, float]]) -> tuple[int, int] | None:
    """Which two of these probabilities of yes contradict each other: first the one that is too low. None if none do.

    Only rungs of one direction are held against each other.

    >>> contradiction([(Rung(1, "above"), 0.3), (Rung(2, "above"), 0.4), (Rung(0, "above"), 0.9)])
    (0, 1)
    """
    for direction in DIRECTIONS:
        upward = sorted((one for one in range(len(said)) if said[one][0].direction == direction),
                        key=lambda one: said[one][0].height)  # fmt: skip
        for index, higher in enumerate(upward):
            for lower in upward[:index]:
                if said[lower][1] > said[higher][1] + SLACK and said[lower][0].height < said[higher][0].height:
                    return higher, lower
    return None


def require_steps(thresholds: Sequence[float], written: Sequence[str], field: str) -> None:
    """Raise InvalidQuestion unless the thresholds rise from each to the next, or fall."""
    falling = len(thresholds) > 1 and thresholds[1] < thresholds[0]
    for index in range(1, len(thresholds)):
        before, after = thresholds[index - 1], thresholds[index]
        if before == after or (after < before) != falling:
            raise InvalidQuestion(
                f"{percent.quote(written[index])} stands after {percent.quote(written[index - 1])}. "
                "Write the thresholds in rising order, each once.",
                field,
            )

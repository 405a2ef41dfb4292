"""What each forecaster would get for every outcome if it became known now, kept up to date act by act.

A question has one Tally, which knows everybody together, and each forecaster on it a Seat. An act, or an expiry,
changes the tally and the one seat that it belongs to, whatever else was said: with S the sum of the losses that stand
in the crowd's base and n their count, the tally keeps A = ∫ S/(n-1) and B = ∫ n/(n-1) over the time with n >= 2, and
whoever stood with the loss l meanwhile earned what A grew by, less l times what B grew by. Somebody outside the base
earns ∫ (S/n - l) over the time with n >= 1.

Losses are arrays (r, k): r rules, k outcomes, row by row what the forecast costs if that outcome happens. Time is
summed up in shares of the scheduled window, so that no large numbers cancel out. Who calls keeps the order of time:
before an act at t, `lapse` every seat whose `until` is t or less, by rising `until` and then by forecaster. An act
that comes earlier than one already counted cannot be counted; everything is then worked out again by `replay`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from struct import Struct
from typing import Final

import numpy as np

from forecasts.timeline import NEVER, Acts, Mask, Window
from questions.shape import Vector

BEFORE: Final = -NEVER
"""The moment of a question on which nothing was said yet: earlier than any."""

_TALLY: Final = b"T\x01"
_SEAT: Final = b"S\x01"
_TALLY_HEAD: Final = Struct("<6q2d")
_SEAT_HEAD: Final = Struct("<7qd")


@dataclass(frozen=True)
class Tally:
    """One question, up to the moment `at`; arrays are (r, k), shares are of the scheduled window.

    opens, closes  the scheduled window, in microseconds
    at             the moment of the latest act or expiry; BEFORE where there was none
    count          how many members of the base have a forecast that stands: n
    sums, dust     the sum S of their losses, in two parts: the second holds what rounding took from the first
    area, weight   ∫ S/(n-1) and ∫ n/(n-1) over the time with n >= 2: what members earn by
    mean, share    ∫ S/n and ∫ 1 over the time with n >= 1: what outsiders earn by
    """

    opens: int
    closes: int
    at: int
    count: int
    sums: Vector
    dust: Vector
    area: Vector
    weight: float
    mean: Vector
    share: float


@dataclass(frozen=True)
class Seat:
    """One forecaster on one question; arrays are (r, k), shares are of the scheduled window.

    base          whether they are of the crowd's base, or only compared with it
    losses        what the forecast that stands costs; None where none does
    since, until  when it began to stand and when it ceases to by itself; NEVER where it does not, or none stands
    stood         microseconds within the window for which earlier forecasts stood
    lost, gained  what those cost and earned: the losses times shares, and the peer scores
    area, weight  the tally's, as they were when the forecast that stands began to: for an outsider `mean` and `share`
    """

    base: bool
    losses: Vector | None
    since: int
    until: int
    stood: int
    lost: Vector
    gained: Vector
    area: Vector
    weight: float


@dataclass(frozen=True)
class Prospect:
    """What one forecaster gets if the outcome is known now, whichever it is; the same numbers as scoring then gives.

    loss      (r, k) integral of the loss over standing time / scheduled window; lower is better
    peer      (r, k) integral of (mean loss of the other standing members - own loss) / scheduled window; higher is
              better. By log it is in nats here: boards show 100 times that, and half of it for ordered outcomes
    coverage  standing time / scheduled window, 0 to 1; 0 means that there is no score
    presence  standing time / the window up to now, 0 to 1; NaN before the opening
    """

    loss: Vector
    peer: Vector
    coverage: float
    presence: float


def fresh(window: Window, rules: int, size: int) -> Tally:
    """The tally of a question on which nobody has said anything: r rules, k = `size` outcomes.

    Only `opens` and `closes` of the window matter: the running state knows of no end but the scheduled one.
    """
    nothing = np.zeros((rules, size))
    return Tally(window.opens, window.closes, BEFORE, 0, nothing, nothing, nothing, 0.0, nothing, 0.0)


def take(base: bool, rules: int, size: int) -> Seat:
    """The seat of somebody who has said nothing yet, in the crowd's base or outside it."""
    nothing = np.zeros((rules, size))
    return Seat(base, None, NEVER, NEVER, 0, nothing, nothing, nothing, 0.0)


def advance(tally: Tally, at: int) -> Tally:
    """The tally at the moment `at`, if nobody acts until then. Raises ValueError where that is earlier than its own."""
    if at < tally.at:
        raise ValueError(f"This tally stands at {tally.at}; {at} is earlier. Replay the acts instead.")
    passed, count = _share(tally, tally.at, at), tally.count
    if not (passed and count):
        return replace(tally, at=at)
    sums = tally.sums + tally.dust
    area, weight = tally.area, tally.weight
    if count > 1:
        area, weight = area + sums * (passed / (count - 1)), weight + passed * count / (count - 1)
    mean, share = tally.mean + sums * (passed / count), tally.share + passed
    return replace(tally, at=at, area=area, weight=weight, mean=mean, share=share)


def say(tally: Tally, seat: Seat, at: int, losses: Vector | None, expires: int = NEVER) -> tuple[Tally, Seat]:
    """Both after the forecaster of this seat has said something at `at`.

    losses   (r, k) what the forecast costs by each rule for each outcome; None for a withdrawal
    expires  when it ceases to stand by itself; what expires by the moment it is made never stands, and still replaces
             the one before it

    What is said before the opening counts from it, what is said at the close or after it counts for nothing. Raises
    ValueError where `at` is earlier than the tally, or losses are not (r, k) finite numbers.

    >>> window, ada, bob = Window.running(0, 100), take(True, 1, 2), take(True, 1, 2)
    >>> tally, ada = say(fresh(window, 1, 2), ada, 0, np.array([[0.64, 0.04]]))
    >>> tally, bob = say(tally, bob, 50, np.array([[0.16, 0.36]]))
    >>> prospect(tally, ada, 75, window).peer.round(4).tolist()
    [[-0.12, 0.08]]
    """
    if losses is not None and not (losses.shape == tally.sums.shape and np.isfinite(losses).all()):
        raise ValueError(f"Losses of shape {losses.shape} are not {tally.sums.shape} finite numbers.")
    tally, seat = _rise(advance(tally, at), seat)
    if losses is None or expires <= at:
        return tally, seat
    area, weight = _earned(tally, seat)
    seat = replace(seat, losses=losses, since=at, until=expires, area=area, weight=weight)
    return _counted(tally, seat, losses, 1), seat


def lapse(tally: Tally, seat: Seat) -> tuple[Tally, Seat]:
    """Both at the moment `seat.until`, when its forecast has ceased to stand by itself.

    Raises ValueError where no expiry is due, or the tally has passed it already.
    """
    if seat.until == NEVER:
        raise ValueError("Nothing stands here that expires.")
    return _rise(advance(tally, seat.until), seat)


def prospect(tally: Tally, seat: Seat, at: int, window: Window) -> Prospect:
    """What the forecaster of this seat gets if the outcome becomes known at `at`: see Prospect.

    Raises ValueError where the tally was kept for another window, where `at` is earlier than the tally, or where the
    seat's forecast expired before `at` and was not let lapse.
    """
    if (window.opens, window.closes) != (tally.opens, tally.closes):
        raise ValueError(f"This tally is for {tally.opens} to {tally.closes}, not for {window}. Replay the acts.")
    if seat.until < at:
        raise ValueError(f"This forecast expired at {seat.until}, before {at}. Let it lapse first.")
    _, seat = _rise(advance(tally, at), seat)
    realised = _inside(tally, at) - tally.opens
    presence = seat.stood / realised if realised else float("nan")
    return Prospect(seat.lost, seat.gained, seat.stood / window.scheduled, presence)


def replay(acts: Acts, base: Mask, losses: Vector, window: Window) -> tuple[Tally, dict[int, Seat]]:
    """The state after all these acts, as if each had been said in the order of time: the very same steps.

    acts    n acts over k outcomes, in the order of the journal, which decides between those of one moment
    base    (n,) which acts are those of members of the crowd's base; all acts of one forecaster alike
    losses  (n, r, k) what each act costs by each rule for each outcome; of withdrawals nothing is looked at
    """
    if losses.ndim != 3 or not len(losses) == len(base) == len(acts.at):
        raise ValueError(f"There are {len(acts.at)} acts, but losses {losses.shape} and a base {base.shape}.")
    tally, seats, due = fresh(window, *losses.shape[1:]), dict[int, Seat](), list[tuple[int, int]]()
    for row in np.argsort(acts.at, kind="stable").tolist():
        who, at = int(acts.forecaster[row]), int(acts.at[row])
        tally = _lapse_due(tally, seats, due, at)
        seat = seats.get(who) or take(bool(base[row]), *losses.shape[1:])
        said = None if acts.withdrawn[row] else losses[row]
        tally, seats[who] = say(tally, seat, at, said, int(acts.expires[row]))
        if seats[who].until < NEVER:
            heappush(due, (seats[who].until, who))
    return tally, seats


def _lapse_due(tally: Tally, seats: dict[int, Seat], due: list[tuple[int, int]], at: int) -> Tally:
    """Let every forecast lapse that expires by `at`; what was replaced before is still listed, and passed by."""
    while due and due[0][0] <= at:
        until, who = heappop(due)
        if seats[who].until == until:
            tally, seats[who] = lapse(tally, seats[who])
    return tally


def _inside(tally: Tally, at: int) -> int:
    return min(max(at, tally.opens), tally.closes)


def _share(tally: Tally, start: int, stop: int) -> float:
    """How much of the scheduled window lies between the two moments, 0 to 1; whole numbers up to the one division."""
    return (_inside(tally, stop) - _inside(tally, start)) / (tally.closes - tally.opens)


def _earned(tally: Tally, seat: Seat) -> tuple[Vector, float]:
    """What this seat's gain is measured by: what the others lost, and how much the own loss weighs against it."""
    return (tally.area, tally.weight) if seat.base else (tally.mean, tally.share)


def _rise(tally: Tally, seat: Seat) -> tuple[Tally, Seat]:
    """Both once the seat's forecast has ceased to stand, at the tally's moment; as they are where none stood."""
    if seat.losses is None:
        return tally, seat
    area, weight = _earned(tally, seat)
    risen = replace(
        seat,
        losses=None,
        since=NEVER,
        until=NEVER,
        stood=seat.stood + _inside(tally, tally.at) - _inside(tally, seat.since),
        lost=seat.lost + seat.losses * _share(tally, seat.since, tally.at),
        gained=seat.gained + ((area - seat.area) - seat.losses * (weight - seat.weight)),
        area=np.zeros_like(area),
        weight=0.0,
    )
    return _counted(tally, seat, seat.losses, -1), risen


def _counted(tally: Tally, seat: Seat, losses: Vector, step: int) -> Tally:
    """The tally with a forecast more (step 1) or fewer (-1), where it is one of the base.

    The rounding error of each sum is kept beside it: else thousands who come and go would leave their dust in the
    losses of the few who stay. Source: D. E. Knuth, The Art of Computer Programming 2, 4.2.2, theorem B.
    """
    if not seat.base:
        return tally
    moving = losses * step
    sums = tally.sums + moving
    added = sums - tally.sums
    lost = (tally.sums - (sums - added)) + (moving - added)
    return replace(tally, count=tally.count + step, sums=sums, dust=tally.dust + lost)


def pack_tally(tally: Tally) -> bytes:
    """The tally as bytes, little-endian; 66 and 32 for every rule and outcome, whoever has said what."""
    head = (*tally.sums.shape, tally.opens, tally.closes, tally.at, tally.count, tally.weight, tally.share)
    return _TALLY + _TALLY_HEAD.pack(*head) + _packed(tally.sums, tally.dust, tally.area, tally.mean)


def unpack_tally(packed: bytes) -> Tally:
    """The tally that was packed, bit by bit. Raises ValueError where the bytes are no tally of this version."""
    head, arrays = _unpacked(packed, _TALLY, _TALLY_HEAD)
    if len(arrays) != 4:
        raise ValueError("These bytes do not hold a tally.")
    opens, closes, at, count, weight, share = head
    sums, dust, area, mean = arrays
    return Tally(int(opens), int(closes), int(at), int(count), sums, dust, area, weight, mean, share)


def pack_seat(seat: Seat) -> bytes:
    """The seat as bytes, little-endian; 66 and 16 for every rule and outcome, twice that while a forecast stands."""
    standing = [] if seat.losses is None else [seat.losses, seat.area]
    head = (*seat.lost.shape, seat.base, seat.losses is not None, seat.since, seat.until, seat.stood, seat.weight)
    return _SEAT + _SEAT_HEAD.pack(*head) + _packed(seat.lost, seat.gained, *standing)


def unpack_seat(packed: bytes) -> Seat:
    """The seat that was packed, bit by bit. Raises ValueError where the bytes are no seat of this version."""
    head, arrays = _unpacked(packed, _SEAT, _SEAT_HEAD)
    base, standing, since, until, stood, weight = head
    if len(arrays) != (4 if standing else 2):
        raise ValueError("These bytes do not hold a seat.")
    lost, gained, *now = arrays
    losses, area = now if standing else (None, np.zeros_like(lost))
    return Seat(bool(base), losses, int(since), int(until), int(stood), lost, gained, area, weight)


def _packed(*arrays: Vector) -> bytes:
    return b"".join(array.astype("<f8").tobytes() for array in arrays)


def _unpacked(packed: bytes, mark: bytes, head: Struct) -> tuple[Sequence[float], Vector]:
    """The numbers at the head but for the shape, and the arrays (m, r, k) after it."""
    start = len(mark) + head.size
    if not packed.startswith(mark) or len(packed) < start:
        raise ValueError(f"These bytes begin with {packed[: len(mark)]!r}, and not as a running state marked {mark!r}.")
    rules, size, *numbers = head.unpack_from(packed, len(mark))
    if rules < 1 or size < 1 or (len(packed) - start) % (8 * rules * size):
        raise ValueError(f"These bytes, {len(packed)} of them, do not hold arrays of {rules} × {size} numbers.")
    return numbers, np.frombuffer(packed, dtype="<f8", offset=start).reshape(-1, rules, size)

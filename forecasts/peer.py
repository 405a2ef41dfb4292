"""Peer scores: by how much less than the others who stood at the same moments somebody lost.

At every instant the score is the mean loss of the other standing members of the base, minus the own loss; higher is
better, and 0 is the crowd. Leaving oneself out keeps it strictly proper. Somebody outside the base (a bot, a source,
the crowd itself) is compared with the mean over all of it. Where nobody else stands there is nothing to compare with,
and it is 0. While all members stand, their scores sum to 0.

Nobody is compared with anybody one by one. With S the sum and n the number of the base's standing losses over time,
A = ∫ S / (n - 1) dt and B = ∫ n / (n - 1) dt while n >= 2, a member's forecast with loss l that stood from t to u
earns A(u) - A(t) - l (B(u) - B(t)). For an outsider it is A = ∫ S / n dt and B = ∫ dt while n >= 1.
"""

from dataclasses import dataclass
from math import frexp, ldexp
from typing import Any

import numpy as np
import numpy.typing as npt

from forecasts.timeline import Accounts, Lot, Mask, Numbers, Table, Windows, columns, gathered, lots, require_losses
from questions.shape import Vector


@dataclass(frozen=True)
class Course:
    """How many of the base stood, and the sums of their values by r rules, over time: e events of a lot of c acts.

    The questions lie end to end. An event is an act, an expiry, or the end of a question, after which nobody stands.

    begins  (c,) the event at which each act began to count
    ceases  (c,) the one at which it ceased to
    first   (k,) the first event of each question
    share   (e,) the time until the next event, divided by the scheduled window
    count   (e,) how many of the base stood from the event on
    sums    (r, e) the sum of their values
    values  (r, c) each act's own; 0 where it never stood

    Sums of floats would gather rounding dust with everybody who comes and goes. These are sums of whole numbers, in a
    unit so small that all values together just fit into 63 bits; `values` are given as they went into the sums.
    """

    begins: Numbers
    ceases: Numbers
    first: Numbers
    share: Vector
    count: Numbers
    sums: Vector
    values: Vector


def peers(table: Table, windows: Windows, losses: Vector, base: Mask) -> Vector:
    """The peer scores (p, r) of every pair of a question and a forecaster, in the order of timeline.accounts.

    losses   (n, r) the loss of each act by each rule; what withdrawals have there is not looked at, even NaN
    base     (n,) which acts are those of members of the crowd's base
    returns  integrated over the time that each forecast stood, divided by the scheduled window; higher is better

    >>> both = Table(np.array([0, 0]), np.array([7, 8]), np.array([0, 5]), np.zeros(2, bool), np.array([10, 10]))
    >>> ten = Windows(opens=np.array([0]), closes=np.array([10]), end=np.array([10]))
    >>> peers(both, ten, np.array([[0.09], [0.25]]), np.ones(2, bool))[:, 0].round(3).tolist()
    [0.08, -0.08]

    Source: the definition is Metaculus', with any loss for its log score; the running sums are ours.
    """
    return compared(table, windows, losses, base)[1]


def compared(table: Table, windows: Windows, losses: Vector, base: Mask) -> tuple[Accounts, Vector]:
    """The accounts of every pair together with its peer scores (p, r), in one pass: see timeline.accounts and peers."""

    def both(lot: Lot) -> tuple[npt.NDArray[Any], ...]:
        own, member = lot.own(losses), lot.of(base)
        return *columns(lot, own), earned(lot, course(lot, own, member), member)

    require_losses(table, losses)
    *account, peer = gathered(map(both, lots(table, windows)), len(table.at))
    return Accounts(*account), peer


def at_once(losses: Vector, standing: Mask, base: Mask) -> Vector:
    """The peer scores at one instant, (n,): the mean loss of the others minus the own; NaN for acts that do not stand.

    losses    (n,) the loss of each act
    standing  (n,) which acts stand at that instant, at most one of each forecaster; see timeline.standing_at
    base      (n,) which acts are those of members of the crowd's base

    >>> all_stand, two_count = np.array([True, True, True]), np.array([True, True, False])
    >>> at_once(np.array([0.1, 0.3, 0.8]), all_stand, two_count).round(3).tolist()
    [0.2, -0.2, -0.6]
    """
    counted = standing & base
    total, others = losses[counted].sum(), counted.sum() - base
    rest = np.where(base, total - losses, total)
    score = np.divide(rest, others, out=losses.copy(), where=others > 0) - losses
    return np.where(standing, score, np.nan)


def course(lot: Lot, values: Vector, member: Mask) -> Course:
    """The sums of the base's standing values over the lot's time.

    values  (r, c) a value of each act by each rule, such as its losses; see Lot.own
    member  (c,) which acts are those of members of the base
    """
    clock, begins, ceases, first = _events(lot)
    lengths = np.diff(first, append=len(clock))
    scheduled = lot.scheduled[np.flatnonzero(np.diff(lot.question, prepend=-1))]
    share = np.diff(clock, append=clock[-1:]) / np.repeat(scheduled, lengths)
    whole, unit = _whole(values)
    own = whole.astype(np.float64) * unit
    counted = np.flatnonzero(lot.stood & member)
    moving = begins[counted], ceases[counted], len(clock)
    sums = np.empty((len(values), len(clock)))
    for into, row in zip(sums, whole, strict=True):
        np.multiply(_standing(row[counted], *moving), unit, out=into)
    return Course(begins, ceases, first, share, _standing(np.ones_like(counted), *moving), sums, own)


def earned(lot: Lot, during: Course, member: Mask) -> Vector:
    """The peer scores (p, r) of a lot's pairs, over a course of losses.

    member  (c,) the mask that the course was made with
    """
    score = np.zeros((len(lot.question), len(during.sums)))
    for inside in (True, False):
        act = np.flatnonzero(lot.stood & (member == inside))
        if not len(act):
            continue
        others = during.count - inside
        weight = np.divide(during.share, others, out=np.zeros(len(others)), where=others > 0)
        begins, ceases, pair = during.begins[act], during.ceases[act], lot.pair[act]
        expected = _between(weight * during.count, begins, ceases)
        for rule, (sums, own) in enumerate(zip(during.sums, during.values, strict=True)):
            gained = _between(sums * weight, begins, ceases) - own[act] * expected
            score[:, rule] += np.bincount(pair, gained, len(score))
    return score


def _between(flow: Vector, begins: Numbers, ceases: Numbers) -> Vector:
    """What flows (e,), event by event, summed from one event of each act to the other."""
    level = np.zeros(len(flow))
    np.cumsum(flow[:-1], out=level[1:])
    between: Vector = level[ceases] - level[begins]
    return between


def _events(lot: Lot) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """The events' clock (e,), the events at which each act begins and ceases (c,), and each question's first (k,).

    The clock counts microseconds and runs on from one question to the next. An act that the pair's next act replaces
    ceases at the event at which that one begins; one that expires, at an event of its own; all others, at the end.
    """
    new = np.append(False, np.diff(lot.question) > 0)[: len(lot.question)]
    number = np.cumsum(new)[lot.pair]
    span = int(lot.realised.max(initial=0)) + 1
    alone = np.flatnonzero(lot.stood & ~lot.replaced & (lot.stop < lot.realised[lot.pair]))
    final = np.append(np.flatnonzero(new) - 1, -1)[: len(new)]  # the last pair of each question
    began = np.empty_like(lot.start)
    began[lot.place] = number * span + lot.start
    moments = (began, number[alone] * span + lot.stop[alone], np.arange(len(final)) * span + lot.realised[final])
    clock = np.concatenate(moments)
    order = np.argsort(clock, kind="stable")  # nearly in order already, which this sort makes use of
    event = np.empty_like(order)
    event[order] = np.arange(len(order))
    acts, lapses, ends = np.split(event, np.cumsum([len(part) for part in moments[:2]]))
    ceases = ends[number]
    ceases[:-1] = np.where(lot.replaced[:-1], acts[lot.place[1:]], ceases[:-1])
    ceases[alone] = lapses
    return clock[order], acts[lot.place], ceases, np.append(0, ends[:-1] + 1)[: len(ends)]


def _standing(values: Numbers, begins: Numbers, ceases: Numbers, events: int) -> Numbers:
    """The sum of the values (m,) that stand from each event on, in whole numbers, (e,)."""
    change = np.zeros(events, dtype=np.int64)
    change[begins] = values
    np.subtract.at(change, ceases, values)
    return np.cumsum(change)


def _whole(values: Vector) -> tuple[Numbers, float]:
    """The values as whole numbers, and the unit that they are counted in."""
    largest = max(-values.min(initial=0.0), values.max(initial=0.0)) * max(values.shape[-1], 1)
    bits = min(62 - frexp(largest)[1], 1000)
    return np.rint(values * ldexp(1.0, bits)).astype(np.int64), ldexp(1.0, -bits)

"""What everybody on a question gets if an outcome happens: every number that boards are made of, as pure arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

import numpy as np

from forecasts import daily, peer
from forecasts.rules import RULES, charge
from forecasts.timeline import Accounts, Acts, Lot, Mask, Numbers, Table, Window, Windows, columns, lots
from questions.shape import Vector

OUT_OF_BOUNDS = 0.05  # what Metaculus' baseline gives to each open end


@dataclass(frozen=True)
class Outcomes:
    """What scoring must know of a question's outcomes.

    size     how many there are, open ends counted in
    ordered  whether they are bins in order
    below    whether the first is everything under the range (an open end)
    above    whether the last is everything over it
    """

    size: int
    ordered: bool
    below: bool = False
    above: bool = False


@dataclass(frozen=True)
class Assessment:
    """One question, scored; m forecasters who stood for any time at all.

    forecaster  (m,) ids, rising
    coverage    (m,) standing time divided by the scheduled window, above 0 to 1
    presence    (m,) standing time divided by the realised window, above 0 to 1
    last        (m,) which of the acts given stood at the end; -1 where none did
    numbers     by name, (m,) each; W is the scheduled window, the main rule is Brier, or ranked for ordered outcomes

    a rule's name  the integral of the loss over standing time / W; lower is better ("brier", "ranked", "log", ..)
    baseline       Metaculus' baseline score, integrated / W; higher is better, see `baseline`
    peer           by how much less than the others it lost by the main rule, integrated / W; higher is better
    peer_log       the same by log in hundredths of a nat, halved where outcomes are ordered, as Metaculus does
    beside         the integral over its own standing time of the crowd's loss by the main rule / W; where the crowd did
                   not stand its own loss is taken, so that the difference is 0
    accuracy       Good Judgment's, by the main rule; lower is better, NaN where no day counts; see daily.py
    spot           the loss by the main rule of the forecast that stood at the end; NaN where none did
    """

    forecaster: Numbers
    coverage: Vector
    presence: Vector
    last: Numbers
    numbers: Mapping[str, Vector]


def rules_for(ordered: bool) -> list[str]:
    """The names of the rules that score such outcomes, the one that boards show first at the front."""
    names = [name for name, rule in RULES.items() if rule.applies(ordered)]
    main = main_rule(ordered)
    return [main, *(name for name in names if name != main)]


def main_rule(ordered: bool) -> str:
    """Brier, or the ranked score where the outcomes have an order."""
    return "ranked" if ordered else "brier"


def join(*parts: Acts) -> Acts:
    """Acts of several histories in one."""
    names = ("forecaster", "at", "probabilities", "withdrawn", "expires")
    return Acts(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def baseline(losses: Vector, outcome: int, outcomes: Outcomes, stood: Vector | float = 1.0) -> Vector:
    """Metaculus' baseline score out of the log score, in which it is linear; higher is better, 0 is equal odds.

    losses   (n,) by the log rule, with its floor; or their integrals over a time
    stood    (n,) that time, as a share of the one that the integrals were divided by; 1 for scores at one instant
    returns  (n,) without an order 100 ln(p K) / ln K, at most 100: 100 for who was sure and right; for ordered bins
             50 ln(p / even), where `even` gives 0.05 to each open end and shares out the rest to the bins inside

    It is no rule of its own in forecasts/rules/: what these promise is a loss that is 0 for who was sure and right, and
    this is a reward whose zero lies elsewhere, and elsewhere again for the open ends.

    >>> baseline(-np.log([0.5, 0.9, 1.0]), 1, Outcomes(2, ordered=False)).round(3).tolist()
    [0.0, 84.8, 100.0]

    Source: Metaculus' FAQ on scores; its published scoring/score_math.py.
    """
    if not outcomes.ordered:
        return 100 * (stood - losses / log(outcomes.size))
    open_ends = outcomes.below + outcomes.above
    outside = (outcomes.below and outcome == 0) or (outcomes.above and outcome == outcomes.size - 1)
    even = OUT_OF_BOUNDS if outside else (1 - OUT_OF_BOUNDS * open_ends) / (outcomes.size - open_ends)
    return -50 * (losses + log(even) * stood)


def assess(acts: Acts, base: Mask, window: Window, outcome: int, outcomes: Outcomes, crowd: int) -> Assessment:
    """Score every forecaster in `acts` for the case that `outcome` happened.

    acts   everybody's, with the yardsticks (crowds, always fifty-fifty) among them
    base   (n,) which acts are those of the crowd's base, with whom everybody is compared
    crowd  the id of the forecaster whose loss is `beside`
    """
    rules = rules_for(outcomes.ordered)
    losses = np.column_stack([charge(name, acts, outcome, outcomes.ordered) for name in rules])
    windows = Windows.of(window)
    (lot,) = lots(Table.of(acts), windows)
    own = lot.own(losses)
    account = Accounts(*columns(lot, own))
    stood, coverage = account.standing > 0, account.coverage(windows)
    numbers = dict(zip(rules, account.loss.T, strict=True))
    numbers["baseline"] = baseline(numbers["log"], outcome, outcomes, coverage)
    numbers["peer"], numbers["peer_log"] = _ahead(lot, own[[0, rules.index("log")]], lot.of(base))
    numbers["peer_log"] *= 50 if outcomes.ordered else 100
    numbers["beside"] = numbers[rules[0]] + _ahead(lot, own[:1], lot.of(acts.forecaster) == crowd)[0]
    numbers["accuracy"] = daily.judged(lot, window, own[0], lot.of(base)).accuracy
    numbers["spot"] = np.where(account.last >= 0, losses[account.last, 0], np.nan)
    return Assessment(
        forecaster=account.forecaster[stood],
        coverage=coverage[stood],
        presence=account.presence(windows)[stood],
        last=account.last[stood],
        numbers={name: column[stood] for name, column in numbers.items()},
    )


def _ahead(lot: Lot, own: Vector, member: Mask) -> Vector:
    """By how much less than the (other) members each pair lost while they stood together, by each rule: (r, p)."""
    return peer.earned(lot, peer.course(lot, own, member), member).T

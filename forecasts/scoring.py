"""What everybody on a question gets if an outcome happens, by every rule that applies: pure arrays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecasts import crowd
from forecasts.rules import RULES, charge
from forecasts.timeline import Account, Acts, Window, account
from questions.shape import Vector


@dataclass(frozen=True)
class Assessment:
    """One question, scored; m forecasters who stood for any time at all.

    accounts  by the rule's name, each over the same m forecasters in the same order
    last      (m, k) the vector that stood at the end, NaN where none did
    """

    accounts: Mapping[str, Account]
    last: Vector

    @property
    def shared(self) -> Account:
        """Any of the accounts, for what does not depend on the rule: who, coverage, presence."""
        return next(iter(self.accounts.values()))


def rules_for(ordered: bool) -> list[str]:
    """The names of the rules that score such outcomes, the one that boards show first at the front."""
    names = [name for name, rule in RULES.items() if rule.applies(ordered)]
    main = main_rule(ordered)
    return [main, *(name for name in names if name != main)]


def main_rule(ordered: bool) -> str:
    """Brier, or the ranked score where the outcomes have an order."""
    return "ranked" if ordered else "brier"


def everybody(acts: Acts, path: crowd.Path, window: Window, crowd_id: int, even_id: int) -> Acts:
    """The acts of all, with the crowd and the one who always says 1/k among them as two forecasters more."""
    size = acts.probabilities.shape[1]
    return join(acts, crowd.as_acts(path, crowd_id), crowd.always_even(size, window.opens, even_id))


def join(*parts: Acts) -> Acts:
    """Acts of several histories in one."""
    names = ("forecaster", "at", "probabilities", "withdrawn", "expires")
    return Acts(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def assess(acts: Acts, window: Window, outcome: int, ordered: bool) -> Assessment:
    """Score every forecaster in `acts` for the case that `outcome` happened."""
    accounts = {name: account(acts, window, charge(name, acts, outcome, ordered)) for name in rules_for(ordered)}
    stood = accounts[main_rule(ordered)].coverage > 0
    last = accounts[main_rule(ordered)].last[stood]
    final = np.where((last >= 0)[:, None], acts.probabilities[last], np.nan)
    return Assessment({name: _only(found, stood) for name, found in accounts.items()}, final)


def _only(found: Account, chosen: np.ndarray) -> Account:
    names = ("forecaster", "loss", "coverage", "presence", "last")
    return Account(*(getattr(found, name)[chosen] for name in names))

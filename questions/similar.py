"""What was asked already that is like what somebody is about to ask."""

import re
from collections.abc import Iterator
from heapq import nlargest

from rapidfuzz import fuzz, utils
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from questions.models import Question

MOST = 5
ALIKE = 45.0
"""Of 100: from where on two questions are worth a look. What questions have in common anyway does not count."""

_YEAR = re.compile("(19|20)[0-9]{2}")
_ANYWAY = frozenset(
    re.findall(
        "[a-z]+",
        """a about above after all an and any are as at be before below between by can do does from get has have how if
        in is it its less many more much no of on one or over than that the their there this to under until up was were
        what when where which who will with yes""",
    )
)


def like(session: Session, title: str, criteria: str, visible: ColumnElement[bool]) -> list[Question]:
    """The visible questions most like this title and these criteria, the likest first; few, and none that are far."""
    typed = _words(title), _words(f"{title} {criteria}")
    if not typed[0]:
        return []
    asked = session.exec(select(Question.id, Question.title, Question.criteria).where(visible))
    scored = ((_likeness(typed, _words(one), _words(f"{one} {terms}")), -key) for key, one, terms in asked)
    nearest = nlargest(MOST, (found for found in scored if found[0] >= ALIKE))
    return list(_read(session, [-key for _, key in nearest]))


def _words(text: str) -> str:
    """What is left of a text without what stands anywhere, and without years."""
    words = utils.default_process(text).split()
    return " ".join(word for word in words if word not in _ANYWAY and not _YEAR.fullmatch(word))


def _likeness(typed: tuple[str, str], title: str, whole: str) -> float:
    """Half by the titles, half by titles with criteria; 0 to 100."""
    return (fuzz.token_set_ratio(typed[0], title) + fuzz.token_set_ratio(typed[1], whole)) / 2


def _read(session: Session, keys: list[int]) -> Iterator[Question]:
    found = {one.id: one for one in session.exec(select(Question).where(col(Question.id).in_(keys)))}
    yield from (found[key] for key in keys)

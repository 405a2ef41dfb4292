"""Whether a record is whole: what was acknowledged is there, once, and all of it holds."""

import json
from collections import Counter
from collections.abc import Sequence

from sqlmodel import select

from forecasts.database import Database
from questions.models import Question, Resolution
from tests.cast import entries
from tests.torture.measure import lost, verified
from tests.torture.serving import Deciding, Writer, opened

SAYS = {"forecast": "rationale", "comment": "text", "resolution": "note"}
"""Where each kind of act holds the word that nothing else holds."""


def require_whole(url: str, writers: Sequence[Writer]) -> None:
    """Everything that was acknowledged is on record once, and the record holds."""
    noted = [act for writer in writers for act in writer.noted]
    with opened(url) as database:
        assert lost(database, dict(noted)) == []
        assert [seq for seq, many in Counter(seq for seq, _ in noted).items() if many > 1] == []
        assert [word for word, many in words(database).items() if many > 1] == []
        verified(database)
        look(database, writers[0])


def words(database: Database) -> Counter[str]:
    """How often each word that some act holds is on record."""
    said = [entry for entry in entries(database) if entry.kind in SAYS]
    return Counter(json.loads(entry.content or "")[SAYS[entry.kind]] for entry in said)


def look(database: Database, moderator: Writer) -> None:
    """The moderator looks at what stands before they decide again."""
    assert isinstance(moderator.act, Deciding)
    with database.reading() as session:
        question = session.exec(select(Question).where(Question.slug == moderator.act.slug)).one()
        stands = session.get(Resolution, question.resolution)
        moderator.act.look(question, stands.verdict if stands else "")

"""Merging two who are one: their acts become one person's, nothing of the record is lost, and all of it goes back."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlmodel import select

from forecasts import (
    accounts,
    bots,
    discussion,
    drafting,
    exporting,
    history,
    ledger,
    looking,
    merging,
    moderation,
    tokens,
)
from forecasts.database import Database
from forecasts.discussion import InvalidText
from forecasts.models import Draft, Forecaster, Look, Merge
from forecasts.permissions import hides
from forecasts.settings import Settings
from questions.errors import NotAllowed, Refusal
from questions.models import Question
from tests import folders
from tests.cast import (
    HOUR,
    NOON,
    MovedClock,
    called,
    draft,
    entries,
    everything,
    fresh,
    join,
    kinds,
    loss,
    number,
    other,
    publish,
    resolve,
    rows,
    say,
    take_back,
    tamper,
)
from tests.folders import asked, decided, said
from tests.forecasts.test_importing import asked_of, bring
from tests.forecasts.test_verification import broken, report

RAINED, DRY = 1, 0


@pytest.fixture
def dup(database: Database) -> Forecaster:
    """Ada again, who had forgotten that she has an account."""
    return join(database, "Ada2")


@pytest.fixture
def weather(
    database: Database, clock: MovedClock, ada: Forecaster, dup: Forecaster, bob: Forecaster, mo: Forecaster
) -> list[Question]:
    """Rain and snow, ten hours from noon. Entries: 1 the set, 2 rain, 3 snow; 4 to 9 what was said; 10, 11 decisions.

    On rain Ada says 50% at noon, she again as Ada2 100% at three o'clock, Ada 80% at five; Bob says 70% all along. On
    snow Ada2 alone says 40%, and Bob 10%. It rains, and it does not snow, as is known when both close.
    """
    rain, snow = publish(database, draft("rain"), draft("snow"))
    say(database, ada, rain, 0.5)
    say(database, bob, rain, 0.7)
    say(database, dup, snow, 0.4)
    say(database, bob, snow, 0.1)
    clock.moment = NOON + 3 * HOUR
    say(database, dup, rain, 1)
    clock.moment = NOON + 5 * HOUR
    say(database, ada, rain, 0.8)
    clock.moment = NOON + 10 * HOUR
    resolve(database, mo, rain, RAINED)
    resolve(database, mo, snow, DRY)
    return [fresh(database, rain), fresh(database, snow)]


def merge(database: Database, who: Forecaster, into: Forecaster, by: Forecaster, note: str = "The same.") -> Merge:
    with database.writing() as (session, moment):
        return moderation.merge(session, who, into, note, by=by, moment=moment)


def separate(database: Database, who: Forecaster, by: Forecaster, note: str = "Two after all.") -> Merge:
    with database.writing() as (session, moment):
        return moderation.separate(session, who, note, by=by, moment=moment)


def whose(database: Database) -> list[str]:
    """Whose each forecast counts as, in the order of the journal."""
    names = {row[0]: row[2] for row in rows(database, "forecaster")}
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT forecaster_id FROM forecast ORDER BY entry")
        return [names[who] for (who,) in found]


def without_revisions(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Whatever a merge changes and its undoing must bring back."""
    tables = ("forecast", "comment", "position", "score", "participation", "crowd_path", "tally", "seat", "forecaster")
    return {table: rows(database, table) for table in tables}


# What comes of it


def test_acts_of_both_interleave_in_time_and_the_last_stands(
    database: Database, weather: list[Question], ada: Forecaster, dup: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    rain, snow = weather
    apart = [loss(database, *one) for one in ((ada, rain), (dup, rain), (ada, snow))]

    made = merge(database, dup, ada, mo)

    assert apart == [pytest.approx((5 * 0.25 + 5 * 0.04) / 10), 0, None]
    assert whose(database) == ["ada", "bob", "ada", "bob", "ada", "ada"]
    assert loss(database, ada, rain) == pytest.approx((3 * 0.25 + 2 * 0 + 5 * 0.04) / 10)
    assert loss(database, ada, snow) == pytest.approx(0.16)
    assert [loss(database, dup, one) for one in weather] == [None, None]
    assert number(database, ada, rain, "peer") == pytest.approx(0.09 - 0.095)
    assert number(database, bob, rain, "peer") == pytest.approx(0.095 - 0.09)
    assert [fresh(database, one).revision - one.revision for one in weather] == [1, 1]
    assert (made.entry, kinds(database)[11:]) == (12, ["merge"])
    assert entries(database)[-1].content == (
        f'{{"into":"{ada.pseudonym}","merged":true,"note":"The same.","who":"{dup.pseudonym}"}}'
    )
    assert report(database)[0] == "12 entries stand in an unbroken chain."


def test_the_crowd_counts_one_person(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, dup: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.2)
    clock.moment += HOUR
    say(database, dup, rain, 0.6)

    merge(database, dup, ada, mo)

    with database.reading() as session:
        path = history.crowd_of(session, session.get_one(Question, rain.id))
        mine = ledger.latest(session, ada, rain)
    assert path.count.tolist() == [1, 1]
    assert path.middle[:, 1].tolist() == [0.2, 0.6]
    assert mine is not None
    assert mine.probabilities[1] == 0.6
    assert len(rows(database, "position")) == len(rows(database, "seat")) == 1
    assert len(report(database)) == 4


def test_separating_brings_everything_back(
    database: Database, weather: list[Question], ada: Forecaster, dup: Forecaster, mo: Forecaster
) -> None:
    with database.writing() as (session, moment):
        discussion.comment(session, dup, weather[0], "Clouds.", moment)
    before = without_revisions(database)
    merge(database, dup, ada, mo)
    during = without_revisions(database)

    separate(database, dup, mo)

    assert {name for name, found in during.items() if found != before[name]} == {
        "forecast", "comment", "position", "score", "participation", "crowd_path", "forecaster",
    }  # fmt: skip
    assert without_revisions(database) == before
    assert kinds(database)[12:] == ["merge", "merge"]
    assert [fresh(database, one).revision - one.revision for one in weather] == [3, 2]
    with database.reading() as session:
        assert [one.merged for one in moderation.merges(session, dup)] == [False, True]
    assert report(database)[0] == "14 entries stand in an unbroken chain."


def test_a_chain_is_kept_as_it_was_said_and_its_end_counts(
    database: Database, weather: list[Question], ada: Forecaster, dup: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    merge(database, dup, ada, mo)
    merge(database, ada, bob, mo)

    assert set(whose(database)) == {"bob"}
    assert called(database, "ada2").merged_into_id == ada.id
    assert len(report(database)) == 4

    separate(database, ada, mo)

    assert whose(database) == ["ada", "bob", "ada", "bob", "ada", "ada"]
    assert len(report(database)) == 4

    merge(database, ada, bob, mo)
    separate(database, dup, mo)

    assert whose(database) == ["bob", "bob", "ada2", "bob", "ada2", "bob"]
    assert len(report(database)) == 4


def test_what_no_entry_tells_of_goes_along_and_back(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, dup: Forecaster, mo: Forecaster
) -> None:
    with database.writing() as (session, moment):
        looking.look(session, ada, rain, moment)
        looking.look(session, dup, rain, moment + HOUR)
        theirs = drafting.start(session, dup, "question", {"title": "Will the tram run?"}, moment).id
        hers = drafting.start(session, ada, "question", {"title": "Will the bus?"}, moment).id
        robot = bots.add(session, dup, "robot", moment)
    with database.reading() as session:
        weighed = merging.weigh(session, dup, ada)

    merge(database, dup, ada, mo)

    assert (weighed.drafts, weighed.bots, weighed.forecasts, weighed.comments, weighed.both) == (1, 1, 0, 0, 0)
    with database.reading() as session:
        assert session.get_one(Look, (ada.id, rain.id)).looked_at == NOON + HOUR
        assert [session.get_one(Draft, one).author_id for one in (theirs, hers)] == [ada.id] * 2
        assert [one.handle for one in bots.of(session, ada)] == ["robot"]
    separate(database, dup, mo)
    with database.reading() as session:
        assert [session.get_one(Draft, one).author_id for one in (theirs, hers)] == [dup.id, ada.id]
        assert session.get_one(Forecaster, robot.id).owner_id == dup.id


def test_how_much_would_move_is_counted(
    database: Database, weather: list[Question], ada: Forecaster, dup: Forecaster, bob: Forecaster
) -> None:
    """Ada2 spoke on rain, as Ada did, and on snow, as she did not; Bob on both."""
    with database.writing() as (session, moment):
        discussion.comment(session, dup, weather[0], "Clouds.", moment)

    with database.reading() as session:
        found = [merging.weigh(session, dup, into) for into in (ada, bob)]

    assert [(one.forecasts, one.comments, one.both) for one in found] == [(2, 1, 1), (2, 1, 2)]


def test_whoever_is_merged_signs_in_no_more_and_what_they_send_late_counts_for_the_other(
    database: Database, rain: Question, ada: Forecaster, dup: Forecaster, mo: Forecaster
) -> None:
    with database.writing() as (session, moment):
        cookie = accounts.sign_in(session, dup, moment)
        _, key = tokens.add(session, dup, "key", ["read", "forecast"], moment)
    merge(database, dup, ada, mo)

    with database.reading() as session:
        assert accounts.signed_in(session, cookie, NOON, Settings().lasting) is None
        assert tokens.of_bearer(session, key, NOON) is None
    sentence = "“Ada2” was merged into another account. Sign in with that one."
    with pytest.raises(NotAllowed, match=sentence), database.writing() as (session, moment):
        accounts.sign_in(session, called(database, "ada2"), moment)
    say(database, dup, rain, 0.4)  # a request that was under way when they were merged
    with database.writing() as (session, moment):
        discussion.comment(session, dup, rain, "Late.", moment)
    assert whose(database) == ["ada"]
    assert len(report(database)) == 4
    separate(database, dup, mo)
    assert whose(database) == ["ada2"]
    assert len(report(database)) == 4
    with database.reading() as session:  # what was ended stays ended
        assert accounts.signed_in(session, cookie, NOON, Settings().lasting) is None
        assert tokens.of_bearer(session, key, NOON) is None


def test_an_undoing_takes_back_what_it_names(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, dup: Forecaster, mo: Forecaster
) -> None:
    """Ada says 20%, Ada2 60%; Ada takes hers back. Of the one person 60% is left to be taken back, and not 20%."""
    say(database, ada, rain, 0.2)
    left = say(database, dup, rain, 0.6)
    with database.writing() as (session, moment):
        ledger.undo(session, ada, rain, moment)
    merge(database, dup, ada, mo)

    with database.reading() as session:
        assert [act.entry for act in ledger.undoable(session, ada, rain, NOON)] == [left.entry]


def test_what_one_of_both_has_answered_is_open_to_the_one_that_they_are(
    database: Database, clock: MovedClock, ada: Forecaster, dup: Forecaster, mo: Forecaster
) -> None:
    (blind,) = publish(database, draft("blind"), reveal="answered")
    say(database, dup, blind, 0.4)

    def rule() -> str:
        with database.reading() as session:
            question = session.get_one(Question, blind.id)
            return hides(session, session.get_one(Forecaster, ada.id), question, "open", NOON)

    before = rule()
    merge(database, dup, ada, mo)

    assert (before, rule()) == ("answered", "")


# Whom it may be done to, and by whom

REFUSED: dict[str, tuple[str, str, str, str]] = {
    "herself": ("ada", "ada", "mo", "“Ada” is who is to be merged. Name somebody else."),
    "the crowd": ("ada", "crowd", "mo", "“The crowd” is neither a person nor a bot, and is merged with nobody."),
    "a constant": ("always-50", "ada", "mo", "“Always 50%” is neither a person nor a bot, and is merged with nobody."),
    "a text": ("text", "ada", "mo", "“Text” is neither a person nor a bot, and is merged with nobody."),
    "a bot and a person": ("robo", "ada", "mo", "“Robo” is a bot and “Ada” a person. Name a bot."),
    "two people's bots": ("robo", "hal", "mo", "“Robo” and “Hal” belong to two people. Name a bot of the same."),
    "one made up": ("sim", "ada", "mo", "“Sim” was made up by a program and the other was not. Name somebody else."),
    "into one made up": (
        "ada", "sim", "mo", "“Sim” was made up by a program and the other was not. Name somebody else.",
    ),
    "into one imported": (
        "ada", "cleo", "mo",
        "“Cleo” came by an import, and nobody signs in as them. Merge “Cleo” into “Ada”.",
    ),
    "into one suspended": ("ada", "sue", "mo", "“Sue” is suspended. Let them act again first."),
    "one merged already": ("old", "bob", "mo", "“Old” is merged into “Ada” already."),
    "into one merged already": ("bob", "old", "mo", "“Old” is merged into “Ada” already. Name “Ada” instead."),
    "oneself": ("mo", "ada", "mo", "You cannot merge yourself into somebody else. Ask another moderator."),
    "into oneself": ("ada", "mo", "mo", "“Mo” is a moderator, whom an administrator alone may merge."),
    "a moderator": ("meg", "ada", "mo", "“Meg” is a moderator, whom an administrator alone may merge."),
    "into an administrator": (
        "ada", "boss", "mo", "“Boss” is an administrator, whom an administrator alone may merge.",
    ),
    "by somebody": (
        "ada", "bob", "bob", "You are a forecaster, and this takes a moderator. Ask an administrator for the role.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("who", "into", "by", "sentence"), REFUSED.values(), ids=REFUSED)
def test_who_cannot_be_merged_is_told_in_a_sentence(
    database: Database, ada: Forecaster, bob: Forecaster, mo: Forecaster,
    who: str, into: str, by: str, sentence: str,
) -> None:  # fmt: skip
    join(database, "Meg", "moderator"), join(database, "Boss", "administrator")
    other(database, "Text", "source"), other(database, "Cleo", "person", imported=True)
    other(database, "Robo", owner_id=ada.id), other(database, "Hal", owner_id=bob.id)
    other(database, "Sim", "person", simulated=True), other(database, "Sue", "person", suspended=True)
    merge(database, join(database, "Old"), ada, mo)
    before = everything(database)

    with pytest.raises(Refusal) as refusal:
        merge(database, called(database, who), called(database, into), called(database, by))

    assert str(refusal.value) == sentence
    assert everything(database) == before


def test_a_merge_says_why_and_is_undone_once(
    database: Database, ada: Forecaster, dup: Forecaster, mo: Forecaster
) -> None:
    with pytest.raises(moderation.InvalidModeration, match=r"The reason is empty. Say why; it stays on record."):
        merge(database, dup, ada, mo, " ")
    with pytest.raises(InvalidText, match=r"The note has 20,001 characters. Shorten it to 20,000."):
        merge(database, dup, ada, mo, "x" * 20_001)
    with pytest.raises(moderation.InvalidModeration, match=r"“Ada2” is not merged into anybody. Look at them again."):
        separate(database, dup, mo)
    assert kinds(database) == []


def test_an_administrator_merges_whom_a_moderator_may_not(
    database: Database, ada: Forecaster, mo: Forecaster, rain: Question
) -> None:
    boss, meg = join(database, "Boss", "administrator"), join(database, "Meg", "moderator")
    say(database, meg, rain, 0.4)

    merge(database, meg, boss, boss)

    assert whose(database) == ["boss"]
    with pytest.raises(NotAllowed, match="“Meg” is a moderator, whom an administrator alone may separate"):
        separate(database, called(database, "meg"), mo)


def test_bots_of_one_owner_are_merged(
    database: Database, rain: Question, ada: Forecaster, mo: Forecaster
) -> None:  # fmt: skip
    with database.writing() as (session, moment):
        robo, hal = (bots.add(session, ada, name, moment) for name in ("robo", "hal"))
    say(database, robo, rain, 0.4)

    merge(database, robo, hal, mo)

    assert whose(database) == ["hal"]
    with database.reading() as session:
        assert [one.handle for one in bots.of(session, ada)] == ["hal"]
    with database.writing() as (session, moment):
        moderation.suspend(session, ada, True, "Rude.", by=mo, moment=moment)
    assert called(database, "robo").suspended
    assert len(report(database)) == 4


# Imports


def test_an_imported_forecaster_becomes_somebody_here_and_the_folder_stays_the_same(
    database: Database, tmp_path: Path, ada: Forecaster, mo: Forecaster
) -> None:
    folders.write(tmp_path, [asked("rain")], [said("0.5", 2), said("0.7", 4)], [decided()])
    bring(database, tmp_path)

    merge(database, called(database, "cleo"), ada, mo)
    again = bring(database, tmp_path)
    folders.write(tmp_path, [asked("rain")], [said("0.5", 2), said("0.7", 4), said("0.9", 12)], [decided()])
    more = bring(database, tmp_path)

    assert (again.added.forecasts, more.added.forecasts) == (0, 1)
    assert whose(database) == ["ada"] * 3
    # open for 28 days from the first; known on the 20th: 2, 8 and 8 days stood
    assert loss(database, ada, asked_of(database, "rain")) == pytest.approx((2 * 0.25 + 8 * 0.09 + 8 * 0.01) / 28)
    with database.reading() as session:
        assert [one.forecaster for one in exporting.gather(session).forecasts] == ["ada"] * 3
    assert len(report(database)) == 4


def test_of_what_was_said_earlier_and_recorded_later_the_last_said_stands(
    database: Database, tmp_path: Path, ada: Forecaster, mo: Forecaster
) -> None:
    """Cleo's later word was recorded first."""
    folders.write(tmp_path, [asked("rain")], [said("0.7", 4)])
    bring(database, tmp_path)
    folders.write(tmp_path, [asked("rain")], [said("0.7", 4), said("0.5", 2, who="dan")])
    bring(database, tmp_path)

    merge(database, called(database, "dan"), called(database, "cleo"), mo)

    with database.reading() as session:
        last = ledger.latest(session, called(database, "cleo"), asked_of(database, "rain"))
    assert last is not None
    assert (last.made_at.day, last.probabilities[1]) == (4, 0.7)
    assert len(report(database)) == 4


# The record


FORBIDDEN = {
    "to somebody else": "forecaster_id = (SELECT id FROM forecaster WHERE handle = 'bob')",
    "to who said it, while they are merged": "forecaster_id = (SELECT id FROM forecaster WHERE handle = 'ada2')",
    "to nobody": "forecaster_id = NULL",
    "to the same with other numbers": (
        "forecaster_id = (SELECT id FROM forecaster WHERE handle = 'ada'), probabilities = NULL"
    ),
    "to the same at another time": (
        "forecaster_id = (SELECT id FROM forecaster WHERE handle = 'ada'), made_at = "
        "(SELECT closes_at FROM question WHERE slug = 'rain')"
    ),
    "to the same with other words": (
        "forecaster_id = (SELECT id FROM forecaster WHERE handle = 'ada'), rationale = 'Because.'"
    ),
}


@pytest.mark.parametrize("change", FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_forecast_becomes_nobodys_but_theirs_whom_its_actor_was_merged_into(
    database: Database, weather: list[Question], ada: Forecaster, dup: Forecaster, mo: Forecaster, change: str
) -> None:
    merge(database, dup, ada, mo)
    before = everything(database)

    with pytest.raises(sqlalchemy.exc.DBAPIError, match="forecast is append-only"), database.writing() as (session, _):
        session.connection().exec_driver_sql(f"UPDATE forecast SET {change} WHERE entry = 6")

    assert everything(database) == before


def test_before_any_merge_a_forecast_stays_whose_it_is(
    database: Database, weather: list[Question], dup: Forecaster
) -> None:
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="forecast is append-only"), database.writing() as (session, _):
        session.connection().exec_driver_sql(
            "UPDATE forecast SET forecaster_id = (SELECT id FROM forecaster WHERE handle = 'ada') WHERE entry = 6"
        )


HERS, THEIRS = ("(SELECT id FROM forecaster WHERE handle = '%s')" % name for name in ("ada", "ada2"))  # noqa: UP031
TAMPERED: dict[str, tuple[str, tuple[int, str]]] = {
    "a forecast that went with the others to somebody else": (
        "UPDATE forecast SET forecaster_id = (SELECT id FROM forecaster WHERE handle = 'bob') WHERE entry = 6",
        (6, "Entry 6, a forecast, has another actor in “forecast”."),
    ),
    "a forecast that did not go with the others": (
        f"UPDATE forecast SET forecaster_id = {THEIRS} WHERE entry = 8",
        (8, "Entry 8, a forecast, has another actor in “forecast”."),
    ),
    "a merge into somebody else": (
        f"UPDATE merge SET into_id = {THEIRS}",
        (12, "Entry 12, a merge, has another content in “merge”."),
    ),
    "a merge that is none": (
        "UPDATE merge SET merged = NOT merged",
        (12, "Entry 12, a merge, has another content in “merge”."),
    ),
    "a merge that is gone": ("DELETE FROM merge", (12, "Entry 12, a merge, is missing from the table “merge”.")),
    "a merge with another entry": (
        "UPDATE entry SET content = replace(content, 'The same', 'Another') WHERE seq = 12",
        (12, "Entry 12 does not say what it was committed to."),
    ),
    "one who is merged no more": (
        "UPDATE forecaster SET merged_into_id = NULL",
        (12, "The table “forecaster” has one merged otherwise than entry 12 leaves it."),
    ),
    "one who never was": (
        f"UPDATE forecaster SET merged_into_id = {HERS} WHERE handle = 'bob'",
        (1, "The table “forecaster” has one merged otherwise than entry 1 leaves it."),
    ),
}


@pytest.mark.parametrize(("statement", "told"), TAMPERED.values(), ids=TAMPERED)
def test_whoever_changes_a_merge_is_found_out(
    database: Database, weather: list[Question], ada: Forecaster, dup: Forecaster, mo: Forecaster,
    statement: str, told: tuple[int, str],
) -> None:  # fmt: skip
    merge(database, dup, ada, mo)
    tamper(database, statement)

    assert broken(database) == told


def test_a_merge_whose_words_were_erased_still_holds(
    database: Database, weather: list[Question], ada: Forecaster, dup: Forecaster, mo: Forecaster
) -> None:
    merge(database, dup, ada, mo)
    with database.writing() as (session, _):
        session.connection().exec_driver_sql("UPDATE entry SET content = NULL, salt = NULL WHERE seq = 12")

    assert len(report(database)) == 4


def test_a_withdrawal_of_either_is_one_of_both(
    database: Database, clock: MovedClock, rain: Question, ada: Forecaster, dup: Forecaster, mo: Forecaster
) -> None:
    say(database, ada, rain, 0.5)
    say(database, dup, rain, 0.5)
    clock.moment += 4 * HOUR
    take_back(database, dup, rain)
    merge(database, dup, ada, mo)
    clock.moment = NOON + 10 * HOUR
    resolve(database, mo, rain, RAINED)

    assert loss(database, ada, rain) == pytest.approx(4 / 10 * 0.25)
    with database.reading() as session:
        assert len(session.exec(select(Merge)).all()) == 1
    assert len(report(database)) == 4

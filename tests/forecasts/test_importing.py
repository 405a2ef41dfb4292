"""Taking over what was kept elsewhere: all or nothing, once, and never so that anybody here is back-dated."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from forecasts import importing, verification
from forecasts.database import Database
from forecasts.formats import FORMATS, InvalidFolder
from forecasts.importing import Plan
from forecasts.models import Forecast, Forecaster
from forecasts.passwords import InvalidAccount
from questions import catalog, journal
from questions.models import Question, QuestionSet, Resolution, Source
from tests import folders
from tests.cast import (
    DAY,
    NOON,
    SPECS,
    MovedClock,
    called,
    come_in,
    entries,
    everything,
    join,
    kinds,
    loss,
    say,
)
from tests.cast import resolve as settle
from tests.folders import HEADS, asked, decided, said

HERE = "is somebody here, and takes no forecasts from elsewhere. Choose another handle."
MEANWHILE = "Somebody has forecast on “rain” here meanwhile, so it takes no more from elsewhere."
SUCH = "2026-12-31T23:59:00Z"
FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)


def bring(database: Database, path: Path) -> Plan:
    """Import the folder now."""
    folder = FORMATS["csv"].read(path)
    with database.writing() as (session, moment):
        plan = importing.examine(session, folder, moment)
        importing.carry_out(session, plan, by=journal.OPERATOR, moment=moment)
    return plan


def refused(database: Database, path: Path) -> list[str]:
    """The sentences with which the folder is refused; nothing was changed by it."""
    before = everything(database)
    with pytest.raises(InvalidFolder) as refusal:
        bring(database, path)
    assert everything(database) == before
    *lines, last = str(refusal.value).splitlines()
    assert last == "Nothing was imported."
    return lines


def asked_of(database: Database, slug: str) -> Question:
    """The question as it is now."""
    with database.reading() as session:
        return session.exec(select(Question).where(Question.slug == slug)).one()


def acts(database: Database) -> Sequence[Forecast]:
    """Every forecast and withdrawal, in the order of the journal."""
    with database.reading() as session:
        return session.exec(select(Forecast).order_by(col(Forecast.entry))).all()


def proven(database: Database) -> list[str]:
    """What verifying says; it holds."""
    with database.reading() as session:
        return list(verification.verify(session))


# What an import does


def test_everything_is_added_in_the_order_in_which_it_was_done(database: Database, tmp_path: Path) -> None:
    folders.write(tmp_path, [asked("rain"), asked("snow")], [said("0.5", 3), said("0.7", 2)], [decided()])

    plan = bring(database, tmp_path)

    assert kinds(database) == ["set", "question", "question", "forecast", "forecast", "resolution"]
    assert [(act.made_at.day, act.probabilities[1]) for act in acts(database)] == [(2, 0.7), (3, 0.5)]
    assert str(plan) == (
        "New: 2 questions, 1 forecaster, 2 forecasts and 1 resolution.\n"
        "Mean of (p - y)² over 2 yes-or-no forecasts: 0.1700."  # (0.3² + 0.5²) / 2
    )


def test_questions_and_forecasters_are_marked_as_imported_and_so_is_the_journal(
    database: Database, tmp_path: Path
) -> None:
    head = HEADS["forecasts"] + ",recorded_at,forecaster_name,forecaster_kind"
    rows = [said() + ",2026-02-05T00:00:00Z,Cleo Ørsted,bot", said(who="dan") + ",,,"]
    folders.write(tmp_path, forecasts=rows, resolutions=[decided()], heads={"forecasts": head})

    bring(database, tmp_path)

    cleo, dan = called(database, "cleo"), called(database, "dan")
    assert (cleo.imported, cleo.kind, cleo.name, cleo.joined_at) == (True, "bot", "Cleo Ørsted", NOON)
    assert (dan.imported, dan.kind, dan.name, dan.password) == (True, "person", "dan", None)
    assert asked_of(database, "rain").imported
    first, second = acts(database)
    assert (first.made_at, first.recorded_at, first.claimed_at) == (FEBRUARY + DAY, NOON, FEBRUARY + 4 * DAY)
    assert (second.made_at, second.recorded_at, second.claimed_at) == (FEBRUARY + DAY, NOON, None)
    by_kind = {entry.kind: entry for entry in entries(database)}
    assert '"imported":true' in str(by_kind["question"].content)
    assert [entry.actor for entry in entries(database) if entry.kind == "forecast"] == [cleo.pseudonym, dan.pseudonym]
    assert {entry.recorded_at for entry in entries(database)} == {NOON}


def test_imported_forecasts_score_from_when_they_were_made(database: Database, tmp_path: Path) -> None:
    """On a window of 28 days: 0.5 for a day, then 0.9 until it rained on the eleventh day."""
    folders.write(tmp_path, forecasts=[said("0.5", 1), said("0.9", 2)], resolutions=[decided("yes", 11)])

    bring(database, tmp_path)

    rain = asked_of(database, "rain")
    assert loss(database, called(database, "cleo"), rain) == pytest.approx((1 * 0.25 + 9 * 0.01) / 28)


def test_what_was_imported_is_proven_like_anything_else(database: Database, tmp_path: Path) -> None:
    folders.write(tmp_path, forecasts=[said("0.5"), said("0.25", who="dan")], resolutions=[decided()])

    bring(database, tmp_path)

    assert proven(database)[0] == "5 entries stand in an unbroken chain."


FOUR_KINDS = (
    HEADS["questions"] + ",resolves_at,outcomes,range",
    asked("rain") + ",2026-03-02T00:00:00Z,,",
    asked("wind", "choice") + ",,north | south | calm,",
    asked("frost", "number") + ',,,"' + json.dumps(SPECS["number"]["range"]).replace('"', '""') + '"',
    asked("thaw", "date") + ',,,"' + json.dumps(SPECS["date"]["range"]).replace('"', '""') + '"',
)


def test_all_four_kinds_with_withdrawals_and_expiries_are_taken_over(database: Database, tmp_path: Path) -> None:
    head, *questions = FOUR_KINDS
    spoken = [
        f'{slug},cleo,2026-02-02T00:00:00Z,,forecast,"[0.25, 0.5, 0.25]",2026-02-10T00:00:00Z'
        for slug in ("wind", "frost", "thaw")
    ]
    taken_back = "wind,cleo,2026-02-04T00:00:00Z,,withdrawal,,"
    folders.write(
        tmp_path, questions, [said() + ",,,", *spoken, taken_back],
        [decided("calm", slug="wind"), decided("2", slug="frost"), decided("after", slug="thaw")],
        heads={"questions": head, "forecasts": HEADS["forecasts"] + ",act,probabilities,expires_at"},
    )  # fmt: skip

    bring(database, tmp_path)

    with database.reading() as session:
        kept = {one.slug: one for one in session.exec(select(Question))}
        outcomes = {one.question_id: (one.outcome, one.value) for one in session.exec(select(Resolution))}
    assert kept["wind"].spec == {"outcomes": ["north", "south", "calm"]}
    assert [catalog.shape_of(kept[slug]).size for slug in ("rain", "wind", "frost", "thaw")] == [2, 3, 3, 3]
    assert (kept["rain"].resolves_at, kept["wind"].resolves_at) == (
        datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip
    assert [outcomes[kept[slug].id] for slug in ("wind", "frost", "thaw")] == [(2, ""), (1, "2"), (2, "after")]
    assert kinds(database).count("withdrawal") == 1
    assert {act.expires_at for act in acts(database)} == {None, FEBRUARY + 9 * DAY}
    proven(database)


def test_a_set_says_once_what_it_is_called_and_which_source_implies_it(database: Database, tmp_path: Path) -> None:
    source = (
        '"{""slug"": ""almanac"", ""name"": ""The almanac"", ""title"": ""What will be"", '
        '""said_at"": ""2026-02-01T12:00:00Z"", ""read_on"": ""2026-02-01""}"'
    )
    head = HEADS["questions"] + ",set_title,set_description,source"
    folders.write(
        tmp_path, [f"{asked('rain')},The weather,All of it.,{source}", f"{asked('snow')},,,"],
        [said(who="almanac")], heads={"questions": head},
    )  # fmt: skip

    bring(database, tmp_path)

    speaker = called(database, "almanac")
    with database.reading() as session:
        within, text = session.exec(select(QuestionSet)).one(), session.exec(select(Source)).one()
    assert (within.title, within.description, within.source_id) == ("The weather", "All of it.", text.id)
    assert (speaker.kind, speaker.name, speaker.source_id, speaker.imported) == ("source", "The almanac", text.id, True)
    assert acts(database)[0].forecaster_id == speaker.id
    proven(database)


def test_every_superseded_resolution_is_kept_and_the_latest_counts(database: Database, tmp_path: Path) -> None:
    folders.write(
        tmp_path, forecasts=[said("0.5", 1)],
        resolutions=[decided("no", 8), "rain,reopened,,,It rained after all.", decided("yes", 15)],
    )  # fmt: skip

    plan = bring(database, tmp_path)

    with database.reading() as session:
        made = catalog.decisions(session, asked_of(database, "rain"))
    assert [(one.verdict, one.outcome) for one in made] == [("resolved", 1), ("reopened", None), ("resolved", 0)]
    assert [one.supersedes for one in made] == [made[1].entry, made[2].entry, 0]
    assert plan.found.squares().tolist() == [0.25]
    assert loss(database, called(database, "cleo"), asked_of(database, "rain")) == pytest.approx(14 * 0.25 / 28)


@pytest.mark.parametrize("last", ["rain,annulled,,,The station burned down.", "rain,reopened,,,"])
def test_what_is_annulled_or_open_again_has_no_score_and_no_part_in_the_mean(
    last: str, database: Database, tmp_path: Path
) -> None:
    folders.write(tmp_path, forecasts=[said()], resolutions=[decided(), last])

    plan = bring(database, tmp_path)

    assert loss(database, called(database, "cleo"), asked_of(database, "rain")) is None
    assert "Mean" not in str(plan)
    proven(database)


# A second time


def test_a_second_import_changes_nothing_and_says_so(database: Database, clock: MovedClock, tmp_path: Path) -> None:
    folders.write(tmp_path, forecasts=[said(), said()], resolutions=[decided("no"), decided("yes")])
    bring(database, tmp_path)
    before = everything(database)
    clock.moment = NOON + DAY

    again = bring(database, tmp_path)

    assert everything(database) == before
    assert str(again).startswith(
        "Nothing is new. The folder holds 1 question, 1 forecaster, 2 forecasts and 2 resolutions."
    )


def test_the_same_said_once_more_is_one_more_act(database: Database, tmp_path: Path) -> None:
    bring(database, folders.write(tmp_path, forecasts=[said(), said()]))

    plan = bring(database, folders.write(tmp_path, forecasts=[said(), said(), said()]))

    assert str(plan) == "New: 0 questions, 0 forecasters, 1 forecast and 0 resolutions."
    assert len(acts(database)) == 3


def test_a_folder_that_has_grown_adds_what_is_new(database: Database, tmp_path: Path) -> None:
    folders.write(tmp_path, forecasts=[said("0.5", 2)])
    bring(database, tmp_path)
    folders.write(
        tmp_path, [asked(), asked("snow")], [said("0.5", 2), said("0.9", 3), said("0.1", who="dan")], [decided()]
    )

    plan = bring(database, tmp_path)

    assert str(plan).startswith("New: 1 question, 1 forecaster, 2 forecasts and 1 resolution.")
    assert asked_of(database, "snow").position == 2
    assert len(acts(database)) == 3
    proven(database)


def test_a_folder_that_has_shrunk_takes_nothing_away(database: Database, tmp_path: Path) -> None:
    folders.write(tmp_path, [asked(), asked("snow")], [said("0.5", 2), said("0.9", 3)], [decided()])
    bring(database, tmp_path)
    before = everything(database)

    bring(database, folders.write(tmp_path, forecasts=[said("0.9", 3)]))

    assert everything(database) == before


def test_what_was_imported_before_cannot_be_changed_by_an_import(database: Database, tmp_path: Path) -> None:
    folders.write(tmp_path, forecasts=[said("0.5", 5)], resolutions=[decided()])
    bring(database, tmp_path)
    head = {
        "questions": HEADS["questions"] + ",fine_print,set_title",
        "forecasts": HEADS["forecasts"] + ",forecaster_kind,forecaster_name",
    }
    changed = asked().replace("As measured.", "As told.").replace("2026-03-01", "2026-03-02")
    folders.write(
        tmp_path, [changed + ",And more.,Another"], [said("0.5", 4) + ",bot,Somebody"], [decided("no")], heads=head
    )

    assert refused(database, tmp_path) == [
        "forecasts.csv, line 2 (forecaster_kind): “cleo” was imported with another. Leave this empty.",
        "forecasts.csv, line 2 (forecaster_name): “cleo” was imported with another. Leave this empty.",
        (
            "forecasts.csv, line 2 (made_at): “cleo” was imported with a later forecast on “rain”, and the past stays. "
            "Import the folder into an empty database."
        ),
        "questions.csv, line 2 (set_title): The set “weather-2025” was imported with another. Leave this empty.",
        "questions.csv, line 2 (criteria): “rain” was imported with another. What was asked stays.",
        "questions.csv, line 2 (fine_print): “rain” was imported with another. What was asked stays.",
        "questions.csv, line 2 (closes_at): “rain” was imported with another. What was asked stays.",
        "questions.csv, line 2 (resolves_at): “rain” was imported with another. What was asked stays.",
        "resolutions.csv, line 2 (outcome): “rain” was decided otherwise here. Resolve it here, or leave the row out.",
    ]


# Nobody is back-dated


def test_a_question_or_a_set_that_was_made_here_takes_nothing(
    database: Database, rain: Question, tmp_path: Path
) -> None:
    folders.write(tmp_path, [asked("rain"), asked("snow", within="weather")], [said()])

    assert refused(database, tmp_path) == [
        "questions.csv, line 2 (question): There is a question “rain” that was asked here. Rename this one.",
        "questions.csv, line 3 (set): There is a set “weather” with questions that were asked here. Choose another.",
    ]


@pytest.mark.parametrize("handle", ["ada", "crowd", "always-50", "almanac"])
def test_nobody_who_is_here_already_is_given_forecasts(
    handle: str, database: Database, ada: Forecaster, tmp_path: Path
) -> None:
    source = {"slug": "almanac", "name": "The almanac", "title": "T", "said_at": NOON, "read_on": NOON.date()}
    with database.writing() as (session, moment):
        session.add(
            Forecaster(pseudonym="1", handle=str(source["slug"]), name="The almanac", kind="source", joined_at=moment)
        )
    folders.write(tmp_path, forecasts=[said(), said(who=handle)])

    assert refused(database, tmp_path) == [f"forecasts.csv, line 3 (forecaster): “{handle}” {HERE}"]


def test_a_source_that_is_here_already_is_not_spoken_for(database: Database, ada: Forecaster, tmp_path: Path) -> None:
    def implied(by: str, at: str = "2026-02-01T12:00:00Z") -> str:
        return (
            f'"{{""slug"": ""{by}"", ""name"": ""X"", ""title"": ""T"", ""said_at"": ""{at}"", '
            '""read_on"": ""2026-02-01""}"'
        )

    folders.write(
        tmp_path,
        [
            asked("rain", within="one") + f",{implied('ada')}",
            asked("snow", within="two") + f",{implied('almanac')}",
            asked("wind", within="three") + f",{implied('almanac')}",
            asked("hail", within="four") + f",{implied('oracle', '2027-02-01T12:00:00Z')}",
        ],
        heads={"questions": HEADS["questions"] + ",source"},
    )

    assert refused(database, tmp_path) == [
        f"questions.csv, line 2 (source): “ada” {HERE}",
        "questions.csv, line 4 (source): “almanac” is somebody else's handle already. Choose another slug for it.",
        "questions.csv, line 5 (source): “oracle” spoke in the future. Give the moment at which it was published.",
    ]  # fmt: skip


def test_nobody_can_sign_up_or_sign_in_as_somebody_imported(database: Database, tmp_path: Path) -> None:
    bring(database, folders.write(tmp_path, forecasts=[said()]))

    with pytest.raises(InvalidAccount, match="“Cleo” is taken"):
        join(database, "Cleo")
    with pytest.raises(InvalidAccount, match="do not belong together"):
        come_in(database, "cleo", "")


def test_an_imported_question_on_which_somebody_here_forecast_takes_no_more(
    database: Database, clock: MovedClock, ada: Forecaster, tmp_path: Path
) -> None:
    later = asked().replace(folders.CLOSES, "2026-04-01T00:00:00Z")
    bring(database, folders.write(tmp_path, [later], [said()]))
    say(database, ada, asked_of(database, "rain"), 0.5)
    clock.moment = NOON + DAY
    folders.write(tmp_path, [later], [said(), said("0.9", 3)])

    assert refused(database, tmp_path) == [f"forecasts.csv, line 3 (question): {MEANWHILE}"]

    assert str(bring(database, folders.write(tmp_path, [later], [said()]))).startswith("Nothing is new.")


def test_a_decision_made_here_on_an_imported_question_stands(
    database: Database, mo: Forecaster, tmp_path: Path
) -> None:
    bring(database, folders.write(tmp_path, forecasts=[said()]))
    settle(database, mo, asked_of(database, "rain"), 1, known_at=FEBRUARY + 5 * DAY)

    assert refused(database, folders.write(tmp_path, forecasts=[said()], resolutions=[decided("no")])) == [
        "resolutions.csv, line 2 (outcome): “rain” was decided otherwise here. Resolve it here, or leave the row out."
    ]
    assert str(bring(database, folders.write(tmp_path, forecasts=[said()]))).startswith("Nothing is new.")


# What is refused


def test_all_bad_rows_are_named_and_nothing_is_imported(database: Database, tmp_path: Path) -> None:
    folders.write(
        tmp_path,
        [asked("rain"), asked("rain"), asked("snow").replace(folders.OPENS, folders.CLOSES), asked("wind", "choice")],
        [said(), said("1.7"), said(slug="hail"), said(slug="snow"), said("0.5", 2, slug="wind")],
        [decided("perhaps"), decided(slug="hail"), decided(slug="wind")],
    )

    assert refused(database, tmp_path) == [
        "forecasts.csv, line 3 (probability): “1.7” is outside 0 to 1. Write a fraction such as 0.37.",
        "forecasts.csv, line 4 (question): There is no question “hail” among the questions.",
        "questions.csv, line 3 (question): “rain” stands twice in the file.",
        "questions.csv, line 4 (closes_at): closes before it opens.",
        "questions.csv, line 5 (outcomes): A choice needs “outcomes”: a list of 3 to 50 labels.",
        "resolutions.csv, line 2 (outcome): “perhaps” is neither yes nor no. Write one of the two.",
        "resolutions.csv, line 3 (question): There is no question “hail” among the questions.",
    ]


def test_questions_that_cannot_be_read_are_not_missed_elsewhere(database: Database, tmp_path: Path) -> None:
    folders.write(tmp_path, ['rain,"'], [said()], [decided()])

    (fault,) = refused(database, tmp_path)

    assert fault.startswith("questions.csv, line 2: cannot be read from here on")


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"probability": ""}, "(probability): is empty. Write what was forecast, or the act “withdrawal”."),
        (
            {"probabilities": '"[0.5, 0.5]"'},
            "(probability): Write either “probability” or “probabilities”, and only one of them.",
        ),
        (
            {"probability": "", "probabilities": '"[0.5, 0.6]"'},
            "(probabilities): The probabilities add up to 1.1, not to 1.",
        ),
        (
            {"probability": "", "probabilities": '"[0.5, 0.50000001]"'},
            "(probabilities): The probabilities add up to 1.00000001, not to 1.",
        ),
        (
            {"probability": "", "probabilities": '"[0.5, ""0.5""]"'},
            "(probabilities): “0.5” is not a number. Write a probability such as 0.7.",
        ),
        (
            {"probability": "", "probabilities": '"[1.5, -0.5]"'},
            "(probabilities): “1.5” is outside 0 to 1. Write a probability such as 0.7.",
        ),
        (
            {"probability": "", "probabilities": "[1]"},
            "(probabilities): Write “probabilities” as a list of 2 numbers, one for each outcome.",
        ),
        ({"act": "withdrawal"}, "(probability): A withdrawal says nothing of the outcome. Leave this empty."),
        (
            {"act": "withdrawal", "probability": "", "expires_at": "2026-02-09T00:00:00Z"},
            "(expires_at): A withdrawal does not expire. Leave this empty.",
        ),
        (
            {"made_at": "2026-03-02T12:00:01Z"},
            "(made_at): 2 March 2026, 12:00 UTC lies in the future. Leave out what has not happened yet.",
        ),
        (
            {"recorded_at": "2027-03-02T12:00:00Z"},
            "(recorded_at): 2 March 2027, 12:00 UTC lies in the future. Leave out what has not happened yet.",
        ),
        (
            {"made_at": "2026-03-01T00:00:00Z"},
            "(made_at): “rain” took forecasts until 1 March 2026, 00:00 UTC. Leave out what came later.",
        ),
        (
            {"recorded_at": "2026-02-01T00:00:00Z"},
            "(recorded_at): It was recorded before it was made. Look which of the two is right.",
        ),
        (
            {"expires_at": "2026-02-02T00:00:00Z"},
            "(expires_at): It expires before it was made, or at once. Write a later moment, or none.",
        ),
    ],
)
def test_a_forecast_that_nobody_can_have_made_is_refused(
    columns: Mapping[str, str], sentence: str, database: Database, tmp_path: Path
) -> None:
    usual = dict(zip(HEADS["forecasts"].split(","), said().split(","), strict=True))
    row = {**usual, "act": "", "probabilities": "", "recorded_at": "", "expires_at": "", **columns}
    folders.write(tmp_path, forecasts=[",".join(row.values())], heads={"forecasts": ",".join(row)})

    assert refused(database, tmp_path) == [f"forecasts.csv, line 2 {sentence}"]


def test_probabilities_may_miss_one_by_what_floats_lose(database: Database, tmp_path: Path) -> None:
    head = HEADS["forecasts"] + ",probabilities"
    row = 'rain,cleo,2026-02-02T00:00:00Z,,"[0.5, 0.5000000005]"'

    bring(database, folders.write(tmp_path, forecasts=[row], heads={"forecasts": head}))

    assert acts(database)[0].probabilities.tolist() == [0.5, 0.5000000005]


def test_a_probability_of_yes_says_nothing_of_other_kinds(database: Database, tmp_path: Path) -> None:
    head, *questions = FOUR_KINDS
    folders.write(tmp_path, questions, [said(slug="wind"), said(slug="frost")], heads={"questions": head})

    assert refused(database, tmp_path) == [
        "forecasts.csv, line 2 (probability): A question of the kind choice takes probabilities. Leave this empty.",
        "forecasts.csv, line 3 (probability): A question of the kind number takes probabilities. Leave this empty.",
    ]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["rain,yes,,,"], f"line 2 (known_at): is empty. Write when the outcome became known, such as {SUCH}."),
        (["rain,annulled,,,"], "line 2 (note): The reason is empty. Say why the question is annulled."),
        (
            ["rain,annulled,2026-02-02T00:00:00Z,,x"],
            "line 2 (known_at): What is annulled has no outcome that became known. Leave this empty.",
        ),
        (
            ["rain,reopened,,,"],
            "line 2 (outcome): Nothing is decided by then, so there is nothing to reopen. Look at the order.",
        ),
        (
            [decided(), decided()],
            "line 3 (outcome): It is decided so by the row before already. Leave one of the two out.",
        ),
        (
            ["rain,yes,2026-01-31T00:00:00Z,,"],
            (
                "line 2 (known_at): 31 January 2026, 00:00 UTC lies before the question opened on 1 February 2026, "
                "00:00 UTC. If the outcome was known by then, annul the question."
            ),
        ),
        (
            ["rain,yes,2027-01-31T00:00:00Z,,"],
            "line 2 (known_at): 31 January 2027, 00:00 UTC lies in the future. Leave out what has not happened yet.",
        ),
    ],
)
def test_a_decision_that_cannot_have_been_made_is_refused(
    given: Sequence[str], sentence: str, database: Database, tmp_path: Path
) -> None:
    assert refused(database, folders.write(tmp_path, resolutions=given)) == [f"resolutions.csv, {sentence}"]


def test_rows_of_one_set_or_forecaster_must_not_contradict_each_other(database: Database, tmp_path: Path) -> None:
    head = {"questions": HEADS["questions"] + ",set_title", "forecasts": HEADS["forecasts"] + ",forecaster_kind"}
    folders.write(
        tmp_path,
        [asked() + ",", asked("snow") + ",One", asked("wind") + ",Two"],
        [said() + ",bot", said() + ",person"],
        heads=head,
    )  # fmt: skip

    assert refused(database, tmp_path) == [
        (
            "forecasts.csv, line 3 (forecaster_kind): forecasts.csv, line 2 has another for the forecaster “cleo”. "
            "Leave this empty."
        ),
        (
            "questions.csv, line 4 (set_title): questions.csv, line 3 has another for the set “weather-2025”. "
            "Leave this empty."
        ),
    ]  # fmt: skip


def test_what_a_kind_does_not_have_is_refused(database: Database, tmp_path: Path) -> None:
    head = HEADS["questions"] + ",outcomes"

    assert refused(database, folders.write(tmp_path, [asked() + ",a|b|c"], heads={"questions": head})) == [
        "questions.csv, line 2 (outcomes): A question of the kind binary has no outcomes. Leave it out."
    ]


def test_looking_at_a_folder_writes_nothing(database: Database, tmp_path: Path) -> None:
    folders.write(tmp_path, forecasts=[said()], resolutions=[decided()])
    before = everything(database)

    with database.reading() as session:
        plan = importing.examine(session, FORMATS["csv"].read(tmp_path), NOON)

    assert str(plan).startswith("New: 1 question, 1 forecaster, 1 forecast and 1 resolution.")
    assert everything(database) == before


def test_one_who_looks_on_is_told_of_each_long_list(database: Database, tmp_path: Path) -> None:
    folders.write(tmp_path, forecasts=[said(), said("0.5", 3)], resolutions=[decided()])
    seen: dict[str, int] = {}

    def follow(things: Sequence[Any], what: str) -> Sequence[Any]:
        seen[what] = len(things)
        return things

    with database.writing() as (session, moment):
        plan = importing.examine(session, FORMATS["csv"].read(tmp_path), moment)
        importing.carry_out(session, plan, by=journal.OPERATOR, moment=moment, follow=follow)

    assert seen == {"Questions": 1, "Forecasts": 2, "Resolutions": 1, "Scores": 1}

"""Drafts: kept as typed, one writer at a time, reviewed, and then exactly what a set file would have made."""

import json
from typing import Any

import pytest

from forecasts import drafting, exporting, loading, verification
from forecasts.database import Database
from forecasts.formats import FORMATS
from forecasts.models import Draft, Forecaster
from questions import forms, journal, setfile
from questions.errors import ChangedMeanwhile, InvalidQuestion, NotAllowed, NotFound, Refusal
from questions.models import Question
from questions.setfile import InvalidFile
from tests.cast import DAY, HOUR, NOON, MovedClock, called, entries, kinds, publish, rows
from tests.cast import draft as asked

TRAM = {"title": "Will the tram run?", "kind": "binary", "criteria": "YES if it does.", "closes_at": "in 3 weeks"}
STEPS = {
    "title": "Will growth be above {threshold}%?",
    "direction": "above",
    "thresholds": "0\n1",
    "criteria": "As published.",
    "closes_at": "end of 2026",
    "slug": "growth",
}
SPEECH = {"title": "On the harbour", "name": "The speech", "said_at": "2026-03-01 12:00"}
CLAIM = TRAM | {"claim": "It will run.", "paragraph": "3", "implied_probability": "70", "reason": "It says so."}


def do(database: Database, verb: Any, *given: Any, **named: Any) -> Any:
    """Do one of the verbs now."""
    with database.writing() as (session, moment):
        return verb(session, *given, moment, **named) if verb is not drafting.discard else verb(session, *given)


def begin(database: Database, author: Forecaster, typed: dict[str, str] = TRAM, asks: str = "question") -> Draft:
    found: Draft = do(database, drafting.start, author, asks, typed)
    return found


def sent(database: Database, author: Forecaster, typed: dict[str, str] = TRAM, asks: str = "question") -> Draft:
    """A draft that waits for review."""
    found: Draft = do(database, drafting.send, begin(database, author, typed, asks), author)
    return found


def let_in(database: Database, draft: Draft, by: Forecaster, **into: str) -> Draft:
    with database.writing() as (session, moment):
        return drafting.publish(session, draft, into, draft.version, by=by, moment=moment)


def speech(database: Database, author: Forecaster, *claims: dict[str, str]) -> Draft:
    """A source with these claims."""
    draft = begin(database, author, SPEECH, "source")
    for claim in claims:
        draft = now(database, draft, author)
        number = do(database, drafting.add_claim, draft, author, SPEECH, draft.version)
        draft = now(database, draft, author)
        do(database, drafting.save_claim, draft, author, number, claim, draft.version)
    return now(database, draft, author)


def now(database: Database, draft: Draft, who: Forecaster) -> Draft:
    """The draft as it is now, for somebody who may see it."""
    with database.reading() as session:
        return drafting.find(session, str(draft.id), who)


# Writing


def test_a_draft_is_kept_as_typed_and_is_no_public_act(database: Database, ada: Forecaster) -> None:
    draft = begin(database, ada, {})

    saved = do(database, drafting.save, draft, ada, TRAM | {"closes_at": "no idea yet", "junk": "x", "tags": ""}, 0)

    assert saved.typed == TRAM | {"closes_at": "no idea yet"}
    assert (saved.version, saved.state) == (1, "draft")
    assert kinds(database) == []


def test_line_breaks_are_kept_as_everything_else_has_them(database: Database, ada: Forecaster) -> None:
    draft = begin(database, ada, {})

    saved = do(database, drafting.save, draft, ada, {"criteria": "One.\r\n\r\nTwo.\rThree."}, 0)

    assert saved.typed == {"criteria": "One.\n\nTwo.\nThree."}


def test_of_two_browsers_the_second_does_not_overwrite_what_it_has_not_seen(
    database: Database, ada: Forecaster
) -> None:
    draft = begin(database, ada)
    do(database, drafting.save, draft, ada, TRAM | {"criteria": "From the desk."}, 0)

    with pytest.raises(ChangedMeanwhile, match="saved from somewhere else meanwhile"):
        do(database, drafting.save, draft, ada, TRAM | {"criteria": "From the phone."}, 0)

    assert now(database, draft, ada).typed["criteria"] == "From the desk."
    over = do(database, drafting.save, draft, ada, TRAM | {"criteria": "From the phone."}, 1)
    assert (over.typed["criteria"], over.version) == ("From the phone.", 2)


def test_saving_the_same_twice_is_no_conflict(database: Database, ada: Forecaster) -> None:
    """A browser that leaves the page sends what it just sent."""
    draft = begin(database, ada)
    do(database, drafting.save, draft, ada, TRAM | {"tags": "city"}, 0)

    again = do(database, drafting.save, draft, ada, TRAM | {"tags": "city"}, 0)

    assert again.version == 1


def test_nobody_else_sees_a_draft_before_it_is_sent_and_then_moderators_do(
    database: Database, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    draft = begin(database, ada)
    for who in (bob, mo):
        with pytest.raises(NotFound):
            now(database, draft, who)
        with pytest.raises(NotAllowed):
            do(database, drafting.save, draft, who, TRAM, 0)

    do(database, drafting.send, draft, ada)

    assert now(database, draft, mo).state == "review"
    with pytest.raises(NotFound):
        now(database, draft, bob)


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "9" * 30, "١", "1.0", "\x00"])
def test_a_draft_that_is_not_there_is_not_found(database: Database, ada: Forecaster, number: str) -> None:
    with database.reading() as session, pytest.raises(NotFound):
        drafting.find(session, number, ada)


def test_what_waits_or_was_published_is_not_written_on(database: Database, ada: Forecaster, mo: Forecaster) -> None:
    draft = sent(database, ada)
    with pytest.raises(Refusal, match="Take it back before you change it"):
        do(database, drafting.save, draft, ada, {}, draft.version)

    publish(database, asked("rain"))
    let_in(database, draft, mo, set="weather")

    for verb, given in ((drafting.save, ({}, 2)), (drafting.send, ()), (drafting.take_back, ())):
        with pytest.raises(Refusal):
            do(database, verb, draft, ada, *given)
    with pytest.raises(Refusal, match="on record"):
        do(database, drafting.discard, draft, ada)


def test_a_draft_can_be_deleted_by_its_author_alone(database: Database, ada: Forecaster, bob: Forecaster) -> None:
    draft = begin(database, ada)
    with pytest.raises(NotAllowed):
        do(database, drafting.discard, draft, bob)

    do(database, drafting.discard, draft, ada)

    assert rows(database, "draft") == []
    with pytest.raises(NotFound):
        do(database, drafting.save, draft, ada, TRAM, 0)


def test_nobody_has_drafts_without_end(database: Database, ada: Forecaster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafting, "MOST_DRAFTS", 2)
    begin(database, ada)
    begin(database, ada)

    with pytest.raises(Refusal, match="You have 2 drafts"):
        begin(database, ada)
    with pytest.raises(Refusal, match="'poem' cannot be drafted"):
        begin(database, ada, {}, "poem")


def test_a_draft_is_not_longer_than_anybody_writes(database: Database, ada: Forecaster) -> None:
    draft = begin(database, ada)
    long = dict.fromkeys(forms.FIELDS["question"], "x" * 20000)

    with pytest.raises(Refusal, match="has more than 400,000 characters"):
        do(database, drafting.save, draft, ada, long, 0)


# Review


def test_what_is_not_ready_is_not_sent(database: Database, ada: Forecaster, rain: Question) -> None:
    for changes, field in (
        ({"closes_at": "soon"}, "closes_at"),
        ({"criteria": ""}, "criteria"),
        ({"slug": "rain"}, "slug"),
    ):
        draft = begin(database, ada, TRAM | changes)

        with pytest.raises(InvalidQuestion) as refusal:
            do(database, drafting.send, draft, ada)

        assert refusal.value.field == field
        assert now(database, draft, ada).state == "draft"


def test_what_is_sent_does_not_move_while_it_waits(
    database: Database, clock: MovedClock, ada: Forecaster, mo: Forecaster
) -> None:
    draft = sent(database, ada)
    publish(database, asked("rain"))
    clock.moment += 7 * DAY

    let_in(database, draft, mo, set="weather")

    with database.reading() as session:
        question = session.get_one(Question, 2)
    assert question.closes_at == NOON.replace(hour=23, minute=59) + 21 * DAY
    assert question.opens_at == NOON + 7 * DAY


def test_a_moderator_sends_it_back_with_a_remark_and_it_can_be_sent_again(
    database: Database, ada: Forecaster, mo: Forecaster
) -> None:
    draft = sent(database, ada)
    with pytest.raises(Refusal, match="The remark is empty"):
        do(database, drafting.give_back, draft, " ", draft.version)

    back = do(database, drafting.give_back, draft, "Who decides?", draft.version)

    assert (back.state, back.remark) == ("returned", "Who decides?")
    saved = do(database, drafting.save, back, ada, TRAM | {"resolves_from": "The city"}, back.version)
    assert (saved.state, saved.remark) == ("returned", "Who decides?")
    again = do(database, drafting.send, saved, ada)
    assert (again.state, again.remark) == ("review", "")


def test_an_author_takes_a_draft_back(database: Database, ada: Forecaster, mo: Forecaster) -> None:
    draft = sent(database, ada)

    assert do(database, drafting.take_back, draft, ada).state == "draft"
    with pytest.raises(Refusal, match="does not wait for review"):
        do(database, drafting.give_back, draft, "Why?", 2)
    with pytest.raises(Refusal, match="does not wait for review"):
        let_in(database, draft, mo, set="weather")


def test_what_was_published_is_what_was_looked_at(database: Database, ada: Forecaster, mo: Forecaster) -> None:
    publish(database, asked("rain"))
    looked = sent(database, ada)
    do(database, drafting.take_back, looked, ada)
    do(database, drafting.save, looked, ada, TRAM | {"criteria": "Something else."}, looked.version + 1)
    do(database, drafting.send, looked, ada)
    before = kinds(database)

    with database.writing() as (session, moment), pytest.raises(ChangedMeanwhile):
        drafting.publish(session, looked, {"set": "weather"}, 1, by=mo, moment=moment)

    assert kinds(database) == before


def test_the_author_asks_and_the_moderator_lets_it_in_and_both_are_on_record(
    database: Database, ada: Forecaster, mo: Forecaster
) -> None:
    publish(database, asked("rain"), asked("wind"))
    draft = sent(database, ada)

    made = let_in(database, draft, mo, set="weather")

    assert (made.state, made.became) == ("published", "/questions/will-the-tram-run")
    question, review = entries(database)[-2:]
    assert (question.kind, question.actor, question.subject) == ("question", ada.pseudonym, "will-the-tram-run")
    assert (review.kind, review.actor, review.subject) == ("review", mo.pseudonym, "will-the-tram-run")
    assert json.loads(review.content or "") == {"author": ada.pseudonym, "verdict": "published"}
    assert json.loads(question.content or "")["position"] == 3
    with database.reading() as session:
        assert next(verification.verify(session)) == "5 entries stand in an unbroken chain."


def test_a_moderators_own_needs_no_other(database: Database, mo: Forecaster) -> None:
    publish(database, asked("rain"))

    let_in(database, sent(database, mo), mo, set="weather")

    assert kinds(database)[-1] == "question"
    assert entries(database)[-1].actor == mo.pseudonym


def test_a_question_goes_into_a_new_set_or_one_that_is_there(
    database: Database, ada: Forecaster, mo: Forecaster
) -> None:
    draft = sent(database, ada)
    for into, sentence in (
        ({}, "No set is chosen"),
        ({"set": "nowhere"}, "No set is chosen"),
        ({"new_set": "!"}, "no title for a set"),
        ({"new_set": "x" * 301}, "no title for a set"),
    ):
        with pytest.raises(Refusal, match=sentence):
            let_in(database, draft, mo, **into)

    let_in(database, draft, mo, new_set="The city")

    assert kinds(database) == ["set", "question", "review"]
    with pytest.raises(Refusal, match="There is a set “the-city” already"):
        let_in(database, sent(database, ada, TRAM | {"slug": "tram-2"}), mo, new_set="The City")


def test_a_name_that_was_taken_meanwhile_is_refused_at_publication(
    database: Database, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> None:
    hers, his = sent(database, ada), sent(database, bob)
    let_in(database, hers, mo, new_set="The city")

    with pytest.raises(InvalidQuestion, match="There is a question “will-the-tram-run” already"):
        let_in(database, his, mo, set="the-city")

    assert now(database, his, mo).state == "review"


# Ladders and sources


def test_a_ladder_becomes_its_rungs_in_one_group_and_goes_out_and_comes_in_again(
    database: Database, url: str, tmp_path: Any, ada: Forecaster, mo: Forecaster
) -> None:
    made = let_in(database, sent(database, ada, STEPS, "ladder"), mo, new_set="Growth")

    assert made.became == "/ladders/growth"
    assert kinds(database) == ["set", "question", "review", "question", "review"]
    with database.reading() as session:
        found = [session.get_one(Question, number) for number in (1, 2)]
        assert [(one.slug, one.group, one.position) for one in found] == [
            ("growth-above-0", "growth", 1),
            ("growth-above-1", "growth", 2),
        ]
        assert found[1].spec == {"ladder": {"threshold": 1, "direction": "above"}}
        FORMATS["csv"].write(exporting.gather(session), tmp_path / "out")
        assert len(list(verification.verify(session))) == 4
    again = list(FORMATS["csv"].read(tmp_path / "out").questions)
    assert [one.spec for one in again] == [one.spec for one in found]
    with pytest.raises(InvalidQuestion, match="There is a group “growth” already"):
        sent(database, ada, STEPS, "ladder")


def test_a_source_becomes_exactly_what_loading_its_file_makes_it(
    database: Database, ada: Forecaster, mo: Forecaster
) -> None:
    """But for who asks: the author is on record instead of who runs the machine."""
    file = b"""
[set]
slug = "on-the-harbour"
title = "On the harbour"
[source]
slug = "the-speech"
name = "The speech"
title = "On the harbour"
said_at = 2026-03-01T12:00:00Z
read_on = 2026-03-02
[[questions]]
slug = "will-the-tram-run"
kind = "binary"
title = "Will the tram run?"
criteria = "YES if it does."
claim = "It will run."
paragraph = "3"
opens_at = 2026-03-01T12:00:00Z
closes_at = 2026-03-23T23:59:00Z
[questions.implied]
probability = 0.7
reason = "It says so."
"""
    draft = do(database, drafting.send, speech(database, ada, CLAIM), ada)

    made = let_in(database, draft, mo)

    assert made.became == "/sets/on-the-harbour"
    assert kinds(database) == ["source", "set", "question", "forecast", "review"]
    assert {one.actor for one in entries(database)[:3]} == {ada.pseudonym}
    with database.writing() as (session, moment):
        report = loading.load(session, setfile.parse(file, "f"), "f", by=journal.OPERATOR, moment=moment)
    assert (report.added, report.left, report.differing) == ([], ["will-the-tram-run"], {})
    said = entries(database)[3]
    speaker = called(database, "the-speech")
    assert (said.actor, speaker.kind) == (speaker.pseudonym, "source")
    content = json.loads(said.content or "")
    assert content.pop("probabilities") == pytest.approx([0.3, 0.7])
    assert content == {"made_at": "2026-03-01T12:00:00.000000Z", "rationale": "It says so."}
    with database.reading() as session:
        assert len(list(verification.verify(session))) == 4


def test_claims_are_written_one_by_one_and_the_others_stay(database: Database, ada: Forecaster) -> None:
    draft = speech(database, ada, CLAIM, CLAIM | {"title": "Will the ferry?"})

    do(database, drafting.save, draft, ada, SPEECH | {"author": "B. Writer", "claims": "9"}, draft.version)
    draft = now(database, draft, ada)
    do(database, drafting.save_claim, draft, ada, 2, {"title": "Will the boat?"}, draft.version)
    draft = now(database, draft, ada)

    assert forms.claims(draft.typed) == [1, 2]
    assert forms.claim_of(draft.typed, 1) == CLAIM
    assert forms.claim_of(draft.typed, 2) == {"title": "Will the boat?"}
    assert draft.typed["author"] == "B. Writer"
    do(database, drafting.drop_claim, draft, ada, 1)
    assert forms.claims(now(database, draft, ada).typed) == [2]
    assert not forms.claim_of(now(database, draft, ada).typed, 1)
    with pytest.raises(NotFound):
        do(database, drafting.save_claim, draft, ada, 1, {}, draft.version + 1)


def test_a_source_whose_name_is_somebody_elses_is_refused(database: Database, ada: Forecaster, mo: Forecaster) -> None:
    draft = speech(database, ada, CLAIM)
    do(database, drafting.save, draft, ada, SPEECH | {"slug": "mo"}, draft.version)
    draft = do(database, drafting.send, draft, ada)

    with pytest.raises(InvalidFile, match="There is a forecaster “mo” already"):
        let_in(database, draft, mo)

    assert kinds(database) == []


def test_a_source_has_not_more_claims_than_a_form_lists(
    database: Database, ada: Forecaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "MOST_CLAIMS", 1)
    draft = speech(database, ada, CLAIM)

    with pytest.raises(Refusal, match="at most 1 claims"):
        do(database, drafting.add_claim, draft, ada, SPEECH, draft.version)


# Asking again


def test_a_question_is_asked_again_without_its_times(database: Database, rain: Question) -> None:
    typed = drafting.again(rain, "again")

    assert {name: text for name, text in typed.items() if text} == {
        "title": "What of the rain?",
        "criteria": "As measured.",
        "kind": "binary",
        "slug": "rain-again",
    }


@pytest.mark.parametrize("kind", ["binary", "choice", "number", "date"])
def test_a_year_later_it_is_the_same_question_with_every_time_moved_on(
    database: Database, kind: str, ada: Forecaster, mo: Forecaster
) -> None:
    (question,) = publish(database, asked(kind, kind))

    draft = begin(database, ada, drafting.again(question, "later"))

    made = forms.question(draft.typed, NOON)
    assert made.fields["spec"] == question.spec
    assert made.fields["closes_at"] == question.closes_at.replace(year=2027)
    assert made.fields["resolves_at"] == question.resolves_at.replace(year=2027)


def test_to_go_on_longer_a_question_is_continued_by_one_of_its_group(database: Database, rain: Question) -> None:
    typed = drafting.again(rain, "longer") | {"closes_at": "end of June"}

    fields = forms.question(typed, NOON).fields

    assert (fields["group"], fields["slug"]) == ("rain", "rain-continued")
    assert fields["opens_at"] == rain.closes_at
    with pytest.raises(Refusal, match="Choose one of the ways"):
        drafting.again(rain, "backwards")


def test_the_29th_of_february_has_no_year_later(database: Database) -> None:
    leap = NOON.replace(year=2028, month=2, day=29)
    (question,) = publish(database, asked("leap", opens_at=leap, closes_at=leap + HOUR, resolves_at=leap + HOUR))

    assert drafting.again(question, "later")["opens_at"] == "2029-02-28 12:00"

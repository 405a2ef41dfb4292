"""What was signed as others read it: the page, the checkpoints as text, the verifier, and the proof of each score."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from forecasts import checkpoints, signing, verifier
from forecasts.database import Database
from forecasts.models import Forecaster
from questions.models import Question
from tests.cast import HOUR, MovedClock, entries, resolve, say, sign
from tests.forecasts.checking import exported, verified
from tests.web.conftest import Town, Visit
from tests.web.sight import Sight

TEXT = "text/plain; charset=utf-8"


def test_before_anything_was_signed_the_pages_say_so(visit: Visit, town: Town) -> None:
    browser = visit()

    page = Sight.of(browser.get("/verification").text).text
    answer = browser.get("/checkpoint")

    assert "Nothing was signed here yet." in page
    assert answer.status_code == 404
    assert "Nothing was signed here yet. The first act is signed within an hour." in Sight.of(answer.text).text
    assert browser.get("/checkpoints.txt").text == ""


def test_every_checkpoint_is_public_the_newest_first(
    visit: Visit, database: Database, mo: Forecaster, rain: Question
) -> None:
    first = sign(database)
    resolve(database, mo, rain, 1)
    browser = visit()

    latest, every = browser.get("/checkpoint"), browser.get("/checkpoints.txt")

    assert first
    assert latest.text.split("\n")[:2] == ["brierboard/test", "3"]
    assert every.text == f"{latest.text}\n{first.note}"
    assert [note.size for note in verifier.notes(every.text)] == [3, 2]
    assert signing.checked(latest.text, first.key)[0] == 3
    assert latest.headers["content-type"] == every.headers["content-type"] == TEXT
    assert browser.get("/checkpoints.txt", headers={"If-None-Match": every.headers["etag"]}).status_code == 304


def test_the_page_has_the_key_and_says_what_no_check_finds(visit: Visit, database: Database, rain: Question) -> None:
    made = sign(database)
    page = Sight.of(visit().get("/verification").text)

    assert made
    assert f"The public key: {made.key}" in page.text
    assert "was signed on 2 Mar 2026, 12:00 UTC, over 2 entries. Every checkpoint is public, 1 so far" in page.text
    for sentence in ("may rewrite what nobody outside has seen", "that it has the same numbers as the one that lost"):
        assert sentence in page.text
    assert {"/checkpoint", "/checkpoints.txt", "/verifier.py", "/journal"} <= set(page.links)


def test_the_verifier_is_given_out_as_it_is(visit: Visit) -> None:
    answer = visit().get("/verifier.py")

    assert answer.content == Path(verifier.__file__).read_bytes()
    assert answer.headers["content-disposition"] == 'attachment; filename="verifier.py"'


# The proof of a score


RECEIPT = "/questions/snow/receipts/bob"


def test_a_receipt_says_where_no_checkpoint_covers_it(visit: Visit, database: Database, town: Town) -> None:
    browser = visit()

    def is_covered() -> bool:
        page, answer = browser.get(RECEIPT), browser.get(f"{RECEIPT}/proof.txt")
        said = (
            "This rests on 2 entries of the journal, which no signed checkpoint covers yet." in Sight.of(page.text).text
        )
        refused = "No signed checkpoint covers what Bob did on “What of the snow?” yet." in Sight.of(answer.text).text
        assert (answer.status_code == 404) == said == refused
        assert (browser.get(f"/api/v1{RECEIPT}").json()["proof"] is None) == said
        return not said

    before = is_covered()
    sign(database)

    assert (before, is_covered()) == (False, True)


def test_whoever_keeps_the_proof_can_show_that_nothing_was_rewritten(
    visit: Visit, database: Database, town: Town, tmp_path: Path
) -> None:
    made = sign(database)
    assert made
    browser, kept, program = visit(), tmp_path / "proof.txt", tmp_path / "program.txt"
    page = Sight.of(browser.get(RECEIPT).text)

    answer = browser.get(f"{RECEIPT}/proof.txt")
    kept.write_text(answer.text)
    program.write_text(browser.get(f"/api/v1{RECEIPT}").json()["proof"])

    assert f"2 entries of the journal. Keep the proof that all of them are among the first {made.size}" in page.text
    assert f"{RECEIPT}/proof.txt" in page.links
    assert answer.text.split("\n")[:3] == ["brierboard receipt", "question snow", "forecaster bob"]
    assert answer.text.endswith(f"\ncheckpoint\n{made.note}")
    assert answer.headers["content-disposition"] == 'attachment; filename="snow.bob.proof.txt"'
    assert kept.read_text() == program.read_text()
    code, told, said = verified(
        tmp_path, exported(database, tmp_path), "--receipt", kept, "--checkpoint", made_in(tmp_path, made.note)
    )
    assert (code, said) == (0, "")
    assert "2 entries of the receipt are in the export as they were." in told
    hashes = {one.seq: one.hash.hex() for one in entries(database)}
    assert [line.split()[2] for line in answer.text.split("\n") if line.startswith("entry")] == [
        hashes[int(line.split()[1])] for line in answer.text.split("\n") if line.startswith("entry")
    ]


def made_in(folder: Path, note: str) -> Path:
    path = folder / "checkpoint.txt"
    path.write_text(note)
    return path


@pytest.mark.parametrize("change", ["entry", "proof", "root"])
def test_a_proof_that_was_changed_convinces_nobody(
    visit: Visit, database: Database, town: Town, tmp_path: Path, change: str
) -> None:
    made, kept = sign(database), tmp_path / "proof.txt"
    assert made
    text = visit().get(f"{RECEIPT}/proof.txt").text
    lines = text.split("\n")
    place = next(number for number, line in enumerate(lines) if line.startswith(change)) if change != "root" else -4
    words = lines[place].split(" ")
    other = {"entry": bytes(32).hex(), "proof": b64encode(bytes(32)).decode(), "root": b64encode(bytes(32)).decode()}
    lines[place] = " ".join([*words[: 2 if change == "entry" else len(words) - 1], other[change]])
    kept.write_text("\n".join(lines))

    code, _, said = verified(tmp_path, exported(database, tmp_path), "--receipt", kept)

    assert kept.read_text() != text
    assert code == 1
    assert said.startswith(("Entry ", "The proof in the receipt does not lead from entry "))


def test_the_crowd_has_a_score_and_no_entry(visit: Visit, database: Database, town: Town) -> None:
    sign(database)
    browser = visit()

    page = Sight.of(browser.get("/questions/snow/receipts/crowd").text).text

    assert "follows from what others said, so no entry of the journal is its own." in page
    assert browser.get("/questions/snow/receipts/crowd/proof.txt").status_code == 404
    assert browser.get("/api/v1/questions/snow/receipts/crowd").json()["proof"] is None


def test_an_answer_of_the_api_to_an_act_is_a_receipt_too(
    database: Database, clock: MovedClock, ada: Forecaster, rain: Question, tmp_path: Path
) -> None:
    made = say(database, ada, rain, 0.7)
    clock.moment += HOUR
    sign(database)
    kept = tmp_path / "act.json"
    found = entries(database)[made.entry - 1].hash.hex()

    for said, code in ((found, 0), (found[::-1], 1)):
        kept.write_text(json.dumps({"seq": made.entry, "receipt": said}))
        assert verified(tmp_path, exported(database, tmp_path), "--receipt", kept)[0] == code


def test_a_decision_by_the_page_is_signed_at_once(
    visit: Visit, database: Database, rain: Question, mo: Forecaster
) -> None:
    sign(database)
    form = {"verdict": "resolved", "outcome": "yes", "known_at": "2026-03-02 12:00", "seen": "0", "step": "confirm"}

    answer = visit(mo).post("/questions/rain/resolution", data=form)

    assert answer.status_code == 303
    with database.reading() as session:
        assert [one.size for one in checkpoints.every(session)] == [3, 2]

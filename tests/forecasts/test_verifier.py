"""The verifier: RFC 8032's vectors, scores worked out by hand, and exports of all that the program does."""

import json
import struct
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import col, update

from forecasts import erasing, inclusion, ledger, merkle, moderation, verifier
from forecasts.database import Database
from forecasts.models import Forecaster
from forecasts.signing import Signer
from questions import catalog
from questions.models import Question, Resolution
from tests.cast import (
    HOUR,
    NOON,
    SOURCE,
    MovedClock,
    annul,
    draft,
    join,
    number,
    other,
    publish,
    put,
    resolve,
    say,
    sign,
    take_back,
)
from tests.forecasts.checking import exported, verified

VECTORS = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2465"
            "5141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb0"
            "0d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc0"
            "27beceea1ec40a"
        ),
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a"
            "9ac94fa54ca49f"
        ),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9"
            "bef1177331a704"
        ),
    ),
)
"""Source: RFC 8032, 7.1, tests 1, 2, 3 and SHA(abc)."""


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_the_signatures_of_the_rfc_are_believed_and_no_other(key: str, message: str, signature: str) -> None:
    raw, said, signed = (bytes.fromhex(one) for one in (key, message, signature))

    assert verifier.signed(raw, said, signed)
    assert not verifier.signed(raw, said + b"x", signed)
    for place in (0, 31, 32, 63):
        assert not verifier.signed(raw, said, signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :])
    larger = int.from_bytes(signed[32:], "little") + verifier.ORDER
    assert not verifier.signed(raw, said, signed[:32] + larger.to_bytes(32, "little"))
    assert not verifier.signed(raw, said, signed[:63])
    assert not verifier.signed(b"\xff" * 32, said, signed)


def test_it_believes_what_the_library_signed() -> None:
    for seed in range(5):
        key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)

        assert verifier.signed(key.public_key().public_bytes_raw(), b"said", key.sign(b"said"))


def test_its_tree_is_ours() -> None:
    ours, theirs = merkle.Edge(), list[tuple[int, bytes]]()

    for size in range(40):
        assert verifier.root_of(theirs) == ours.root
        ours.add(merkle.leaf(bytes([size])))
        verifier.grown(theirs, bytes([size]))


# Scores by hand


def half(said: object) -> float:
    """The Brier score of a forecast where yes happened."""
    return verifier.brier(said, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("acts", "known", "expected"),
    [
        ([(0, (0.5, 0.5), None)], 10, 0.25),
        ([(0, (0.5, 0.5), None)], 4, 0.1),  # for four tenths of what was planned
        ([(-5, (0.5, 0.5), None), (5, (0.0, 1.0), None)], 10, 0.125),
        ([(5, (0.0, 1.0), None), (0, (0.5, 0.5), None)], 10, 0.125),  # said earlier and recorded later
        ([(0, (0.5, 0.5), 3)], 10, 0.075),
        ([(0, (0.5, 0.5), None), (2, None, None)], 10, 0.05),
        ([(0, (1.0, 0.0), None), (0, (0.5, 0.5), None)], 10, 0.25),  # at one moment the later in the journal counts
        ([(0, (0.5, 0.5), None), (4, (0.0, 1.0), 4)], 10, 0.1),  # what expires at once replaces, and does not stand
        ([(10, (0.5, 0.5), None)], 10, None),
        ([(3, None, None)], 10, None),
    ],
)
def test_a_score_is_the_loss_over_the_time_that_a_forecast_stood(
    acts: list[verifier.Act], known: int, expected: float | None
) -> None:
    assert verifier.score(acts, (0, 10, known), half) == (None if expected is None else pytest.approx(expected))


def test_probabilities_are_read_as_numbers_or_as_bytes() -> None:
    assert verifier.vector([0, 1]) == [0.0, 1.0]
    assert verifier.vector(b64encode(struct.pack("<3d", 0.2, 0.3, 0.5)).decode()) == [0.2, 0.3, 0.5]
    # the cuts: (0.2 - 0)² and (0.5 - 1)², halved
    assert verifier.ranked([0.2, 0.3, 0.5], 1) == pytest.approx((0.04 + 0.25) / 2)


# Exports


@pytest.fixture
def story(
    database: Database, clock: MovedClock, ada: Forecaster, bob: Forecaster, mo: Forecaster
) -> dict[str, Question]:
    """A question of each kind that was resolved, one annulled and one open; withdrawals, an expiry, a bot, a merge."""
    kim, robo = join(database, "Kim"), other(database, "Robo", owner_id=ada.id)
    kinds = ("binary", "choice", "number", "date")
    drafts = [draft(kind, kind, background="“Öl”\u2028\x7f\t\\ 🌧") for kind in kinds]
    asked = {one.slug: one for one in publish(database, *drafts, draft("fog"), draft("open"), source=SOURCE)}
    sign(database)
    three = (0.2, 0.3, 0.5), (1 / 3, 1 / 3, 1 / 3)
    for who, row in ((ada, 0), (bob, 1), (robo, 0)):
        for slug in kinds[1:]:
            put(database, who, asked[slug], *three[row])
        for slug in ("binary", "fog", "open"):
            put(database, who, asked[slug], (0.1, 0.7)[row])
    clock.moment += HOUR
    put(database, kim, asked["binary"], 0.9, expires_at=clock.now() + HOUR)
    put(database, bob, asked["choice"], 0, 0, 1)
    take_back(database, ada, asked["number"])
    with database.writing() as (session, moment):
        ledger.undo(session, bob, asked["choice"], moment)
        moderation.merge(session, kim, bob, "The same.", by=mo, moment=moment)
    clock.moment += 3 * HOUR
    for slug, outcome in zip(kinds, (1, 2, 0, 1), strict=True):
        resolve(database, mo, asked[slug], outcome, known_at=NOON + 3 * HOUR, value="" if slug in kinds[:2] else "2")
    annul(database, mo, asked["fog"])
    resolve(database, mo, asked["binary"], 0)
    return asked


LATE: dict[str, Any] = {
    "opens_at": NOON + 20 * HOUR,
    "closes_at": NOON + 30 * HOUR,
    "resolves_at": NOON + 40 * HOUR,
}


def lines_of(path: Path, kind: str) -> list[dict[str, object]]:
    return [json.loads(line)[kind] for line in path.read_text().split("\n") if line.startswith(f'{{"{kind}"')]


@pytest.mark.parametrize("everything", [False, True])
def test_an_export_of_all_that_the_program_does_holds(
    story: dict[str, Question], database: Database, tmp_path: Path, everything: bool
) -> None:
    """Nine scores: Ada, Bob and Robo on four questions, Kim's as Bob's."""
    path = exported(database, tmp_path, everything=everything)

    code, told, said = verified(tmp_path, path)

    size = len(lines_of(path, "entry"))
    shown = size if everything else size - 1  # the merge
    assert (code, said) == (0, "")
    assert told == (
        f"{size} entries stand in an unbroken chain, {shown} of them with what was done.\n"
        f"7 checkpoints are signed over what is there, the latest of {size} entries.\n"
        "12 scores are what the forecasts and resolutions give, to 1e-09.\nEverything holds.\n"
    )


def test_its_scores_are_those_of_the_boards(
    story: dict[str, Question], database: Database, tmp_path: Path, ada: Forecaster, bob: Forecaster
) -> None:
    scores = lines_of(exported(database, tmp_path), "score")

    for who in (ada, bob):
        for slug, rule in (("binary", "brier"), ("choice", "brier"), ("number", "ranked"), ("date", "ranked")):
            due = {
                "question": slug,
                "who": who.pseudonym,
                "name": rule,
                "value": number(database, who, story[slug], rule),
            }
            assert due in scores
    # Ada said 10% for the four hours until it was known that it did not happen, of ten: 0.4 * 0.01
    assert number(database, ada, story["binary"], "brier") == pytest.approx(0.004)


def test_what_is_not_public_is_a_place_in_the_chain_alone(
    story: dict[str, Question], database: Database, tmp_path: Path, ada: Forecaster
) -> None:
    with database.writing() as (session, _):
        session.exec(update(Forecaster).where(col(Forecaster.id) == ada.id).values(private=True))

    public, whole = exported(database, tmp_path), exported(database, tmp_path, everything=True)

    hers = [one for one in lines_of(whole, "entry") if one["actor"] == ada.pseudonym]
    assert len(hers) == 7
    bare = {"seq", "recorded_at", "commitment", "hash"}
    told = {one["seq"]: one for one in lines_of(public, "entry")}
    assert all(told[one["seq"]].keys() == bare for one in hers)
    assert ada.pseudonym not in public.read_text()
    assert [verified(tmp_path, path)[0] for path in (public, whole)] == [0, 0]


@pytest.mark.parametrize("everything", [False, True])
def test_what_is_said_again_of_somebody_erased_gives_their_scores(
    story: dict[str, Question], database: Database, clock: MovedClock, mo: Forecaster, tmp_path: Path, everything: bool
) -> None:
    """Zoe said 70%, with a reason, for half of the time that it could be said; and it happened: 0.5 * 0.3²."""
    zoe, late = join(database, "Zoe"), publish(database, draft("late", **LATE), within="late")[0]
    clock.moment = LATE["opens_at"] + 5 * HOUR
    with database.writing() as (session, moment):
        ledger.record(session, zoe, late, np.array([0.3, 0.7]), moment, rationale="Because.")
    clock.moment = LATE["closes_at"]
    resolve(database, mo, late, 1)
    with database.writing(alone=True) as (session, moment):
        erasing.erase(session, zoe, by=None, moment=moment)
    path = exported(database, tmp_path, everything=everything)

    code, told, said = verified(tmp_path, path)

    assert (code, said) == (0, "")
    assert "\n13 scores are what the forecasts and resolutions give, to 1e-09.\nEverything holds.\n" in told
    hers = [one for one in lines_of(path, "score") if one["who"] == zoe.pseudonym]
    assert [(one["question"], one["value"]) for one in hers] == [("late", pytest.approx(0.045))]
    assert "Because." not in path.read_text()


def test_what_was_erased_and_is_not_said_again_is_left_out_and_the_rest_holds(
    story: dict[str, Question], database: Database, tmp_path: Path
) -> None:
    with database.writing() as (session, _):
        session.connection().exec_driver_sql(
            "UPDATE entry SET content = NULL, salt = NULL WHERE kind = 'forecast' AND subject = 'date'"
        )

    code, told, said = verified(tmp_path, exported(database, tmp_path))

    assert (code, said) == (0, "")
    assert "9 scores are what the forecasts and resolutions give, to 1e-09; 1 questions of which words" in told


def proof(database: Database, question: Question, who: Forecaster) -> str:
    with database.reading() as session:
        question = session.get_one(Question, question.id)
        resolution = catalog.latest(session, question)
        assert isinstance(resolution, Resolution)
        text = inclusion.text(session, inclusion.of_score(session, question, resolution, who), "question binary")
    assert text is not None
    return text


def test_receipts_and_checkpoints_that_were_kept_hold(
    story: dict[str, Question], database: Database, clock: MovedClock, tmp_path: Path, ada: Forecaster
) -> None:
    """Also after more was done."""
    kept, receipt, act = tmp_path / "kept.txt", tmp_path / "receipt.txt", tmp_path / "act.json"
    receipt.write_text(proof(database, story["binary"], ada))
    made = say(database, ada, story["open"], 0.5)
    first = sign(database)
    entry = lines_of(exported(database, tmp_path), "entry")[made.entry - 1]
    act.write_text(json.dumps({"seq": made.entry, "recorded_at": entry["recorded_at"], "receipt": entry["hash"]}))
    say(database, ada, story["open"], 0.6)
    second = sign(database)
    assert first
    assert second
    kept.write_text(f"{second.note}\n{first.note}")
    path = exported(database, tmp_path)

    words = ("--checkpoint", kept, "--receipt", receipt, "--receipt", act, "--key", second.key)
    code, told, said = verified(tmp_path, path, *words)

    assert (code, said) == (0, "")
    assert "2 checkpoints kept elsewhere are over what the export holds.\n2 entries of the receipt are" in told
    assert "1 entries of the receipt are in the export as they were.\n" in told


# Exports that were changed


def altered(path: Path, change: Callable[[list[dict[str, object]]], object]) -> Path:
    """The export with something changed in it."""
    lines = [json.loads(line) for line in path.read_text().split("\n") if line]
    change(lines)
    fresh = path.with_name("altered.jsonl")
    fresh.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return fresh


def entry(lines: list[dict[str, object]], seq: int) -> dict[str, object]:
    return lines[seq]["entry"]  # type: ignore[return-value]


def last(lines: list[dict[str, object]], kind: str) -> dict[str, object]:
    return [line for line in lines if kind in line][-1][kind]  # type: ignore[return-value]


def signed_by_nobody(lines: list[dict[str, object]]) -> None:
    made = last(lines, "checkpoint")
    stranger = Signer("brierboard/test", Ed25519PrivateKey.from_private_bytes(b"x" * 32))
    made["note"] = stranger.note(made["size"], bytes(32))  # type: ignore[arg-type]


CHANGES: dict[str, tuple[Callable[[list[dict[str, object]]], object], str]] = {
    "an entry fewer": (lambda lines: lines.pop(3), "Entry 3 is missing: the export goes on with 4."),
    "another content": (
        lambda lines: entry(lines, 9).update(content="{}"), "Entry 9 does not say what it was committed to."
    ),
    "no salt": (lambda lines: entry(lines, 9).update(salt=None), "Entry 9 shows what it says without its salt."),
    "another actor": (
        lambda lines: entry(lines, 9).update(actor="x"), "Entry 9 does not say what it was committed to."
    ),
    "another time": (
        lambda lines: entry(lines, 9).update(recorded_at="2027-01-01T00:00:00.000000Z"),
        "Entry 9 breaks the chain: its hash is another.",
    ),
    "an earlier time": (
        lambda lines: entry(lines, 9).update(recorded_at="2020-01-01T00:00:00.000000Z"),
        "Entry 9 is recorded before the entry in front of it.",
    ),
    "a checkpoint by nobody": (signed_by_nobody, "The checkpoint of 37 entries is not signed by a key that the export"),
    "a key of the wrong ID": (
        lambda lines: lines[0].update(keys=["a+00000000+AQAB"]), "“a+00000000+AQAB” is no public key of Ed25519"
    ),
    "no key": (lambda lines: lines[0].update(keys=[]), "is not signed by a key that the export names."),
    "a score less": (lambda lines: lines.pop(), "though there was a forecast."),
    "a score of somebody": (lambda lines: last(lines, "score").update(who="x"), "The export has "),
    "a score that is off": (lambda lines: last(lines, "score").update(value=0.5), "not 0.5 as the export says."),
    "a score of nothing": (lambda lines: last(lines, "score").update(value=float("nan")), "not nan as the export says"),
    "another line": (lambda lines: lines.append({"x": 1}), "The export has a line “x”, which this verifier does not"),
    "more entries": (lambda lines: lines[0].update(entries=99), "The export ends at entry 37, but its first line says"),
    "no first line": (lambda lines: lines.pop(0), "is no export of a journal that this verifier knows."),
    "something else": (lambda lines: entry(lines, 9).update(hash=7), "The export says something that no Brierboard"),
}  # fmt: skip


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_export_that_was_changed_is_found_out(
    story: dict[str, Question], database: Database, tmp_path: Path
) -> None:
    path = exported(database, tmp_path)

    for name, (change, sentence) in CHANGES.items():
        code, _, said = verified(tmp_path, altered(path, change))

        assert code == 1, name
        assert sentence in said, name
        assert said.count("\n") == 1, name


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_files_that_are_none_are_refused_in_a_sentence(
    story: dict[str, Question], database: Database, tmp_path: Path
) -> None:
    path, wrong = exported(database, tmp_path), tmp_path / "wrong"
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(path.read_bytes()[:2000])
    wrong.write_bytes(b"\xff")

    assert verified(tmp_path, tmp_path / "none")[2].endswith("none cannot be read: No such file or directory.\n")
    assert verified(tmp_path, wrong)[2].endswith("wrong cannot be read: it is not text.\n")
    assert "is not JSON: the export was changed, or cut off." in verified(tmp_path, cut)[2]
    wrong.write_text("hello\n")
    assert (
        verified(tmp_path, path, "--checkpoint", wrong)[2] == "The file holds no checkpoint, or one that is cut off.\n"
    )
    assert verified(tmp_path, path, "--receipt", wrong)[2] == "The receipt names no entry.\n"
    assert "is not one of those that the export names." in verified(tmp_path, path, "--key", "a+b+c")[2]

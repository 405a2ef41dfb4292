"""Check what `brierboard export journal` wrote, without trusting whoever wrote it: one file, nothing but Python.

    python verifier.py FILE [--checkpoint FILE] [--receipt FILE] [--key KEY]

It checks that every entry is chained by its hash to the one before, that what is shown of it is what it was committed
to, that every checkpoint is signed over the Merkle root of what is there, and that every Brier and ranked score follows
from what was said, when, and what happened. A checkpoint or a receipt that you kept elsewhere, and the public key
as you once saw it, show whether the past was rewritten since: name them. The exit code is 0 where all of it holds, and
else 1 with one sentence that says what does not.
"""

import argparse
import base64
import hashlib
import json
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import fsum, isfinite
from pathlib import Path
from typing import Any

FORMAT = "brierboard journal"
VERSION = 1
CLOSE = 1e-9
"""How far a score may lie from the one that is worked out here."""

ORDERED = ("number", "date")
"""The kinds of questions whose outcomes have an order, which the ranked score is for; for all others it is Brier's."""

Line = Mapping[str, Any]


class DoesNotHold(Exception):
    """Something does not hold; the sentence says what."""


def require(condition: object, sentence: str) -> None:
    """Go on where the condition is fulfilled, else end with the sentence."""
    if not condition:
        raise DoesNotHold(sentence)


# Ed25519. Source: RFC 8032, 5.1 and 6

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
"""A square root of -1."""

Point = tuple[int, int, int, int]
"""X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z."""

ZERO: Point = (0, 1, 1, 0)


def add(one: Point, other: Point) -> Point:
    """The sum of two points."""
    a, b = (one[1] - one[0]) * (other[1] - other[0]) % P, (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    """A point added to itself so many times."""
    found = ZERO
    while number:
        if number & 1:
            found = add(found, point)
        point, number = add(point, point), number >> 1
    return found


def equal(one: Point, other: Point) -> bool:
    """Whether two are the same point."""
    return (one[0] * other[2] - other[0] * one[2]) % P == 0 and (one[1] * other[2] - other[1] * one[2]) % P == 0


def decoded(raw: bytes) -> Point | None:
    """The point that 32 bytes stand for; None where they stand for none."""
    number = int.from_bytes(raw, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if len(raw) != 32 or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


_BASE = decoded((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is over the message by the owner of this public key."""
    point, shown = decoded(key), decoded(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if point is None or shown is None or _BASE is None or len(signature) != 64 or scalar >= ORDER:
        return False
    drawn = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    return equal(times(scalar, _BASE), add(shown, times(drawn, point)))


# The Merkle tree. Source: RFC 6962, 2.1; RFC 9162, 2.1.3.2


def digest(*parts: bytes) -> bytes:
    """SHA-256 over the parts in a row."""
    return hashlib.sha256(b"".join(parts)).digest()


def grown(edge: list[tuple[int, bytes]], entry: bytes) -> None:
    """Put one more entry at the right edge of a tree: its whole blocks, the largest first."""
    level, found = 0, digest(b"\x00", entry)
    while edge and edge[-1][0] == level:
        level, found = level + 1, digest(b"\x01", edge.pop()[1], found)
    edge.append((level, found))


def root_of(edge: Sequence[tuple[int, bytes]]) -> bytes:
    """The root of the tree with this right edge."""
    if not edge:
        return digest()
    found = edge[-1][1]
    for _, block in reversed(edge[:-1]):
        found = digest(b"\x01", block, found)
    return found


def reached(size: int, index: int, entry: bytes, proof: Sequence[bytes]) -> bytes | None:
    """The root that a proof leads to from the entry at this index of a tree of that size; None where to none."""
    place, last, found = index, size - 1, digest(b"\x00", entry)
    for beside in proof:
        if not last:
            return None
        if place & 1 or place == last:
            found = digest(b"\x01", beside, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = digest(b"\x01", found, beside)
        place, last = place >> 1, last >> 1
    return None if last or not 0 <= index < size else found


# Signed checkpoints. Source: C2SP, tlog-checkpoint and signed-note

DASH = "\N{EM DASH} "


class Key:
    """A public key as it is written: NAME+ID+KEY."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.name, _, rest = text.partition("+")
        self.id, self.raw = b"", b""
        try:
            number, coded = rest.split("+", 1)
            self.id, whole = bytes.fromhex(number), base64.b64decode(coded, validate=True)
        except ValueError as error:
            raise DoesNotHold(f"“{text}” is no public key: write it as it stands on the page, NAME+ID+KEY.") from error
        self.raw = whole[1:]
        right = whole[:1] == b"\x01" and self.id == digest(self.name.encode() + b"\n", whole)[:4]
        require(right and decoded(self.raw), f"“{text}” is no public key of Ed25519 with the ID that it names.")


class Note:
    """A checkpoint: how many entries, the root over them, and who signed it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.body, _, self.signatures = text.partition("\n\n")
        lines = self.body.split("\n")
        require(len(lines) == 3 and lines[1].isdecimal(), f"“{lines[0][:80]}” begins no checkpoint of this form.")
        self.origin, self.size = lines[0], int(lines[1])
        try:
            self.root = base64.b64decode(lines[2], validate=True)
        except ValueError as error:
            raise DoesNotHold(f"The checkpoint of {self.size} entries has no root in it.") from error

    def signed_by(self, keys: Iterable[Key]) -> Key | None:
        """Which of these keys signed it; None where none did."""
        message = f"{self.body}\n".encode()
        for key in keys:
            start = f"{DASH}{key.name} "
            for line in self.signatures.splitlines():
                raw = unpacked(line.removeprefix(start)) if line.startswith(start) and key.name == self.origin else b""
                if raw[:4] == key.id and signed(key.raw, message, raw[4:]):
                    return key
        return None


def unpacked(text: str) -> bytes:
    """What base64 holds; nothing where it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def notes(text: str) -> Iterator[Note]:
    """Every checkpoint in a text that holds one or several, with an empty line between."""
    parts = [part for part in text.replace("\r\n", "\n").strip("\n").split("\n\n") if part]
    require(len(parts) and len(parts) % 2 == 0, "The file holds no checkpoint, or one that is cut off.")
    for body, signatures in zip(parts[::2], parts[1::2], strict=True):
        yield Note(f"{body}\n\n{signatures}\n")


# The journal


class Journal:
    """An export, read and proven entry by entry.

    hashes  of every entry in order; roots  of the tree at every size that somebody has a checkpoint of
    shown   the entries of which the export says what was done
    """

    def __init__(self, lines: Iterable[Line], wanted: Iterable[int], told: Line) -> None:
        self.told = told
        self.hashes: list[bytes] = []
        self.roots: dict[int, bytes] = {}
        self.shown: list[Line] = []
        self.checkpoints: list[Line] = []
        self.scores: list[Line] = []
        self._edge: list[tuple[int, bytes]] = []
        self._last = ""
        self._wanted = set(wanted)
        for line in lines:
            self._take(line)
        require(
            len(self.hashes) == told["entries"],
            f"The export ends at entry {len(self.hashes)}, but its first line says {told['entries']}.",
        )

    def _take(self, line: Line) -> None:
        kind, value = next(iter(line.items()))
        if kind == "entry":
            self._add(value)
        elif kind == "checkpoint":
            self.checkpoints.append(value)
        elif kind == "score":
            self.scores.append(value)
        elif kind == "forecaster":
            require(self.told["everything"], "The export says who somebody is, though not everything.")
        else:
            raise DoesNotHold(f"The export has a line “{kind}”, which this verifier does not know.")

    def _add(self, entry: Line) -> None:
        seq, before = len(self.hashes) + 1, self.hashes[-1] if self.hashes else bytes(32)
        require(entry["seq"] == seq, f"Entry {seq} is missing: the export goes on with {entry['seq']}.")
        at, sealed, said = entry["recorded_at"], bytes.fromhex(entry["commitment"]), bytes.fromhex(entry["hash"])
        require(at >= self._last, f"Entry {seq} is recorded before the entry in front of it.")
        header = canonical({"recorded_at": at, "seq": seq})
        require(digest(before, header, sealed) == said, f"Entry {seq} breaks the chain: its hash is another.")
        known = entry.get("content") is not None
        require(known == (entry.get("salt") is not None), f"Entry {seq} shows what it says without its salt.")
        if known:
            require(committed(entry) == sealed, f"Entry {seq} does not say what it was committed to.")
        if "kind" in entry:
            self.shown.append(entry)
        self.hashes.append(said)
        self._last = at
        grown(self._edge, said)
        if seq in self._wanted:
            self.roots[seq] = root_of(self._edge)


def canonical(value: Any) -> bytes:
    """Canonical JSON of words and whole numbers. Source: RFC 8785."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def committed(entry: Line) -> bytes:
    """What an entry that says this is committed to: its content is canonical JSON already."""
    words = {name: canonical(entry[name]) for name in ("actor", "kind", "subject")}
    act = b'{"actor":%b,"content":%b,"kind":%b,"subject":%b}' % (
        words["actor"], entry["content"].encode(), words["kind"], words["subject"],
    )  # fmt: skip
    return digest(bytes.fromhex(entry["salt"]), act)


def parsed(text: str, place: str) -> Line:
    """A line of JSON that is an object. Ends with a sentence where it is none."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise DoesNotHold(f"{place} is not JSON: the export was changed, or cut off.") from error
    require(isinstance(found, dict) and found, f"{place} says nothing.")
    return dict(found)


# What is checked


def check_checkpoints(journal: Journal, keys: Sequence[Key]) -> str:
    """Every checkpoint of the export is signed by one of its keys, over what is there; keys took turns in order."""
    turns: list[str] = []
    sizes: list[int] = []
    for told in journal.checkpoints:
        note = Note(told["note"])
        key = check_note(journal, note, keys)
        require(note.size == told["size"], f"The checkpoint of {note.size} entries is listed as of {told['size']}.")
        sizes.append(note.size)
        turns += [] if turns[-1:] == [key.text] else [key.text]
    require(sizes == sorted(set(sizes)), "The checkpoints are not in order.")
    require(len(turns) == len(set(turns)), "A key signed again after another had taken its place.")
    return f"{len(sizes)} checkpoints are signed over what is there, the latest of {max(sizes, default=0)} entries."


def check_note(journal: Journal, note: Note, keys: Sequence[Key]) -> Key:
    """The key that signed a checkpoint, which is one of the export's and over what it holds."""
    key = note.signed_by(keys)
    if key is None:
        raise DoesNotHold(f"The checkpoint of {note.size} entries is not signed by a key that the export names.")
    held = len(journal.hashes)
    require(note.size <= held, f"The export ends at entry {held}, but a checkpoint of {note.size} entries was signed.")
    require(
        note.size > 0 and journal.roots[note.size] == note.root,
        f"The first {note.size} entries are not those that the checkpoint was signed over.",
    )
    return key


def check_kept(journal: Journal, kept: Iterable[Note], keys: Sequence[Key]) -> str:
    """Checkpoints that were kept elsewhere are over what the export holds, and among its own."""
    own, count = {told["note"] for told in journal.checkpoints}, 0
    for note in kept:
        check_note(journal, note, keys)
        require(note.text in own, f"The checkpoint of {note.size} entries that you kept is not among the export's.")
        count += 1
    return f"{count} checkpoints kept elsewhere are over what the export holds."


class Receipt:
    """What somebody kept of some entries: each one's hash, and where there is one a checkpoint with proofs."""

    def __init__(self, text: str) -> None:
        self.entries: list[tuple[int, bytes, list[bytes]]] = []
        head, _, note = text.replace("\r\n", "\n").partition("\ncheckpoint\n")
        self.note = Note(note) if note.strip() else None
        try:
            for line in head.split("\n"):
                self._take(line.split(" "))
        except ValueError as error:
            raise DoesNotHold("The receipt is not one of this form, or is cut off.") from error
        require(self.entries, "The receipt names no entry.")

    def _take(self, words: Sequence[str]) -> None:
        if words[0] == "entry":
            self.entries.append((int(words[1]), bytes.fromhex(words[2]), []))
        elif words[0] == "proof":
            self.entries[-1][2].append(base64.b64decode(words[1], validate=True))


def receipt_of(text: str) -> Receipt:
    """A receipt: as its page gives it, or as the API answers an act with it."""
    if not text.lstrip().startswith("{"):
        return Receipt(text)
    told = parsed(text, "The receipt")
    require({"seq", "receipt"} <= told.keys(), "The receipt names no entry.")
    return Receipt(f"entry {told['seq']} {told['receipt']}\n")


def check_receipt(journal: Journal, receipt: Receipt, keys: Sequence[Key]) -> str:
    """The entries of a receipt are in the export as they were, and were what the checkpoint in it was signed over."""
    for seq, said, proof in receipt.entries:
        there = journal.hashes[seq - 1] if 0 < seq <= len(journal.hashes) else None
        require(there is not None, f"Entry {seq}, of which you have a receipt, is not in the export.")
        require(there == said, f"Entry {seq} is not the one that you have a receipt for: it was rewritten.")
        if receipt.note is not None:
            way = reached(receipt.note.size, seq - 1, said, proof)
            require(
                way == receipt.note.root, f"The proof in the receipt does not lead from entry {seq} to its checkpoint."
            )
    if receipt.note is not None:
        check_note(journal, receipt.note, keys)
    return f"{len(receipt.entries)} entries of the receipt are in the export as they were."


# Scores


def ticks(text: str) -> int:
    """A moment as whole microseconds since 1970."""
    passed = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def vector(said: Any) -> list[float]:
    """The probabilities of a forecast: plain numbers, or base64 of little-endian float64."""
    if isinstance(said, str):
        raw = base64.b64decode(said, validate=True)
        return list(struct.unpack(f"<{len(raw) // 8}d", raw))
    return [float(one) for one in said]


def brier(said: Sequence[float], outcome: int) -> float:
    """Half the squared distance between a forecast and what happened.

    >>> round(brier([0.3, 0.7], 1), 2), round(brier([0.3, 0.7], 0), 2)
    (0.09, 0.49)
    """
    return fsum((one - (place == outcome)) ** 2 for place, one in enumerate(said)) / 2


def ranked(said: Sequence[float], outcome: int) -> float:
    """The mean, over the cuts between neighbouring outcomes, of (forecast below - happened below)².

    >>> round(ranked([0.15, 0.45, 0.25, 0.15], 2), 3)
    0.135
    """
    below, terms = 0.0, []
    for place, one in enumerate(said[:-1]):
        below += one
        terms.append((below - (outcome <= place)) ** 2)
    return fsum(terms) / len(terms)


Act = tuple[int, Sequence[float] | None, int | None]
"""When it was said, what (None for a withdrawal), and when it ceases to stand by itself."""


def score(acts: Sequence[Act], window: tuple[int, int, int], loss: Callable[[Sequence[float]], float]) -> float | None:
    """The integral of the loss over the time that somebody's forecasts stood, divided by the scheduled window.

    acts    in the order of the journal
    window  when the question opens, when it closes, when its outcome became known
    returns None for who never stood
    """
    opens, closes, known = window
    end, stood, parts = min(closes, known), 0, list[float]()
    ordered = sorted(acts, key=lambda act: act[0])
    for place, (at, said, expires) in enumerate(ordered):
        following = ordered[place + 1][0] if place + 1 < len(ordered) else end
        start, stop = max(at, opens), min(following, end, end if expires is None else expires)
        if said is not None and stop > start:
            stood += stop - start
            parts.append(loss(said) * (stop - start))
    return fsum(parts) / (closes - opens) if stood else None


class Question:
    """A question as its entries tell of it: its times, what was said by whom, and what was decided last."""

    def __init__(self, told: Line) -> None:
        self.opens, self.closes = ticks(told["opens_at"]), ticks(told["closes_at"])
        self.rule, self.loss = ("ranked", ranked) if told["kind"] in ORDERED else ("brier", brier)
        self.acts: dict[str, list[Act]] = {}
        self.decision: Line | None = None

    def say(self, who: str, entry: Line, told: Line) -> None:
        """Take one forecast or withdrawal."""
        said = vector(told["probabilities"]) if entry["kind"] == "forecast" else None
        expires = ticks(told["expires_at"]) if told.get("expires_at") else None
        self.acts.setdefault(who, []).append((ticks(told.get("made_at") or entry["recorded_at"]), said, expires))

    def scores(self) -> dict[str, float]:
        """What everybody gets who forecast; nothing while it is not resolved."""
        told = self.decision
        if told is None or told["verdict"] != "resolved":
            return {}
        window, outcome = (self.opens, self.closes, ticks(told["known_at"])), int(told["outcome"])
        found = {who: score(acts, window, lambda one: self.loss(one, outcome)) for who, acts in self.acts.items()}
        return {who: value for who, value in found.items() if value is not None}


def questions_of(journal: Journal) -> dict[str, Question]:
    """Every question whose entry is shown, with what was said of it."""
    found: dict[str, Question] = {}
    merged, again = roots(journal), said_again(journal)
    for entry in journal.shown:
        told = json.loads(entry["content"]) if entry.get("content") is not None else again.get(place_of(entry))
        kind, subject = entry["kind"], entry["subject"]
        if kind == "question" and told is not None:
            found[subject] = Question(told)
        elif subject in found and kind in ("forecast", "withdrawal") and told is not None:
            whose = entry.get("counts_as", entry["actor"])
            if merged is not None:
                right = end_of(merged, entry["actor"])
                require(whose == right, f"Entry {entry['seq']} counts as somebody's who did not say it.")
            found[subject].say(whose, entry, told)
        elif subject in found and kind == "resolution":
            found[subject].decision = told
    return found


Place = tuple[int, str, str]
"""An act's entry, who did it, and on what."""


def place_of(entry: Line, of: int | None = None) -> Place:
    """Where an entry stands, or the one that it is of."""
    return entry["seq"] if of is None else of, entry["actor"], entry["subject"]


def said_again(journal: Journal) -> dict[Place, Line]:
    """What was said again of forecasts that were erased with their forecaster; of two the earlier counts.

    That the erased entry had these numbers is what nobody outside can check.
    """
    found: dict[Place, Line] = {}
    for entry in journal.shown:
        if entry["kind"] == "restatement" and entry.get("content") is not None:
            told = json.loads(entry["content"])
            require(told["of"] < entry["seq"], f"Entry {entry['seq']} says again what was not said before.")
            found.setdefault(place_of(entry, told["of"]), told["says"])
    return found


def roots(journal: Journal) -> dict[str, str] | None:
    """Who was merged into whom in the end; None where the export does not show merges."""
    if not journal.told["everything"]:
        return None
    found: dict[str, str] = {}
    for entry in journal.shown:
        if entry["kind"] == "merge" and entry.get("content") is not None:
            told = json.loads(entry["content"])
            found.pop(told["who"], None)
            if told["merged"]:
                found[told["who"]] = told["into"]
    return found


def end_of(chain: Mapping[str, str], who: str) -> str:
    """Who counts for somebody, after every merge."""
    seen: set[str] = set()
    while who in chain and who not in seen:
        seen.add(who)
        who = chain[who]
    return who


def check_scores(journal: Journal) -> str:
    """Every score of the export is the one that is worked out here, and none is missing that its entries give."""
    questions, erased = questions_of(journal), untold(journal)
    due = {(slug, who): value for slug, one in questions.items() for who, value in one.scores().items()}
    told = {(one["question"], one["who"]): one for one in journal.scores}
    due = {pair: value for pair, value in due.items() if pair[0] not in erased}
    told = {pair: one for pair, one in told.items() if pair[0] not in erased}
    for slug, who in sorted(due.keys() | told.keys()):
        require((slug, who) in told, f"The export has no score of {who} on “{slug}”, though there was a forecast.")
        require((slug, who) in due, f"The export has a score of {who} on “{slug}”, which nothing in it gives.")
        one, value = told[slug, who], due[slug, who]
        require(one["name"] == questions[slug].rule, f"The score of {who} on “{slug}” is by another rule.")
        same = isfinite(one["value"]) and abs(one["value"] - value) <= CLOSE
        require(same, f"The score of {who} on “{slug}” is {value!r}, not {one['value']!r} as the export says.")
    without = f"; {len(erased)} questions of which words were erased were left out" if erased else ""
    return f"{len(told)} scores are what the forecasts and resolutions give, to {CLOSE:g}{without}."


def untold(journal: Journal) -> set[str]:
    """The questions of which something that scores rest on was erased and is not said again."""
    needed, again = ("question", "forecast", "withdrawal", "resolution"), said_again(journal)
    lost = [one for one in journal.shown if one["kind"] in needed and one.get("content") is None]
    return {one["subject"] for one in lost if place_of(one) not in again}


# The program


def text_of(path: Path) -> str:
    """All that a file holds. Ends with a sentence where it cannot be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise DoesNotHold(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not text'}.") from error


def begun(path: Path, lines: Sequence[str]) -> Line:
    """The first line of an export, which says what it is."""
    told = parsed(lines[0], "The first line") if lines else {}
    known = told.get("format") == FORMAT and told.get("version") == VERSION
    require(known, f"{path} is no export of a journal that this verifier knows.")
    return told


def verify(path: Path, kept: Sequence[Path], receipts: Sequence[Path], trusted: Sequence[str]) -> Iterator[str]:
    """Check an export, saying in lines what held. Raises DoesNotHold at the first that does not."""
    lines = text_of(path).split("\n")
    told = begun(path, lines)
    held, proofs = (
        [note for one in kept for note in notes(text_of(one))],
        [receipt_of(text_of(one)) for one in receipts],
    )
    rest = [parsed(line, f"Line {number}") for number, line in enumerate(lines[1:], 2) if line]
    sizes = {note.size for note in held} | {one.note.size for one in proofs if one.note}
    sizes |= {Note(line["checkpoint"]["note"]).size for line in rest if "checkpoint" in line}
    keys = [Key(text) for text in told["keys"]]
    for one in trusted:
        require(one in told["keys"], f"The key {one} is not one of those that the export names.")
    keys = [Key(text) for text in trusted] or keys
    journal = Journal(rest, sizes, told)
    yield f"{len(journal.hashes)} entries stand in an unbroken chain, {len(journal.shown)} of them with what was done."
    yield check_checkpoints(journal, keys)
    if held:
        yield check_kept(journal, held, keys)
    for receipt in proofs:
        yield check_receipt(journal, receipt, keys)
    yield check_scores(journal)


def main(words: Sequence[str] | None = None) -> int:
    """Check what the command line names; 0 where all of it holds, else 1."""
    parser = argparse.ArgumentParser(description="Check a journal that `brierboard export journal` wrote.")
    parser.add_argument("file", type=Path, help="the export")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[], help="checkpoints that you kept")
    parser.add_argument("--receipt", type=Path, action="append", default=[], help="a receipt that you kept")
    parser.add_argument("--key", action="append", default=[], help="the public key as you know it: trust no other")
    asked = parser.parse_args(words)
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    try:
        for line in verify(asked.file, asked.checkpoint, asked.receipt, asked.key):
            print(line)
    except DoesNotHold as fault:
        print(fault, file=sys.stderr)
        return 1
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError, AttributeError):
        print("The export says something that no Brierboard writes: it was changed, or cut off.", file=sys.stderr)
        return 1
    print("Everything holds.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""From a draft to what its author is shown beside it: how it will look, when it opens and closes, what is like it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import SequenceMatcher
from itertools import groupby, takewhile
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session

from forecasts import drafting
from forecasts.models import Draft
from questions import forms, similar
from questions.errors import Refusal
from questions.kinds import KINDS
from questions.models import AUDIENCES, REVEALS
from questions.setfile import Draft as Judged
from web.pages import Alongside, Altered, Asking, ClaimLine, Kept, Preview, ShownChoices
from web.views import paragraphs

TIMES = {
    "said_at": "Said", "read_on": "Read", "opens_at": "Opens", "closes_at": "Closes",
    "resolves_at": "Expected to resolve", "low": "The range begins", "high": "The range ends",
    "reveals_at": "Shows what others say",
}  # fmt: skip
_WHEN = ("opens_at", "closes_at", "resolves_at")
ABOUT = ("author", "name", "said_at", "read_on", "note", "set_title", "description")
NAMED = {
    name: name.replace("_", " ").capitalize()
    for name in (*forms.CLAIM, *forms.FIELDS["ladder"], *forms.FIELDS["source"])
} | {
    "audience": "Who sees it",
    "reveal": "When they see what others say",
    "reveals_at": "From which moment on",
}

_RULES = {"audience": AUDIENCES, "reveal": REVEALS}
_AS_SET = ("", "As its set has it")


def kinds() -> list[Asking]:
    """The kinds that the form has fields for."""
    return [
        Asking(kind.NAME, kind.TITLE) for kind in KINDS.values() if set(kind.SPEC) <= {"outcomes", "range", "ladder"}
    ]


def choices(asks: str) -> ShownChoices:
    """Who may be chosen to see what is drafted, and when: a source's set has rules of its own, a question its set's."""
    if asks == "source":
        return ShownChoices(tuple(AUDIENCES.items()), tuple(REVEALS.items()))
    known = [one for one in AUDIENCES.items() if asks == "question" or one[0] != "unlisted"]
    return ShownChoices((_AS_SET, *known), (_AS_SET, *REVEALS.items()))


def shown(draft: Draft) -> dict[str, str]:
    """Who is to see what is drafted and when they see what others say, in words, where its author chose."""
    chosen = {name: known.get(draft.typed.get(name, "")) for name, known in _RULES.items()}
    return {NAMED[name]: words for name, words in chosen.items() if words}


def title_of(draft: Draft) -> str:
    """What a draft is called in a list."""
    return draft.typed.get("title", "").strip() or f"Untitled {draft.asks}"


def beside(
    session: Session, draft: Draft, typed: Mapping[str, str], moment: datetime, visible: ColumnElement[bool],
    *, seen: int, is_refused: bool = False, claim: int = 0,
) -> Alongside:  # fmt: skip
    """What stands beside the form that holds what was typed.

    claim       which claim of a source the form is for, 0 for the form of a whole draft
    is_refused  whether what was typed was not kept, because somebody saved another meanwhile
    """
    previews, missing = _judged(session, draft, typed, moment, claim)
    is_one = bool(claim) or draft.asks != "source"
    title = typed.get("title", "").replace(forms.THRESHOLD, "")
    return Alongside(
        draft=draft,
        seen=seen,
        over=draft.version if is_refused else seen,
        conflict=_conflict(draft, typed, claim) if is_refused else (),
        times=[(TIMES[name], at) for name, at in forms.moments(typed, moment).items()],
        missing=missing,
        previews=previews,
        similar=similar.like(session, title, typed.get("criteria", ""), visible) if is_one else (),
        unticked=[words for name, words in forms.CHECKS.items() if not typed.get(name)] if is_one else (),
    )


def _judged(
    session: Session, draft: Draft, typed: Mapping[str, str], moment: datetime, claim: int
) -> tuple[list[Preview], Refusal | None]:
    """What would come of it as it is, or why nothing would."""
    try:
        if claim:
            return [_preview(_claim(session, draft, typed, moment))], None
        file = drafting.judge(session, draft.asks, typed, moment)
    except Refusal as refusal:
        return [], refusal
    return [_preview(one) for one in file.drafts], None


def _claim(session: Session, draft: Draft, typed: Mapping[str, str], moment: datetime) -> Judged:
    said_at = forms.about(draft.typed, moment)["source"]["said_at"]
    judged = forms.claim(typed, said_at, moment)
    drafting.require_free(session, str(judged.fields["slug"]))
    return judged


def _conflict(draft: Draft, typed: Mapping[str, str], claim: int) -> list[Kept]:
    """The fields that are kept otherwise than they were typed, so that neither text is lost."""
    kept = forms.claim_of(draft.typed, claim) if claim else draft.typed
    mine = forms.tidy(typed)
    names = forms.CLAIM if claim else forms.FIELDS[draft.asks]
    return [
        Kept(NAMED[name], kept.get(name, ""), mine.get(name, ""))
        for name in names
        if kept.get(name, "") != mine.get(name, "")
    ]


def _preview(judged: Judged) -> Preview:
    fields: Mapping[str, Any] = judged.fields
    kind = KINDS[fields["kind"]]
    shape = kind.shape(fields["spec"])
    ways = [list(group) for _, group in groupby(kind.fields(shape, None), key=lambda one: one.way)]
    bins = f"Or bin by bin: {shape.size} bins, from “{shape.outcomes[0]}” to “{shape.outcomes[-1]}”."
    shown = {name: fields[name] for name in ("title", "slug", "resolves_from", "tags", "claim", "paragraph", *_WHEN)}
    shown |= {name: paragraphs(fields[name]) for name in ("criteria", "background", "fine_print")}
    return Preview(
        **shown,
        kind=kind.TITLE,
        fields=ways[0],
        hint=kind.HINT,
        more=bins if len(ways) > 1 else "",
        quoted="" if judged.implied is None else kind.say(judged.implied, shape),
        reason=judged.reason,
    )


def claim_lines(session: Session, draft: Draft, moment: datetime) -> list[ClaimLine]:
    """The claims of a source in a line each, with what each lacks."""
    found = []
    for number in forms.claims(draft.typed):
        own = forms.claim_of(draft.typed, number)
        previews, missing = _judged(session, draft, own, moment, number)
        title = own.get("title", "").strip() or own.get("claim", "").strip() or "Nothing written yet"
        found.append(ClaimLine(number, title, previews[0].quoted if previews else "", missing))
    return found


# Words that change


def revised(name: str, before: str, after: str) -> Altered:
    """What a revision does to one field, word by word."""
    old, new = _words(before), _words(after)
    parts: list[tuple[str, str]] = []
    for how, left, right, start, stop in SequenceMatcher(None, old, new).get_opcodes():
        if how == "equal":
            parts.append(("", "".join(old[left:right])))
        else:
            parts += [
                (sign, text)
                for sign, text in (("-", "".join(old[left:right])), ("+", "".join(new[start:stop])))
                if text
            ]
    return Altered(NAMED[name], parts)


def _words(text: str) -> list[str]:
    """A text in pieces that join to it again: each word with the space after it."""
    return re.findall(r"\S+\s*|\s+", text)


def in_common(titles: Sequence[str]) -> str:
    """What titles have in common, with a gap where they differ."""
    split = [title.split() for title in titles]
    head = _leading(split)
    tail = _leading([words[len(head) :][::-1] for words in split])[::-1]
    return " ".join([*head, "…", *tail])


def _leading(lists: Sequence[Sequence[str]]) -> list[str]:
    """The words with which all of them begin."""
    alike = takewhile(lambda words: len(set(words)) == 1, zip(*lists, strict=False))
    return [words[0] for words in alike]

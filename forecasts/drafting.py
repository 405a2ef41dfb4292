"""Drafts of questions, ladders and sources: kept while they are written, sent for review, published or sent back.

A draft is its author's alone until it is sent for review; from then on moderators see it too. Publishing makes it what
a set file would have made of it: the author is who asks, so the journal names them as the actor; where somebody else
let it in, an entry of the kind “review” that follows names them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from forecasts import loading
from forecasts.models import Draft, Forecaster
from forecasts.permissions import sets_visible
from questions import catalog, forms, journal, setfile
from questions.errors import ChangedMeanwhile, InvalidQuestion, NotAllowed, NotFound, Refusal
from questions.models import AS_ITS_SET, Question, QuestionSet
from questions.setfile import SetFile

ASKS = {"question": "a question", "ladder": "a ladder of questions", "source": "a source"}
WRITABLE = ("draft", "returned")
MOST_DRAFTS = 200
LONGEST = 400_000
"""Characters of a draft: more than sixty claims ever take."""
LONGEST_REMARK = 5_000


class InvalidDraft(Refusal):
    """A draft that cannot be kept, sent or published as it is."""


# Finding


def find(session: Session, number: str, who: Forecaster) -> Draft:
    """The draft with that number, if it is theirs or waits for them to review it. Raises NotFound."""
    known = number.isascii() and number.isdigit() and len(number) < 10
    found = session.get(Draft, int(number)) if known else None
    if found is None or not _sees(found, who):
        raise NotFound("There is no such draft of yours. Your drafts are listed under /drafts.")
    return found


def _sees(draft: Draft, who: Forecaster) -> bool:
    return draft.author_id == who.id or (draft.state in ("review", "published") and who.role != "forecaster")


def mine(session: Session, who: Forecaster) -> Sequence[Draft]:
    """All of somebody's drafts, the latest first."""
    statement = select(Draft).where(Draft.author_id == who.id)
    return session.exec(statement.order_by(col(Draft.saved_at).desc(), col(Draft.id).desc())).all()


def waiting(session: Session) -> Sequence[tuple[Draft, Forecaster]]:
    """What waits for review with who wrote it, the longest first."""
    statement = select(Draft, Forecaster).join(Forecaster, col(Forecaster.id) == Draft.author_id)
    return session.exec(statement.where(Draft.state == "review").order_by(col(Draft.saved_at), col(Draft.id))).all()


def sets(session: Session, who: Forecaster) -> Sequence[QuestionSet]:
    """The sets that they see and that a question may be added to: not those that came by an import."""
    imported = select(Question.set_id).where(Question.imported)
    found = select(QuestionSet).where(col(QuestionSet.id).not_in(imported), sets_visible(session, who))
    return session.exec(found.order_by(QuestionSet.title)).all()


# Writing


def start(session: Session, author: Forecaster, asks: str, typed: Mapping[str, str], moment: datetime) -> Draft:
    """Begin a draft. Raises InvalidDraft for what cannot be drafted, and where somebody has very many."""
    if asks not in ASKS:
        raise InvalidDraft(f"{asks[:40]!r} cannot be drafted. Choose {', '.join(ASKS)}.", "asks")
    unfinished = select(func.count()).select_from(Draft).where(Draft.author_id == author.id, Draft.state != "published")
    if session.exec(unfinished).one() >= MOST_DRAFTS:
        raise InvalidDraft(f"You have {MOST_DRAFTS} drafts. Delete one before you begin another.")
    made = Draft(author_id=author.id, asks=asks, typed=_known(asks, typed), made_at=moment, saved_at=moment)
    session.add(made)
    session.flush()
    return made


def save(
    session: Session, draft: Draft, author: Forecaster, typed: Mapping[str, str], seen: int, moment: datetime
) -> Draft:
    """Keep what was typed in place of what was kept before; claims, which have forms of their own, stay.

    seen  the version that the author had in front of them; of no account where nothing changes

    Raises ChangedMeanwhile where another save came between, and InvalidDraft where the draft is not written on now.
    """
    draft = _writable(session, draft, author)
    claims = {name: text for name, text in draft.typed.items() if name == "claims" or name.startswith("claim-")}
    known = _known(draft.asks, typed) | claims
    return draft if known == draft.typed else _keep(session, draft, known, seen, moment)


def save_claim(
    session: Session,
    draft: Draft,
    author: Forecaster,
    number: int,
    typed: Mapping[str, str],
    seen: int,
    moment: datetime,
) -> Draft:
    """The same for one claim of a source; the others stay. Raises NotFound where there is no such claim."""
    draft = _writable(session, draft, author)
    require_claim(draft, str(number))
    fields = {f"claim-{number}-{name}": typed[name] for name in forms.CLAIM if typed.get(name)}
    known = _without(draft.typed, number) | forms.tidy(fields)
    return draft if known == draft.typed else _keep(session, draft, known, seen, moment)


def add_claim(
    session: Session, draft: Draft, author: Forecaster, typed: Mapping[str, str], seen: int, moment: datetime
) -> int:
    """Keep a source and make room for one more claim, whose number it gives. Raises as `save`, and where claims are
    very many."""
    draft = save(session, draft, author, typed, seen, moment)
    numbers = forms.claims(draft.typed)
    if draft.asks != "source" or len(numbers) >= forms.MOST_CLAIMS:
        raise InvalidDraft(f"A source has at most {forms.MOST_CLAIMS} claims. Make a second source of the rest.")
    added = max(numbers, default=0) + 1
    typed = draft.typed | {"claims": " ".join(str(number) for number in (*numbers, added))}
    _keep(session, draft, typed, draft.version, moment)
    return added


def drop_claim(session: Session, draft: Draft, author: Forecaster, number: int, moment: datetime) -> Draft:
    """Leave a claim out, with all that was typed for it."""
    draft = _writable(session, draft, author)
    require_claim(draft, str(number))
    left = [str(one) for one in forms.claims(draft.typed) if one != number]
    return _keep(session, draft, _without(draft.typed, number) | {"claims": " ".join(left)}, draft.version, moment)


def require_claim(draft: Draft, number: str) -> int:
    """The number of a claim that the draft has. Raises NotFound where it has none of that number."""
    found = next((one for one in forms.claims(draft.typed) if str(one) == number), None)
    if draft.asks != "source" or found is None:
        raise NotFound("There is no such claim in this draft. Go back to its source.")
    return found


def discard(session: Session, draft: Draft, author: Forecaster) -> None:
    """Delete a draft of one's own. What was published stays, and so does its draft. Raises InvalidDraft."""
    draft = _own(session, draft, author)
    if draft.state == "published":
        raise InvalidDraft("What was published is on record, and its draft stays with it.")
    session.delete(draft)


def _without(typed: Mapping[str, str], number: int) -> dict[str, str]:
    return {name: value for name, value in typed.items() if not name.startswith(f"claim-{number}-")}


def _known(asks: str, typed: Mapping[str, str]) -> dict[str, str]:
    """The fields that the form has, without what is blank."""
    return forms.tidy({name: typed[name] for name in forms.FIELDS[asks] if typed.get(name) and name != "claims"})


def _own(session: Session, draft: Draft, author: Forecaster) -> Draft:
    found = session.get(Draft, draft.id, populate_existing=True)
    if found is None:
        raise NotFound("This draft was deleted meanwhile. Your drafts are listed under /drafts.")
    if found.author_id != author.id:
        raise NotAllowed("This draft is somebody else's. Send it back with a remark, and its author changes it.")
    return found


def _writable(session: Session, draft: Draft, author: Forecaster) -> Draft:
    draft = _own(session, draft, author)
    if draft.state == "review":
        raise InvalidDraft("This draft waits for review. Take it back before you change it.")
    if draft.state == "published":
        raise InvalidDraft("This draft was published. A moderator can clarify the question on its page.")
    return draft


def _keep(session: Session, draft: Draft, typed: Mapping[str, str], seen: int, moment: datetime) -> Draft:
    if sum(map(len, typed.values())) > LONGEST:
        raise InvalidDraft(f"The draft has more than {LONGEST:,} characters. Shorten it, or make two of it.")
    return _change(session, draft, seen, moment, typed=dict(typed))


def _change(session: Session, draft: Draft, seen: int, moment: datetime, **values: Any) -> Draft:
    """Change a draft that is still as it was seen, and count the change. Raises ChangedMeanwhile."""
    statement = update(Draft).where(col(Draft.id) == draft.id, col(Draft.version) == seen)
    changed = session.exec(statement.values(**values, version=seen + 1, saved_at=moment))
    if changed.rowcount != 1:
        raise ChangedMeanwhile(
            "This draft was saved from somewhere else meanwhile. Look at both before you go on.", "seen"
        )
    session.refresh(draft)
    return draft


# Judging


def judge(session: Session, asks: str, typed: Mapping[str, str], moment: datetime) -> SetFile:
    """What a draft would become, judged as a set file is; without a source its set is yet to be chosen.

    Raises Refusal, naming the field.
    """
    if asks == "source":
        file = forms.source(typed, moment)
        _require_new_set(session, file.fields["slug"], "set_slug")
    elif asks == "ladder":
        file = SetFile({}, forms.ladder(typed, moment))
        _require_new_group(session, str(file.drafts[0].fields["group"]))
    else:
        file = SetFile({}, [forms.question(typed, moment)])
    for one in file.drafts:
        require_free(session, str(one.fields["slug"]), "claims" if asks == "source" else "slug")
    return file


def require_free(session: Session, slug: str, field: str = "slug") -> None:
    """Raise InvalidQuestion where a question has that name already."""
    if session.exec(select(Question.id).where(Question.slug == slug)).first() is not None:
        raise InvalidQuestion(f"There is a question “{slug}” already. Choose another slug.", field)


def _require_new_group(session: Session, group: str) -> None:
    if session.exec(select(Question.id).where(Question.group == group)).first() is not None:
        raise InvalidQuestion(f"There is a group “{group}” already. Choose another slug.", "slug")


def _require_new_set(session: Session, slug: str, field: str) -> None:
    if session.exec(select(QuestionSet.id).where(QuestionSet.slug == slug)).first() is not None:
        raise InvalidQuestion(f"There is a set “{slug}” already. Choose another slug.", field)


# Review


def send(session: Session, draft: Draft, author: Forecaster, moment: datetime) -> Draft:
    """Send a draft for review, with its times as what they are taken for now. Raises Refusal where it is not ready."""
    draft = _writable(session, draft, author)
    judge(session, draft.asks, draft.typed, moment)
    typed = forms.fixed(draft.typed, moment)
    return _change(session, draft, draft.version, moment, state="review", typed=typed, remark="")


def save_and_send(
    session: Session, draft: Draft, author: Forecaster, typed: Mapping[str, str], seen: int, moment: datetime
) -> Draft:
    """Keep what was typed and send it for review, both or neither. Raises as `save` and `send` do."""
    return send(session, save(session, draft, author, typed, seen, moment), author, moment)


def take_back(session: Session, draft: Draft, author: Forecaster, moment: datetime) -> Draft:
    """Let the author write on at what waits for review. Raises InvalidDraft where it does not."""
    draft = _own(session, draft, author)
    _require_waiting(draft)
    return _change(session, draft, draft.version, moment, state="draft")


def give_back(session: Session, draft: Draft, remark: str, seen: int, moment: datetime) -> Draft:
    """Send a draft back to its author, with what is to be changed. Raises InvalidDraft, and ChangedMeanwhile."""
    draft = session.get_one(Draft, draft.id, populate_existing=True)
    _require_waiting(draft)
    remark = forms.tidy({"remark": remark})["remark"].strip()
    if not remark:
        raise InvalidDraft("The remark is empty. Say what is to be changed.", "remark")
    if len(remark) > LONGEST_REMARK:
        raise InvalidDraft(f"The remark has {len(remark):,} characters. Shorten it to {LONGEST_REMARK:,}.", "remark")
    return _change(session, draft, seen, moment, state="returned", remark=remark)


def _require_waiting(draft: Draft) -> None:
    if draft.state != "review":
        raise InvalidDraft("This draft does not wait for review. Look at what became of it.")


def publish(
    session: Session, draft: Draft, into: Mapping[str, str], seen: int, *, by: Forecaster, moment: datetime
) -> Draft:
    """Make a draft that waits for review what it asks for; the author is who asks it, `by` who let it in.

    into  {"set": slug of the set that it goes into} or {"new_set": title of one to be made}; a source makes its own;
          whichever of forms.SHOWN it has besides takes the place of what the author chose
    seen  the version of the draft that was looked at

    Raises Refusal where it cannot be published as it is, and ChangedMeanwhile. Nothing is written then.
    """
    draft = session.get_one(Draft, draft.id, populate_existing=True)
    _require_waiting(draft)
    chosen = {name: into[name] for name in forms.SHOWN if name in into}
    file = judge(session, draft.asks, draft.typed | chosen, moment)
    _change(session, draft, seen, moment, state="published", became=_address(draft.asks, file))
    author = session.get_one(Forecaster, draft.author_id)
    if draft.asks == "source":
        loading.load(session, file, "The source", by=author.pseudonym, moment=moment)
        _let_in(session, str(file.fields["slug"]), author=author, by=by, moment=moment)
    else:
        _publish_questions(session, file, into, author=author, by=by, moment=moment)
    return draft


def ask(
    session: Session, fields: Mapping[str, Any], within: str, *, by: Forecaster, moment: datetime
) -> Question:  # fmt: skip
    """Publish a question that was judged, without a draft, at the end of a set that there is. Raises Refusal."""
    found = _chosen(session, within, by)
    last = session.exec(select(func.max(Question.position)).where(Question.set_id == found.id)).one() or 0
    return catalog.publish(session, found, fields, last + 1, by=by.pseudonym, moment=moment)


def _address(asks: str, file: SetFile) -> str:
    """Where what was published is found."""
    first = file.drafts[0].fields
    if asks == "source":
        return f"/sets/{file.fields['slug']}"
    return f"/ladders/{first['group']}" if asks == "ladder" else f"/questions/{first['slug']}"


def way_to(session: Session, draft: Draft) -> str:
    """Where what a draft became is found, for whoever wrote it: what is unlisted by the link that opens it."""
    where, _, slug = draft.became.removeprefix("/").partition("/")
    if where == "ladders":
        return draft.became
    model = QuestionSet if where == "sets" else Question
    key = session.exec(select(model.key).where(model.slug == slug)).first()
    return f"/open/{key}" if key else draft.became


def _publish_questions(
    session: Session, file: SetFile, into: Mapping[str, str], *, author: Forecaster, by: Forecaster, moment: datetime
) -> None:
    within = _within(session, into, by=by, moment=moment)
    last = session.exec(select(func.max(Question.position)).where(Question.set_id == within.id)).one() or 0
    for place, one in enumerate(file.drafts, last + 1):
        question = catalog.publish(session, within, one.fields, place, by=author.pseudonym, moment=moment)
        _let_in(session, question.slug, author=author, by=by, moment=moment)


def _within(session: Session, into: Mapping[str, str], *, by: Forecaster, moment: datetime) -> QuestionSet:
    """The set that was chosen, or a new one. Raises Refusal where it is not clear which."""
    title = into.get("new_set", "").strip()
    if not title:
        return _chosen(session, into.get("set", ""), by)
    if not forms.slug_of(title) or len(title) > setfile.LONGEST_LINE:
        raise InvalidDraft("That is no title for a set. Write a short one with Latin letters or digits.", "new_set")
    fields = setfile.judge_about({"set": {"title": title, "slug": forms.slug_of(title)}})
    _require_new_set(session, fields["slug"], "new_set")
    return catalog.publish_set(session, fields, by=by.pseudonym, moment=moment)


def _chosen(session: Session, slug: str, by: Forecaster) -> QuestionSet:
    found = next((one for one in sets(session, by) if one.slug == slug), None)
    if found is None:
        raise InvalidDraft("No set is chosen. Choose one, or write the title of a new one.", "set")
    return found


def _let_in(session: Session, subject: str, *, author: Forecaster, by: Forecaster, moment: datetime) -> None:
    """Put on record who reviewed what somebody else asks."""
    if by.id != author.id:
        content = {"verdict": "published", "author": author.pseudonym}
        journal.append(session, "review", subject, content, by=by.pseudonym, moment=moment)


# Beginning with what was asked already


_AGAIN = {"again": "again", "later": "a-year-later", "longer": "continued"}


def again(question: Question, how: str) -> dict[str, str]:
    """A question as the fields of a draft. Raises InvalidDraft for no way of beginning with it.

    how  “again” leaves the times empty, “later” moves them on by a year, “longer” goes on where it closes
    """
    if how not in _AGAIN:
        raise InvalidDraft("It is not said how to ask again. Choose one of the ways.", "how")
    words = {name: str(getattr(question, name)) for name in forms.WORDS[:5]}
    spec = _spec(question.spec)
    fields = {
        "kind": question.kind,
        "tags": ", ".join(question.tags),
        "slug": f"{question.slug[:60].strip('-')}-{_AGAIN[how]}",
    }
    if how == "longer":
        fields |= {"group": question.group, "opens_at": _stamp(question.closes_at)}
    if how == "later":
        fields |= {name: _a_year_on(getattr(question, name)) for name in ("opens_at", "closes_at", "resolves_at")}
    return words | spec | fields | _shown(question, how)


def _shown(question: Question, how: str) -> dict[str, str]:
    """Who sees it and when they see what others say, where the question has rules of its own."""
    rules = {"audience": question.audience, "reveal": question.reveal}
    fields = {name: rule for name, rule in rules.items() if rule != AS_ITS_SET}
    if how == "later" and question.reveals_at is not None:
        fields["reveals_at"] = _a_year_on(question.reveals_at)
    return fields


def _spec(spec: Mapping[str, Any]) -> dict[str, str]:
    found = {"outcomes": "\n".join(spec.get("outcomes", ()))}
    for name, value in spec.get("range", {}).items():
        found[name] = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    if isinstance(spec.get("range", {}).get("low"), str):
        found["days"] = "yes" if found.pop("step", "") else "no"
    return found


def _a_year_on(moment: datetime) -> str:
    leap = (moment.month, moment.day) == (2, 29)
    return _stamp(moment.replace(year=moment.year + 1, day=28 if leap else moment.day))


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"

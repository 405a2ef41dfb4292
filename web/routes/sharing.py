"""How a question is shown elsewhere: codes to copy, a card as a picture or in a frame, the crowd as CSV."""

import csv
import re
import textwrap
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from html import escape
from io import StringIO

import numpy as np
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from forecasts import history
from forecasts.models import Forecaster
from forecasts.permissions import public, visible
from questions import catalog
from questions.models import said
from questions.shape import Vector
from web import views
from web.dependencies import Configured, Now, Reading, Viewer
from web.following import tag_of
from web.headers import ANYWHERE, FRAMED
from web.pages import Card, CardPage, EmbedPage, Glance, SharePage
from web.rendering import HERE, Rendering, day, draw
from web.views import Asked

router = APIRouter(prefix="/questions/{slug}")

PUBLIC = {"Cache-Control": "public, max-age=60"}
IN_A_FRAME = {"Content-Security-Policy": FRAMED, **ANYWHERE}

LINE = 40
"""Characters of a line of a card's title."""

MOST_LINES = 3
LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@router.get("/share")
def share(
    slug: str, reading: Reading, viewer: Viewer, moment: Now, settings: Configured, render: Rendering
) -> Response:
    glance = views.glance(views.one(reading, catalog.find(reading, slug, visible(reading, viewer)), viewer, moment))
    return render(share_page(glance, viewer, f"{settings.address}/questions/{slug}"))


def share_page(glance: Glance, viewer: Forecaster | None, address: str) -> SharePage:
    """The question's address, and the codes by which other pages show it."""
    title, height = escape(glance.title), card(glance).height
    picture = f'<img src="{address}/embed.svg" width="480" height="{height}" alt="{title}">'
    return SharePage(
        viewer=viewer,
        here=f"/questions/{glance.slug}/share",
        glance=glance,
        address=address,
        picture=f'<a href="{address}">{picture}</a>',
        frame=f'<iframe src="{address}/embed" width="480" height="{height + 20}" title="{title}"></iframe>',
        height=height,
    )


@router.get("/embed")
def embed(slug: str, request: Request, reading: Reading, moment: Now, settings: Configured) -> Response:
    asked = views.one(reading, catalog.find(reading, slug, public()), None, moment)
    headers = {"ETag": tag_of(asked), **PUBLIC, **IN_A_FRAME}
    if _has(request, asked):
        return Response(status_code=304, headers=headers)
    address = f"{settings.address}/questions/{slug}"
    page = EmbedPage(viewer=None, here=f"/questions/{slug}", glance=views.glance(asked), address=address)
    return HTMLResponse(draw(page, page.template), headers=headers)


@router.get("/embed.svg")
def picture(slug: str, request: Request, reading: Reading, moment: Now) -> Response:
    asked = views.one(reading, catalog.find(reading, slug, public()), None, moment)
    headers = {"ETag": tag_of(asked), **PUBLIC, **_as_picture()}
    if _has(request, asked):
        return Response(status_code=304, headers=headers)
    page = CardPage(viewer=None, here=f"/questions/{slug}", card=card(views.glance(asked)))
    return Response(NOT_XML.sub("", draw(page, page.template)), media_type="image/svg+xml", headers=headers)


@router.get("/crowd.csv")
def crowd(slug: str, reading: Reading, viewer: Viewer, moment: Now) -> Response:
    question = catalog.find(reading, slug, visible(reading, viewer))
    name = f'attachment; filename="{question.slug}.crowd.csv"'
    text = _csv(views.one(reading, question, viewer, moment))
    return Response(text, media_type="text/csv", headers={"Content-Disposition": name})


@cache
def _as_picture() -> Mapping[str, str]:
    """That the card may be shown anywhere, and may do nothing but look as its own style says."""
    style = (HERE / "templates" / CardPage.template).read_text().partition("<style>")[2].partition("</style>")[0]
    known = b64encode(sha256(style.encode()).digest()).decode()
    return {"Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{known}'; frame-ancestors *", **ANYWHERE}


def _has(request: Request, asked: Asked) -> bool:
    """Whether whoever asks has this state already; who passed it on may have weakened its tag."""
    known = request.headers.get("if-none-match", "")
    return tag_of(asked) in {one.strip().removeprefix("W/") for one in known.split(",")}


def card(glance: Glance) -> Card:
    """The question in a few lines that fit on a card."""
    lines = textwrap.wrap(glance.title, LINE, max_lines=MOST_LINES, placeholder=" …")
    nobody = "Crowd hidden" if glance.hidden else "No crowd yet"
    number = "crowd of 1" if glance.count == 1 else f"crowd of {glance.count:,}"
    return Card(
        lines=lines,
        crowd=textwrap.shorten(glance.crowd or nobody, 40, placeholder=" …"),
        count=number if glance.crowd else "",
        state=state(glance),
        spark=glance.spark,
        height=134 + 26 * len(lines),
    )


def state(glance: Glance) -> str:
    """Where the question stands, in words."""
    if glance.status == "upcoming":
        return f"Opens {day(glance.opens_at)}"
    if glance.status in ("open", "closed"):
        return f"{'Closes' if glance.status == 'open' else 'Closed'} {day(glance.closes_at)}"
    return f"Resolved: {glance.outcome}" if glance.status == "resolved" else "Annulled"


def _csv(asked: Asked) -> str:
    """The crowd after each change up to now, in full precision, a row a change."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    stop = int(np.searchsorted(asked.path.at, asked.window.now, side="right"))
    columns = _columns(asked, stop)
    rows.writerow(["at", "count", *map(harmless, columns)])
    for row in range(stop):
        said_at = said(history.moment_of(int(asked.path.at[row])))
        rows.writerow([said_at, int(asked.path.count[row]), *(_cell(values[row]) for values in columns.values())])
    return text.getvalue()


def _columns(asked: Asked, stop: int) -> Mapping[str, Sequence[float | str]]:
    """What the crowd said, by the heads of the columns."""
    path, kind = asked.path, asked.kind
    if kind.ORDERED:
        found = [kind.quantiles(vector, asked.shape, LEVELS) for vector in path.middle[:stop]]
        told = np.array(found).reshape(-1, len(LEVELS))
        return {f"{level:.0%}": [_value(asked, one) for one in told[:, i]] for i, level in enumerate(LEVELS)}
    if asked.shape.size == 2:
        parts = {"median": path.middle, "lower": path.lower, "upper": path.upper}
        return {name: _yes(vectors) for name, vectors in parts.items()}
    return {label: path.middle[:, i].tolist() for i, label in enumerate(asked.shape.outcomes)}


def _yes(vectors: Vector) -> list[float]:
    found: list[float] = vectors[:, -1].tolist()
    return found


def _value(asked: Asked, value: float) -> float | str:
    """A quantile: a number as it is, a date as a moment; "" beyond an open end."""
    if not np.isfinite(value):
        return ""
    return said(history.EPOCH + history.MICROSECOND * round(value * 1e6)) or "" if asked.kind.NAME == "date" else value


def _cell(value: float | str) -> float | str:
    """A cell that says nothing where nothing is known."""
    return value if isinstance(value, str) or np.isfinite(value) else ""


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text

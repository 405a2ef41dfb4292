"""What was signed, for whoever wants to keep it, and how to check all of it without trusting this server."""

from datetime import datetime
from pathlib import Path

from fastapi import APIRouter, Request, Response

from forecasts import checkpoints, verifier
from questions.errors import NotFound
from web import unchanged
from web.atom import NOTHING_YET
from web.dependencies import Reading, Viewer
from web.pages import VerificationPage
from web.rendering import Rendering

router = APIRouter()

TEXT = "text/plain; charset=utf-8"


@router.get("/verification")
def explained(reading: Reading, viewer: Viewer, render: Rendering) -> Response:
    made = checkpoints.every(reading)
    return render(
        VerificationPage(
            viewer=viewer,
            here="/verification",
            keys=checkpoints.keys(reading),
            latest=made[0] if made else None,
            count=len(made),
        )
    )


@router.get("/checkpoint")
def latest(request: Request, reading: Reading) -> Response:
    made = checkpoints.latest(reading)
    if made is None:
        raise NotFound("Nothing was signed here yet. The first act is signed within an hour.")
    return _text(request, made.note, made.recorded_at)


@router.get("/checkpoints.txt")
def every(request: Request, reading: Reading) -> Response:
    made = checkpoints.every(reading)
    return _text(request, "\n".join(one.note for one in made), made[0].recorded_at if made else NOTHING_YET)


def _text(request: Request, text: str, changed_at: datetime) -> Response:
    return unchanged.served(request, text.encode(), TEXT, changed_at)


@router.get("/verifier.py")
def program() -> Response:
    content = Path(verifier.__file__).read_bytes()
    headers = {"Content-Disposition": 'attachment; filename="verifier.py"'}
    return Response(content, media_type="text/x-python; charset=utf-8", headers=headers)

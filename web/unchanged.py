"""Answers that programs fetch again and again: 304 where nothing changed since (RFC 9110)."""

import hashlib
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime

from fastapi import Request, Response


def served(request: Request, content: bytes, kind: str, changed_at: datetime, *, private: bool = False) -> Response:
    """The content, or 304 where the request says that it has it already. Caches ask each time."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Last-Modified": format_datetime(changed_at, usegmt=True),
        "Cache-Control": "private, no-cache" if private else "no-cache",
    }
    if _has(request, tag, changed_at):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


def _has(request: Request, tag: str, changed_at: datetime) -> bool:
    """By its tag where the request names one, else by the time."""
    named = request.headers.get("if-none-match")
    if named is not None:
        tags = [one.strip().removeprefix("W/") for one in named.split(",")]
        return tag in tags or "*" in tags
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and changed_at.replace(microsecond=0) <= since

"""The cookies that browsers keep for us: none is for scripts, for other sites' forms, or for another address."""

from fastapi import Request, Response

from forecasts.settings import Settings


def name_of(cookie: str, settings: Settings) -> str:
    """What the cookie is called: where browsers come by https, so that no neighbouring site can set it."""
    return f"__Host-{cookie}" if settings.secure else cookie


def read(request: Request, cookie: str) -> str:
    """What the browser keeps, "" where that is nothing."""
    return request.cookies.get(name_of(cookie, request.app.state.settings), "")


def give(answer: Response, cookie: str, value: str, settings: Settings, seconds: int) -> Response:
    """The answer with a cookie that the browser keeps for so long; 0 takes it back."""
    answer.set_cookie(
        name_of(cookie, settings), value, max_age=seconds,
        path="/", secure=settings.secure, httponly=True, samesite="lax",
    )  # fmt: skip
    return answer

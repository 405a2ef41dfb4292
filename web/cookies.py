"""The cookies that browsers keep for us: none is for scripts, for other sites' forms, or for another address."""

from collections.abc import Callable

from fastapi import Request, Response

from forecasts import entrance
from forecasts.settings import Settings

SESSION = "brierboard"
HALF = "brierboard_step"


def name_of(cookie: str, settings: Settings) -> str:
    """What the cookie is called: where browsers come by https, so that no neighbouring site can set it."""
    return f"__Host-{cookie}" if settings.secure else cookie


def read(request: Request, cookie: str) -> str:
    """What the browser keeps, "" where that is nothing."""
    return request.cookies.get(name_of(cookie, request.app.state.settings), "")


def kept(cookie: str) -> Callable[[Request], str]:
    """What a route asks for to have what the browser keeps."""

    def found(request: Request) -> str:
        return read(request, cookie)

    return found


def keep(answer: Response, cookie: str, value: str, seconds: int, settings: Settings) -> Response:
    """The answer with a cookie that the browser keeps for so long; 0 takes it back."""
    answer.set_cookie(
        name_of(cookie, settings), value, max_age=seconds,
        path="/", secure=settings.secure, httponly=True, samesite="lax",
    )  # fmt: skip
    return answer


def drop(answer: Response, cookie: str, settings: Settings) -> Response:
    """The answer that takes the cookie away."""
    return keep(answer, cookie, "", 0, settings)


def remember(answer: Response, token: str, settings: Settings) -> Response:
    """The answer with the session's cookie."""
    return keep(answer, SESSION, token, int(settings.lasting.whole.total_seconds()), settings)


def wait_for_code(answer: Response, token: str, settings: Settings) -> Response:
    """The answer with the cookie of a sign-in that waits for its second step."""
    return keep(answer, HALF, token, int(entrance.HALF.total_seconds()), settings)

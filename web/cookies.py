"""The cookies that sign somebody in: the session's, and the short one between the first step and the second."""

from fastapi import Response

from forecasts import accounts, entrance
from forecasts.settings import Settings
from web.dependencies import COOKIE

HALF = "brierboard_step"


def remember(answer: Response, token: str, settings: Settings) -> Response:
    """The answer with the session's cookie."""
    return keep(answer, COOKIE, token, int(accounts.STAYS.total_seconds()), settings)


def wait_for_code(answer: Response, token: str, settings: Settings) -> Response:
    """The answer with the cookie of a sign-in that waits for its second step."""
    return keep(answer, HALF, token, int(entrance.HALF.total_seconds()), settings)


def keep(answer: Response, name: str, token: str, seconds: int, settings: Settings) -> Response:
    """The answer with a cookie that no script reads and that no other site's form sends along."""
    answer.set_cookie(name, token, max_age=seconds, secure=settings.secure, httponly=True, samesite="lax")
    return answer


def drop(answer: Response, name: str, settings: Settings) -> Response:
    """The answer that takes the cookie away."""
    answer.delete_cookie(name, secure=settings.secure, httponly=True, samesite="lax")
    return answer

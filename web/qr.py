"""QR codes, as the path of an SVG that stands in the page: no file, no script, no style."""

import segno

from web.pages import Code

QUIET = 4
"""The light dots around it that readers want."""


def qr(text: str) -> Code:
    """The code that says this.

    >>> qr("otpauth://totp/Brierboard:Ada").size
    37
    """
    rows = segno.make(text, error="m", micro=False).matrix
    path = "".join(
        f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    )
    return Code(len(rows) + 2 * QUIET, path)

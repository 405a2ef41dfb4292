"""The kinds of question. Each is one file here that turns what people type into a vector and back.

Whoever wants a new kind adds a file that holds what questions.shape.Kind lists; nothing else has to know of it.
"""

import sys
from typing import cast

from questions.registry import discover
from questions.shape import Kind

REQUIRED = tuple(name for name in {**Kind.__annotations__, **vars(Kind)} if not name.startswith("_"))

KINDS = cast(dict[str, Kind], discover(sys.modules[__name__], REQUIRED))

"""The security log: one line of JSON for each thing that whoever guards the server should know of.

Lines go to standard error. What stands in them are words of ours, numbers, and the pseudonyms by which the journal
names people: no name, no mail address, no text that anybody typed, and nothing that opens anything.
"""

import json
import logging
from datetime import UTC, datetime

LOG = logging.getLogger("brierboard.security")

Word = str | int


class Lines(logging.Formatter):
    """A record as one line of JSON: when, by this machine's clock in UTC, what, and whatever else is known."""

    def format(self, record: logging.LogRecord) -> str:
        """The line. Every sign beyond ASCII is escaped, and so is every end of a line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"time": at, "event": record.getMessage(), **getattr(record, "told", {})})


def open_on_standard_error() -> None:
    """From here on, write what is said. A second time changes nothing."""
    if not LOG.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(Lines())
        LOG.addHandler(handler)
        LOG.setLevel(logging.INFO)
        LOG.propagate = False


def say(event: str, **told: Word) -> None:
    """Write a line; what is empty is left out."""
    LOG.info("%s", event, extra={"told": {name: value for name, value in told.items() if value != ""}})

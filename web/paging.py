"""Long lists in pages of fifty: which one an address names, and where the others are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Query

from questions.errors import NotFound
from web.filters import address

SIZE = 50

Item = TypeVar("Item")

PageNumber = Annotated[str, Query(alias="page")]


@dataclass(frozen=True)
class Paging:
    """One page of a list of `total`.

    number  which one, from 1; the last is `last`
    path    the address without its page, and `words` what else it says
    anchor  the id of the element at which the list begins
    """

    number: int
    total: int
    path: str
    words: Mapping[str, str]
    anchor: str

    @property
    def last(self) -> int:
        """The number of the last page; an empty list has one page too."""
        return max(1, -(-self.total // SIZE))

    @property
    def first_shown(self) -> int:
        """The place of the first item on this page, from 1."""
        return (self.number - 1) * SIZE + 1

    @property
    def last_shown(self) -> int:
        """The place of the last one."""
        return min(self.number * SIZE, self.total)

    def of(self, items: Sequence[Item]) -> Sequence[Item]:
        """Those of the items that are on this page."""
        return items[self.first_shown - 1 : self.last_shown]

    def link(self, number: int) -> str:
        """Where another page is."""
        page = str(number) if number > 1 else ""
        return f"{address(self.path, {**self.words, 'page': page})}#{self.anchor}"


def paging(typed: str, total: int, path: str, words: Mapping[str, str], anchor: str) -> Paging:
    """The page that was asked for, the first where none was. Raises NotFound."""
    known = typed.isascii() and typed.isdigit() and len(typed) < 7
    found = Paging(int(typed) if known else 1, total, path, words, anchor)
    if typed and not (known and 1 <= found.number <= found.last):
        raise NotFound(f"There is no page “{typed[:20]}” of this list. Its pages are 1 to {found.last}.")
    return found

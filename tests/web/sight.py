"""What a person sees of a page: its words, its fields with what is in them, its links."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self

INLINE = {"a", "code", "em", "small", "span", "strong", "textarea", "time"}
VOID = {"input", "meta", "link", "br", "img"}


@dataclass
class Element:
    """One element with its attributes and all words inside it."""

    tag: str
    attributes: dict[str, str]
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


class Sight(HTMLParser):
    """A page or a part of one, read."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._all = Element("", {})
        self._open: list[Element] = []

    @classmethod
    def of(cls, html: str) -> Self:
        seen = cls()
        seen.feed(html)
        seen.close()
        return seen

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        self._part(tag)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        self._part(tag)
        while self._open and self._open.pop().tag != tag:
            pass

    def _part(self, tag: str) -> None:
        """Words in different blocks stand apart."""
        if tag not in INLINE:
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        for element in (self._all, *self._open):
            element.words.append(data)

    def find(self, tag: str, **wanted: str) -> list[Element]:
        """The elements with that name and, as whole attributes, those values; `class_` stands for class."""
        asked = {name.rstrip("_").replace("_", "-"): value for name, value in wanted.items()}
        return [one for one in self.elements if one.tag == tag and asked.items() <= one.attributes.items()]

    @property
    def text(self) -> str:
        """All its words."""
        return self._all.text

    @property
    def alerts(self) -> list[str]:
        """The sentences that say what went wrong."""
        return [one.text for one in self.elements if one.attributes.get("role") == "alert" and one.text]

    @property
    def values(self) -> dict[str, str]:
        """What is in the fields that somebody can type in, by their names; of several of one name the first."""
        typed = [one for one in self.find("input") if one.attributes.get("type") == "text"]
        return {one.attributes["name"]: one.attributes.get("value", "") for one in reversed(typed)}

    @property
    def invalid(self) -> list[str]:
        """The fields that are marked as wrong."""
        return [one.attributes["name"] for one in self.elements if one.attributes.get("aria-invalid") == "true"]

    @property
    def rows(self) -> list[list[str]]:
        """The rows of its tables, each the words of its cells."""
        found: list[list[str]] = []
        for one in self.elements:
            if one.tag == "tr":
                found.append([])
            elif one.tag in ("th", "td"):
                found[-1].append(one.text)
        return [row for row in found if row]

    @property
    def links(self) -> list[str]:
        """Where its links lead."""
        return [one.attributes["href"] for one in self.find("a") if "href" in one.attributes]

"""What people write is shown as they meant it, and can do nothing."""

from html.parser import HTMLParser

import pytest

from web.prose import prose


def test_markdown_is_drawn() -> None:
    assert prose("*A* **b**\n\n- c\n- ~~d~~") == (
        "<p><em>A</em> <strong>b</strong></p>\n<ul>\n<li>c</li>\n<li><s>d</s></li>\n</ul>\n"
    )


def test_a_link_vouches_for_nothing() -> None:
    assert prose("[x](https://example.org)") == (
        '<p><a href="https://example.org" rel="nofollow ugc noopener noreferrer">x</a></p>\n'
    )


def test_a_table_is_drawn() -> None:
    assert "<td>2</td>" in prose("|a|b|\n|-|-|\n|1|2|")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://example.org/track.png)",
        "<div hx-get=/x hx-trigger=load>y</div>",
        '<a href="https://example.org" onclick="alert(1)">x</a>',
        "<style>*{display:none}</style>",
        "<svg/onload=alert(1)>",
        '[x](https://example.org "><script>alert(1)</script>)',
    ],
)
def test_what_could_do_something_is_text_or_nothing(text: str) -> None:
    drawn = Elements(prose(text))

    assert drawn.tags <= {"p", "a"}
    assert {name for name, _ in drawn.attributes} <= {"href", "rel"}
    assert [value for name, value in drawn.attributes if name == "href" and not value.startswith("https://")] == []


class Elements(HTMLParser):
    """The elements that a browser finds in this, and their attributes."""

    def __init__(self, drawn: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(drawn)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def test_only_so_much_is_drawn() -> None:
    assert len(prose("x" * 30_000)) == 20_000 + len("<p></p>\n")

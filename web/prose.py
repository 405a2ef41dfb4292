"""From people's Markdown to HTML that can do nothing: the one place that vouches for text."""

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

LONGEST = 20_000
"""Characters that are drawn; a table of ten times as many takes seconds."""

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_MARKDOWN.disable(["heading", "lheading", "image", "html_block", "html_inline"])
_ELEMENTS = {
    "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


@lru_cache(maxsize=2_000)
def prose(text: str) -> Markup:
    """The text as HTML: paragraphs, emphasis, lists, quotations, code, tables and links, and nothing else.

    Links say that they are not ours to vouch for; pictures are left out, as loading one would tell who reads.

    >>> str(prose("*so* [it](https://example.org) <b onclick=x>is</b>"))[:44]
    '<p><em>so</em> <a href="https://example.org"'
    """
    drawn = _MARKDOWN.render(text[:LONGEST])
    return Markup(  # noqa: S704  whatever could do anything was just taken out
        nh3.clean(
            drawn,
            tags=_ELEMENTS,
            attributes={"a": {"href"}, "ol": {"start"}},
            url_schemes={"http", "https", "mailto"},
            link_rel="nofollow ugc noopener noreferrer",
        )
    )

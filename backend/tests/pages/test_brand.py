"""The operator's own name, colour and legal line."""

import re

import pytest

from backend.pages import brand, render as pages
from backend.pages.brand import Brand, Piece


def test_nothing_set_is_our_own() -> None:
    """And no rule overrides our colours."""
    assert Brand.read({}) == Brand()
    assert (Brand().name, Brand().css, Brand().legal_pieces) == ("Sidestep", "", [])


def test_the_legal_line_has_links_to_web_and_mail_and_to_nothing_else() -> None:
    """What is no such link stands there as it is."""
    legal = "© ACME · [Imprint](https://acme.example/imprint), [mail](mailto:a@b.example) [x](javascript:alert(1))"
    assert Brand(legal=legal).legal_pieces == [
        Piece("© ACME · "),
        Piece("Imprint", "https://acme.example/imprint"),
        Piece(", "),
        Piece("mail", "mailto:a@b.example"),
        Piece(" [x](javascript:alert(1))"),
    ]


@pytest.mark.parametrize(("accent", "on_accent"), [("#0b6b57", "#fff"), ("#ffd400", "#000"), ("#000000", "#fff")])
def test_what_stands_on_the_accent_can_be_read(accent: str, on_accent: str) -> None:
    """White on dark colours, black on light ones."""
    assert f"--accent: {accent};" in Brand(accent=accent).css
    assert f"--on-accent: {on_accent};" in Brand(accent=accent).css


def test_pages_carry_name_and_legal_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """As text, in the title and in the catalogue for scripts, too."""
    mine = Brand(name='A<b>"c', legal="[Imprint](https://acme.example/)")
    for module in (brand, pages):
        monkeypatch.setattr(module, "brand", lambda: mine)
    monkeypatch.setattr("backend.pages.words.brand", lambda: mine)
    page = pages.render("error.html", depth=1, language="en", status=404, title="a", message="b")
    assert "<title>a · A&lt;b&gt;&#34;c</title>" in page
    assert '<a href="https://acme.example/" rel="noopener">Imprint</a>' in page
    assert not re.search("<b>", page)
    assert 'A\\u003cb>\\"c' in pages.words("en").json

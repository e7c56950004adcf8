"""What pages say, in the reader's language: one catalogue for each, in `frontend/words`, for templates and scripts."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from backend.pages.brand import brand

FOLDER = Path(__file__).parent.parent.parent / "frontend" / "words"
# In the order of their links. The first is for whoever asks for none of them.
LANGUAGES = ("en", "de", "fr", "es", "pt", "ja")
# Where zero is one: https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html
_ZERO_IS_ONE = frozenset({"fr", "pt"})

Text = str | dict[str, str]


class Words:
    """One language's catalogue."""

    def __init__(self, language: str) -> None:
        """Read it."""
        self.language = language
        self.texts: Mapping[str, Text] = json.loads((FOLDER / f"{language}.json").read_text("utf-8"))

    def __call__(self, key: str, **values: object) -> str:
        """Return a text; `n` is the number that decides its plural. Raises KeyError for one that there is not."""
        text = self.texts[key]
        if not isinstance(text, str):
            text = text.get(self._form(values["n"]), text["other"])
        return re.sub(r"\{(\w+)\}", lambda found: str({"brand": brand().name, **values}[found[1]]), text)

    @property
    def gap(self) -> str:
        """Return what stands between two sentences."""
        return "" if self.language == "ja" else " "

    def _form(self, number: object) -> str:
        ones = (0, 1) if self.language in _ZERO_IS_ONE else (1,)
        return "one" if number in ones else "other"

    @property
    def json(self) -> str:
        """Spell the catalogue for a script element, which `</script>` in a text must not end."""
        name = json.dumps(brand().name, ensure_ascii=False)[1:-1]
        text = json.dumps(self.texts, ensure_ascii=False, separators=(",", ":")).replace("{brand}", name)
        return text.replace("<", "\\u003c")


@cache
def words(language: str) -> Words:
    """Return a language's catalogue."""
    return Words(language)


def best_language(asked: str) -> str:
    """Return the language of ours that an `Accept-Language` header likes best."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(asked.split(",")[:50]):
        tag, _, weight = part.strip().partition(";")
        found = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", weight)
        quality = 1.0 if not weight else float(found[1]) if found else 0.0
        code = tag.strip().partition("-")[0].lower()
        if quality > 0 and code in LANGUAGES:
            wanted.append((-quality, place, code))
    return min(wanted)[2] if wanted else LANGUAGES[0]

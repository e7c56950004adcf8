"""Whose service this is, as its operator has set it: name, accent colour and a line of legal text."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

NAME = "Sidestep"
_LINK = re.compile(r"\[([^\]]+)\]\(((?:https?://|mailto:)[^\s)]+)\)")
# What is light or dark by the eye: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
_WEIGHTS = (0.2126, 0.7152, 0.0722)
_MIDDLE = 0.179


@dataclass(frozen=True)
class Piece:
    """A piece of the legal line; `href` is where they lead, if anywhere."""

    text: str
    href: str | None = None


@dataclass(frozen=True, kw_only=True)
class Brand:
    """`accent` is `#rrggbb`, or empty for our own; `legal` may hold links as `[words](https://…)`."""

    name: str = NAME
    accent: str = ""
    legal: str = ""

    @classmethod
    def read(cls, env: Mapping[str, str]) -> "Brand":
        """Take what is set."""
        return cls(
            name=env.get("BRAND_NAME") or NAME, accent=env.get("BRAND_ACCENT", ""), legal=env.get("BRAND_LEGAL", "")
        )

    @property
    def legal_pieces(self) -> list[Piece]:
        """Return the legal line piece by piece."""
        pieces: list[Piece] = []
        rest = 0
        for link in _LINK.finditer(self.legal):
            pieces += [Piece(self.legal[rest : link.start()]), Piece(link[1], link[2])]
            rest = link.end()
        return [piece for piece in [*pieces, Piece(self.legal[rest:])] if piece.text]

    @property
    def css(self) -> str:
        """Return the style sheet that puts the accent in place of ours: legible on both, and lighter in the dark."""
        if not self.accent:
            return ""
        on_accent = "#fff" if _luminance(self.accent) < _MIDDLE else "#000"
        light = {
            "accent": self.accent,
            "accent-strong": f"color-mix(in oklab, {self.accent}, #000 25%)",
            "on-accent": on_accent,
            "tint": "color-mix(in oklab, var(--card), var(--accent) 10%)",
            "tint-strong": "color-mix(in oklab, var(--card), var(--accent) 18%)",
        }
        dark = {
            "accent": f"color-mix(in oklab, {self.accent}, #fff 55%)",
            "accent-strong": f"color-mix(in oklab, {self.accent}, #fff 70%)",
            "on-accent": "#000",
        }
        return f":root {{{_rules(light)}}} @media (prefers-color-scheme: dark) {{ :root {{{_rules(dark)}}} }}"


def _rules(tokens: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in tokens.items())


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]  # noqa: PLR2004
    return sum(weight * c for weight, c in zip(_WEIGHTS, linear, strict=True))


@cache
def brand() -> Brand:
    """Return this deployment's."""
    return Brand.read(os.environ)

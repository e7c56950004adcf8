"""What is measured: the work, the link it goes over, and the goal."""

from dataclasses import dataclass, replace

from bench.link import Terms

KIB, MIB, GIB = 2**10, 2**20, 2**30

OURS, UPPY, BOTO3, LINK = "Sidestep", "Uppy", "boto3", "the link's limit"


@dataclass(frozen=True, kw_only=True)
class Goal:
    """Our time must be at most so many times that of another."""

    against: str
    at_most: float
    words: str


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One kind of work; `terms` is None for no simulator in between."""

    name: str
    size: int
    """Bytes of each file."""
    goal: Goal
    count: int = 1
    terms: Terms | None = None

    @property
    def bytes(self) -> int:
        """Return the size of all files."""
        return self.size * self.count

    @property
    def limit(self) -> float | None:
        """Return the seconds that the bytes alone take on the link."""
        return self.bytes / self.terms.bytes_per_second if self.terms else None

    @property
    def title(self) -> str:
        """Return it in words."""
        where = f"{self.terms.rtt * 1000:.0f} ms and {self.terms.mbits:.0f} Mbit/s" if self.terms else "loopback"
        files = f"{self.count:,} files of " if self.count > 1 else ""
        return f"{files}{_amount(self.size)} {'at' if self.terms else 'on'} {where}"

    @property
    def contestants(self) -> list[str]:
        """Return who takes part: boto3's upload_file knows one file at a time."""
        return [OURS, UPPY, BOTO3] if self.count == 1 else [OURS, UPPY]


def _amount(size: int) -> str:
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size >= unit:
            return f"{size / unit:g} {name}"
    return f"{size} bytes"


NEAR_LINK = Goal(against=LINK, at_most=1 / 0.95, words="at least 95 % of the link")

PROFILES = [
    Profile(name="gib", size=GIB, terms=Terms(rtt=0.080, mbits=400), goal=NEAR_LINK),
    Profile(name="far", size=200 * MIB, terms=Terms(rtt=0.200, mbits=100), goal=NEAR_LINK),
    Profile(
        name="small",
        size=15 * MIB,
        terms=Terms(rtt=0.080, mbits=400),
        goal=Goal(against=UPPY, at_most=0.9, words="at most 0.9 of Uppy's time"),
    ),
    Profile(
        name="loopback",
        size=GIB,
        goal=Goal(against=BOTO3, at_most=1, words="at least boto3's speed"),
    ),
    Profile(
        name="many",
        size=10 * KIB,
        count=1000,
        terms=Terms(rtt=0.080, mbits=400),
        goal=Goal(against=UPPY, at_most=1 / 3, words="at least 3 times as fast as Uppy"),
    ),
]


def quicker(profile: Profile) -> Profile:
    """Return the same work in small, for a first look: fixed costs weigh more in it, so its goals are harder."""
    if profile.count > 1:
        return replace(profile, count=profile.count // 4)
    return replace(profile, size=profile.size // 4 if profile.size > 100 * MIB else profile.size)

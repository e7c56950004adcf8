"""What goes wrong in a run, drawn from a seed: the same seed is the same trouble, on every machine.

`python -m e2e.chaos.schedule SEED` prints it. `make chaos N=1 SEED=n` runs it.
"""

import random
import sys
from dataclasses import dataclass
from typing import Literal

from e2e.chaos.proxy import Fault, FaultKind

KIB = 2**10
MIB = 2**20
PART = 16 * MIB
MOST_BYTES = 120 * MIB

Call = Literal["create", "add", "sign", "parts", "complete", "status"]
Mishap = Literal["error", "lost", "unreached", "expired"]
Event = Literal["offline", "reload", "close", "crash", "kill", "change", "pause"]

CALLS: tuple[Call, ...] = ("create", "add", "sign", "complete", "status", "parts")
FAULTS: tuple[FaultKind, ...] = ("reset", "lost", "refused", "bare", "stall", "mute", "hiccup", "late")
MISHAPS: tuple[Mishap, ...] = ("error", "lost", "unreached")
URL_MISHAPS: tuple[Mishap, ...] = ("expired", "expired")
EVENTS: tuple[Event, ...] = ("offline", "reload", "close", "crash", "kill", "change", "pause")
# After these the page begins anew, and has to be told to go on.
ENDINGS: tuple[Event, ...] = ("reload", "close", "crash", "kill")


@dataclass(frozen=True)
class ApiFault:
    """What happens to the nth call of a kind.

    error: answered with `status` and not done. lost: done, and the answer lost. unreached: neither.
    expired: the URLs in its answer are a day old, so that S3 refuses them.
    """

    call: Call
    nth: int
    mishap: Mishap
    status: int = 503

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.call} {self.nth}: {self.mishap}" + (f" with {self.status}" if self.mishap == "error" else "")


@dataclass(frozen=True)
class Moment:
    """What happens when so large a share of all bytes has passed."""

    share: float
    event: Event

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.event} at {self.share:.0%}"


@dataclass(frozen=True)
class Schedule:
    """One run: what is sent, and all that goes wrong meanwhile.

    `late` files are added when the first are under way. `asked`: after an interruption the sender first has the page go
    on, and brings the files when it asks for them; else brings them at once.
    """

    seed: int
    sizes: tuple[int, ...]
    late: int
    faults: dict[int, Fault]
    calls: tuple[ApiFault, ...]
    moments: tuple[Moment, ...]
    asked: bool

    @property
    def bytes(self) -> int:
        """Return how many bytes there are to send."""
        return sum(self.sizes)

    @property
    def troubles(self) -> set[str]:
        """Return the names of all kinds of trouble in it."""
        of_calls = {f"{fault.call} {fault.mishap}" for fault in self.calls}
        return {fault.kind for fault in self.faults.values()} | of_calls | {moment.event for moment in self.moments}

    def __str__(self) -> str:
        """Say all of it, one line each."""
        sizes = " + ".join(f"{size:,}" for size in self.sizes)
        added = f", the last {self.late} of them added later" if self.late else ""
        return "\n".join(
            [
                f"seed {self.seed}: files of {sizes} bytes{added}",
                *(f"  PUT {number}: {fault}" for number, fault in sorted(self.faults.items())),
                *(f"  {fault}" for fault in self.calls),
                *(f"  {moment}{self._how(moment)}" for moment in self.moments),
            ]
        )

    def _how(self, moment: Moment) -> str:
        if moment.event not in ENDINGS:
            return ""
        return ", files brought when asked for" if self.asked else ", files brought at once"


def schedule_of(seed: int) -> Schedule:
    """Draw a run."""
    chance = random.Random(seed)  # noqa: S311 - it has to be repeatable, not secret
    moments = _moments(chance)
    sizes = _sizes(chance, at_least=2 if any(moment.event == "change" for moment in moments) else 1)
    # A file that is added while the page is gone would only be another first file.
    late = 1 if len(sizes) > 1 and not moments and chance.random() < 0.5 else 0
    faults, calls = _faults(chance, sizes), _calls(chance, moments)
    return Schedule(seed, sizes, late, faults, calls, moments, asked=chance.random() < 0.5)


def _sizes(chance: random.Random, at_least: int) -> tuple[int, ...]:
    """Draw at least one file of several parts, and as often as not a few small or odd ones."""
    sizes = [chance.randrange(PART + 1, 60 * MIB)]
    for _ in range(max(at_least - 1, chance.choice([0, 0, 1, 1, 2, 4]))):
        drawn = chance.choice([0, 1, chance.randrange(10 * KIB), 15 * MIB, PART, PART + 1, chance.randrange(40 * MIB)])
        sizes.append(min(drawn, MOST_BYTES - sum(sizes)))
    chance.shuffle(sizes)
    return tuple(sizes)


def _faults(chance: random.Random, sizes: tuple[int, ...]) -> dict[int, Fault]:
    """Draw what happens to single PUTs, and now and then to many in a row."""
    puts = sum(max(1, -(-size // PART)) for size in sizes)
    faults: dict[int, Fault] = {}
    for _ in range(chance.choice([0, 1, 2, 3])):
        kind = chance.choice(FAULTS)
        burst = chance.randint(2, 5) if kind in ("refused", "bare") else 1
        first = chance.randint(1, puts)
        status = chance.choice([500, 503])
        for number in range(first, first + burst):
            faults[number] = Fault(kind, round(chance.random(), 2), status, round(chance.uniform(0.2, 1.0), 1))
    return faults


def _calls(chance: random.Random, moments: tuple[Moment, ...]) -> tuple[ApiFault, ...]:
    """Draw what happens to calls to the API, and now and then to a few in a row."""
    faults: list[ApiFault] = []
    resumes = any(moment.event in ENDINGS for moment in moments)
    for _ in range(chance.choice([0, 1, 2])):
        call = chance.choice(CALLS if resumes else CALLS[:-1])
        mishap = chance.choice(MISHAPS + URL_MISHAPS if call in ("create", "sign") else MISHAPS)
        status = chance.choice([500, 502, 503, 504, 429])
        burst = chance.randint(1, 3) if mishap in ("error", "unreached") else 1
        faults += [ApiFault(call, nth, mishap, status) for nth in range(1, 1 + burst)]
    return tuple({(fault.call, fault.nth): fault for fault in faults}.values())


def _moments(chance: random.Random) -> tuple[Moment, ...]:
    """Draw what happens to the page, its browser or its files; mostly one thing, seldom two."""
    count = chance.choice([0, 0, 1, 1, 1, 2])
    shares = sorted(round(chance.uniform(0.05, 0.9), 2) for _ in range(count))
    return tuple(Moment(share, chance.choice(EVENTS)) for share in shares)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(schedule_of(int(argument)))  # noqa: T201 - it is for the terminal

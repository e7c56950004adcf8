"""Who may begin a transfer: everybody, who knows the passphrase, or who has an account. Knows no HTTP."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from backend.aws.table.records import Records
from backend.errors import PassphraseWrong, SignInNeeded, TooManyTries
from backend.rules.accounts import Account
from backend.rules.addresses import source_of
from backend.rules.passwords import grant_fits, grant_for
from backend.rules.tries import LONGEST_WAIT, Tries, wait_after, wait_in_total
from backend.settings import Settings

# What a session says it is for; a grant says it for a transfer's id, which never looks like this.
SESSION = "session"

HOUR = 3_600
# Wrong tries of a source are forgotten after two locks.
KEPT_SECONDS = 2 * HOUR

# Many who enter the right passphrase at once need not hear of each other.
TURNS = 20
TURN_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Access:
    """The operator's door. `passphrase` reads it, `now` gives epoch seconds, `pause` waits for seconds."""

    records: Records
    settings: Settings
    passphrase: Callable[[], str]
    now: Callable[[], float]
    pause: Callable[[float], None]

    def is_signed_in(self, session: str | None) -> bool:
        """Tell whether this session was bought with the passphrase that counts, and is still good."""
        return session is not None and grant_fits(session, SESSION, self.passphrase(), self.now())

    def admit(self, session: str | None, account: Account | None) -> None:
        """Raise `SignInNeeded` for whoever may not begin a transfer."""
        match self.settings.upload_access:
            case "open":
                may = True
            case "passphrase":
                may = self.is_signed_in(session)
            case "cognito":
                may = account is not None
            case _:
                may = False
        if not may:
            raise SignInNeeded

    def sign_in(self, passphrase: str, address: str) -> str:
        """Return a session for the right passphrase, tried from an IP address.

        Raises `PassphraseWrong`, and `TooManyTries` where nothing was compared because of earlier tries.
        """
        kept = self.passphrase()
        source = f"source#{source_of(address, kept)}"
        total = f"total#{int(self.now()) // HOUR}"
        before, counted = self._count(source, wait_after)
        try:
            self._count(total, wait_in_total)
        except TooManyTries:
            # Nothing was compared, and others are to blame.
            self._replace(source, counted, before)
            raise
        if not hmac.compare_digest(_digest(passphrase), _digest(kept)):
            raise PassphraseWrong(wait_after(counted.wrong))
        self.records.forget_tries(source)
        self.records.take_back_try(total)
        return grant_for(SESSION, kept, int(self.now()) + self.settings.session_seconds)

    def _count(self, counter: str, wait: Callable[[int], int]) -> tuple[Tries, Tries]:
        """Count a try as wrong before it is compared, one at a time and only in its time; return before and after.

        So neither many at once nor an interruption give any for free.
        """
        for _ in range(TURNS):
            seen, now = self.records.tries(counter), int(self.now() * 1_000)
            left = seen.next_try - now
            if left > 0:
                raise TooManyTries(-(-left // 1_000), locked=left > LONGEST_WAIT * 1_000)
            counted = Tries(wrong=seen.wrong + 1, next_try=now + wait(seen.wrong + 1) * 1_000)
            if self._replace(counter, seen, counted):
                return seen, counted
            self.pause(TURN_SECONDS)
        raise TooManyTries(1)

    def _replace(self, counter: str, seen: Tries, by: Tries) -> bool:
        return self.records.replace_tries(counter, seen, by, ttl=int(self.now()) + KEPT_SECONDS)


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()

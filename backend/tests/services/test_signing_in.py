"""Who may begin a transfer: the passphrase, what it buys, and how often it may be tried."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from backend.aws.secret import KEPT_SECONDS, Secret
from backend.errors import PassphraseWrong, SidestepError, SignInNeeded, TooManyTries
from backend.rules.accounts import Account
from backend.rules.passwords import grant_for
from backend.rules.tries import LOCK_SECONDS, LOCKED_AFTER, TOTAL_AT_EASE, TOTAL_WAIT
from backend.services.signing_in import SESSION, Access
from backend.tests.conftest import SETTINGS
from backend.tests.fakes import Clock, FakeRecords

RIGHT = "correct horse"
HERE = "192.0.2.1"


class Kept:
    """The passphrase as Secrets Manager has it."""

    text = RIGHT

    def __call__(self) -> str:
        """Read it."""
        return self.text


@pytest.fixture
def kept() -> Kept:
    """Return a passphrase that a test can rotate."""
    return Kept()


@pytest.fixture
def door(records: FakeRecords, clock: Clock, kept: Kept) -> Access:
    """Return a door with a passphrase."""
    settings = replace(SETTINGS, upload_access="passphrase", passphrase_secret="arn")
    return Access(records=records, settings=settings, passphrase=kept, now=clock, pause=lambda _: None)


def wrong(door: Access, clock: Clock, times: int, address: str = HERE) -> None:
    """Try the wrong passphrase so often, each time when it is allowed."""
    for _ in range(times):
        with pytest.raises(PassphraseWrong) as refused:
            door.sign_in("nonsense", address)
        clock.now += refused.value.seconds


def test_an_open_door_asks_nobody(access: Access) -> None:
    """Neither whether a session is there nor what stands in it."""
    access.admit(None, None)
    access.admit("nonsense", None)


def test_where_there_are_accounts_nothing_else_opens_the_door(records: FakeRecords, clock: Clock, kept: Kept) -> None:
    """Not even a session from before."""
    settings = replace(SETTINGS, upload_access="cognito")
    door = Access(records=records, settings=settings, passphrase=kept, now=clock, pause=lambda _: None)
    door.admit(None, Account(subject="1f2e"))
    with pytest.raises(SignInNeeded):
        door.admit(grant_for(SESSION, RIGHT, int(clock.now) + 60), None)


def test_a_setting_that_nobody_knows_opens_no_door(records: FakeRecords, clock: Clock, kept: Kept) -> None:
    """It fails closed."""
    settings = replace(SETTINGS, upload_access="opne")
    door = Access(records=records, settings=settings, passphrase=kept, now=clock, pause=lambda _: None)
    with pytest.raises(SignInNeeded):
        door.admit(None, None)


@pytest.mark.parametrize("shown", [None, "", "nonsense", "9999999999." + "0" * 64])
def test_nobody_begins_a_transfer_without_a_session(door: Access, shown: str | None) -> None:
    """Nor with one that was made up."""
    with pytest.raises(SignInNeeded):
        door.admit(shown, None)


def test_the_right_passphrase_buys_a_session_of_limited_life(door: Access, clock: Clock) -> None:
    """To the second."""
    session = door.sign_in(RIGHT, HERE)
    clock.now += SETTINGS.session_seconds - 1
    door.admit(session, None)
    clock.now += 1
    with pytest.raises(SignInNeeded):
        door.admit(session, None)


def test_another_passphrase_signs_everyone_out(door: Access, kept: Kept) -> None:
    """And the old one is wrong."""
    session = door.sign_in(RIGHT, HERE)
    kept.text = "another"
    with pytest.raises(SignInNeeded):
        door.admit(session, None)
    with pytest.raises(PassphraseWrong):
        door.sign_in(RIGHT, HERE)


def test_a_wrong_passphrase_makes_its_source_wait_ever_longer(door: Access, clock: Clock) -> None:
    """In the meantime nothing is compared, not even the right one; others need not wait."""
    waits: list[int] = []
    for _ in range(4):
        with pytest.raises(PassphraseWrong) as refused:
            door.sign_in("nonsense", HERE)
        with pytest.raises(TooManyTries):
            door.sign_in(RIGHT, HERE)
        waits.append(refused.value.seconds)
        clock.now += refused.value.seconds
    assert waits == [1, 2, 4, 8]
    clock.now -= 1
    door.sign_in(RIGHT, "192.0.2.2")


def test_ten_wrong_ones_lock_their_source_for_an_hour(door: Access, clock: Clock) -> None:
    """Then the right one is taken, and the row begins anew."""
    wrong(door, clock, LOCKED_AFTER - 1)
    with pytest.raises(PassphraseWrong):
        door.sign_in("nonsense", HERE)
    with pytest.raises(TooManyTries) as locked:
        door.sign_in(RIGHT, HERE)
    assert locked.value.locked
    clock.now += LOCK_SECONDS - 1
    with pytest.raises(TooManyTries):
        door.sign_in(RIGHT, HERE)
    clock.now += 1
    door.sign_in(RIGHT, HERE)
    wrong(door, clock, 1)


def test_many_sources_together_slow_everybody_down_and_lock_nobody_out(door: Access, clock: Clock) -> None:
    """A botnet has an address for each try; whoever knows the passphrase waits two seconds at the most."""
    for number in range(TOTAL_AT_EASE + 1):
        with pytest.raises(PassphraseWrong):
            door.sign_in("nonsense", f"10.0.0.{number}")
    with pytest.raises(TooManyTries) as refused:
        door.sign_in(RIGHT, "10.9.9.9")
    assert refused.value.seconds == TOTAL_WAIT
    clock.now += TOTAL_WAIT
    door.sign_in(RIGHT, "10.9.9.9")


def test_right_ones_do_not_count_in_total(door: Access) -> None:
    """A team that signs in on Monday morning slows nobody down."""
    for number in range(TOTAL_AT_EASE + 10):
        door.sign_in(RIGHT, f"10.0.0.{number}")


def test_of_many_at_once_from_one_source_one_is_compared(door: Access) -> None:
    """Sending them together gives no try for free."""

    def attempt(number: int) -> type[SidestepError] | None:
        try:
            door.sign_in(f"guess {number}", HERE)
        except SidestepError as error:
            return type(error)
        return None

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(attempt, range(200)))
    assert outcomes.count(PassphraseWrong) == 1
    assert outcomes.count(TooManyTries) == 199


class Manager:
    """Secrets Manager with one secret, which changes at each reading."""

    def __init__(self) -> None:
        """Have two texts in store."""
        self.texts: Iterator[str] = iter(("first", "second"))

    def get_secret_value(self, **asked: str) -> dict[str, str]:
        """Answer as the service does."""
        assert asked == {"SecretId": "arn"}
        return {"SecretString": next(self.texts)}


def test_a_secret_is_read_again_after_a_minute(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for each request, and not for good."""
    manager = Manager()
    monkeypatch.setattr("backend.aws.secret.client", lambda *_: manager)
    secret = Secret("arn", now=clock)
    assert (secret(), secret()) == ("first", "first")
    clock.now += KEPT_SECONDS
    assert secret() == "second"

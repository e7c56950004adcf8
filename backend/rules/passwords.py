"""A transfer's password and the grant that it buys. Pure: no clock or randomness of its own."""

import base64
import hashlib
import hmac
import re

SALT_BYTES = 16
GRANT_SECONDS = 3_600

# 16 MiB and some 50 ms a try, https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
_COST = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
_GRANT = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})")


def hash_password(password: str, salt: bytes) -> str:
    """Return what is kept of a password: salt and scrypt hash."""
    digest = hashlib.scrypt(password.encode(), salt=salt, **_COST)
    return f"{base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def password_fits(password: str, kept: str) -> bool:
    """Compare in constant time."""
    salt = base64.b64decode(kept.partition("$")[0])
    return hmac.compare_digest(hash_password(password, salt), kept)


def grant_for(subject: str, kept: str, until: int) -> str:
    """Return a grant for one subject, such as a transfer, and one password, good until `until` (epoch seconds).

    Its key is what is kept of the password, which nobody outside has: another password makes every grant worthless.
    """
    mac = hmac.new(hashlib.sha256(kept.encode()).digest(), f"{subject}.{until}".encode(), hashlib.sha256)
    return f"{until}.{mac.hexdigest()}"


def grant_fits(grant: str, subject: str, kept: str, now: float) -> bool:
    """Tell whether a grant is for this subject and password, and still good."""
    match = _GRANT.fullmatch(grant)
    if not match or now >= int(match[1]):
        return False
    return hmac.compare_digest(grant, grant_for(subject, kept, int(match[1])))

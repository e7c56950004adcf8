"""Where a request came from, as far as anything is kept of it: never a whole IP address. Pure."""

import hashlib
import hmac
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# What providers give one customer at least, and what one household has, in which its devices change their addresses.
_SITE_BITS = 48
_HOUSEHOLD_BITS = 64


def shortened(address: str) -> str:
    """Return what an owner may see: `203.0.113.x`, or `2001:db8:1::/48`."""
    match _parsed(address):
        case IPv4Address() as known:
            return f"{str(known).rpartition('.')[0]}.x"
        case IPv6Address() as known:
            return _network(known, _SITE_BITS)
        case _:
            return "unknown"


def source_of(address: str, secret: str) -> str:
    """Return what tells one source from another, and tells nobody without the secret which it is."""
    return hmac.new(secret.encode(), household(address).encode(), hashlib.sha256).hexdigest()[:32]


def household(address: str) -> str:
    """Return what tells one source from another, as it is: not to be kept.

    Of IPv6 it is the household: a device takes a new address in it every day, and would not be known again.
    """
    known = _parsed(address)
    return _network(known, _HOUSEHOLD_BITS) if isinstance(known, IPv6Address) else str(known)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        known = ip_address(address)
    except ValueError:
        return None
    return (known.ipv4_mapped or known) if isinstance(known, IPv6Address) else known


def _network(address: IPv6Address, bits: int) -> str:
    rest = 128 - bits
    return str(IPv6Network((int(address) >> rest << rest, bits)))

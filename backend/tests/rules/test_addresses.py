"""What is kept of where a request came from."""

import re
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given, strategies as st

from backend.rules.addresses import shortened, source_of


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("203.0.113.77", "203.0.113.x"),
        ("::ffff:203.0.113.77", "203.0.113.x"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("2001:db8::1", "2001:db8::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", "unknown"),
        ("203.0.113.77, 10.0.0.1", "unknown"),
    ],
)
def test_an_owner_sees_about_where_a_download_came_from(address: str, shown: str) -> None:
    """A network, never an address."""
    assert shortened(address) == shown


@given(st.ip_addresses(v=4), st.integers(min_value=0, max_value=255))
def test_all_addresses_of_an_ipv4_network_look_alike(address: IPv4Address, host: int) -> None:
    """The last octet is not kept."""
    assert shortened(str(address)) == shortened(str(IPv4Address(int(address) >> 8 << 8 | host)))


@given(st.integers(min_value=2**125, max_value=2**126 - 1), st.integers(min_value=0, max_value=2**80 - 1))
def test_all_addresses_of_an_ipv6_site_look_alike(address: int, host: int) -> None:
    """The last eighty bits are not kept."""
    assert shortened(str(IPv6Address(address))) == shortened(str(IPv6Address(address >> 80 << 80 | host)))


@given(st.ip_addresses().map(str))
def test_to_know_a_source_again_its_address_is_not_kept(address: str) -> None:
    """Only what the secret makes of it."""
    assert re.fullmatch("[0-9a-f]{32}", source_of(address, "secret"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.77", "203.0.113.77", True),
        ("203.0.113.77", "::ffff:203.0.113.77", True),
        ("203.0.113.77", "203.0.113.78", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ],
)
def test_a_source_is_known_again(one: str, other: str, *, same: bool) -> None:
    """An address of IPv4, a household of IPv6."""
    assert (source_of(one, "secret") == source_of(other, "secret")) is same


def test_what_is_known_in_one_transfer_means_nothing_in_another() -> None:
    """The secret is the transfer's."""
    assert source_of("203.0.113.77", "one") != source_of("203.0.113.77", "two")

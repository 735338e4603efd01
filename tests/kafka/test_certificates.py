"""The certificates of a secure broker: created once, renewed in time, readable only by their owner."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from stockstream.kafka.certificates import AUTHORITY_LASTS, BROKER_LASTS, Certificates


def leaf(certificates: Certificates) -> x509.Certificate:
    return x509.load_pem_x509_certificates(certificates.broker.read_bytes())[0]


def authority(certificates: Certificates) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificates.authority.read_bytes())


def test_they_name_the_hosts_and_their_uses(tmp_path: Path) -> None:
    made = Certificates(tmp_path / "secure", ["quotes.lan", "192.0.2.7"])
    assert made.ensure()
    names = leaf(made).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "quotes.lan"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "192.0.2.7"]
    uses = leaf(made).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(uses) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    assert not leaf(made).extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert authority(made).extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    leaf(made).verify_directly_issued_by(authority(made))


def test_they_stay_until_they_end_soon(tmp_path: Path) -> None:
    made, now = Certificates(tmp_path), datetime.now(UTC)
    made.ensure(now)
    first, signed_by = leaf(made), authority(made)
    assert not made.ensure(now + 0.7 * BROKER_LASTS)
    assert leaf(made) == first
    later = now + 0.8 * BROKER_LASTS
    assert made.ensure(later)
    assert leaf(made).not_valid_after_utc > later + 0.9 * BROKER_LASTS
    assert authority(made) == signed_by  # clients need nothing new


def test_an_authority_that_ends_soon_is_made_anew_with_what_it_signed(tmp_path: Path) -> None:
    made, now = Certificates(tmp_path), datetime.now(UTC)
    made.ensure(now)
    former = authority(made)
    assert made.ensure(now + 0.8 * AUTHORITY_LASTS)
    assert authority(made) != former
    leaf(made).verify_directly_issued_by(authority(made))


def test_other_hosts_need_another_certificate(tmp_path: Path) -> None:
    Certificates(tmp_path).ensure()
    assert Certificates(tmp_path, ["quotes.lan"]).ensure()
    assert not Certificates(tmp_path, ["quotes.lan"]).ensure()


def test_a_clock_that_went_back_gets_one_that_is_good_now(tmp_path: Path) -> None:
    made, now = Certificates(tmp_path), datetime.now(UTC)
    made.ensure(now)
    assert made.ensure(now - timedelta(days=2))
    assert leaf(made).not_valid_before_utc < now - timedelta(days=2)


def test_only_their_owner_reads_them(tmp_path: Path) -> None:
    made = Certificates(tmp_path / "secure")
    made.ensure()
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in made.folder.iterdir()} == {0o600}

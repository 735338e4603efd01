"""Certificates of a secure local broker: its own authority, and the certificate of the broker.

All files are PEM, which both Kafka and librdkafka read.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stockstream.files import private_folder, write_private

BROKER: Final = "stockstream-broker"
"""The common name of the broker's certificate, by which Kafka knows the broker itself."""

AUTHORITY_LASTS: Final = timedelta(days=3650)
BROKER_LASTS: Final = timedelta(days=365)
_RENEWED_BEFORE: Final = 0.25
"""A certificate is replaced when less than this part of its lifetime is left."""

_AUTHORITY: Final = "ca.pem"
_AUTHORITY_KEY: Final = "ca.key"
_BROKER: Final = "broker.pem"
_EARLIER: Final = timedelta(minutes=5)  # the clocks of clients are not ours


class _Issuer(NamedTuple):
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


class Certificates:
    """Certificates in a folder that only its owner can read; created if missing, replaced before they expire.

    Parameters
    ----------
    folder
        Folder of the files.
    hosts
        Names and addresses by which clients reach the broker, in addition to ``localhost`` and ``127.0.0.1``.
    lasts
        Lifetime of the broker's certificate.
    """

    def __init__(self, folder: Path, hosts: Sequence[str] = (), *, lasts: timedelta = BROKER_LASTS) -> None:
        self.folder = folder
        self._hosts = tuple(dict.fromkeys(("localhost", "127.0.0.1", *hosts)))
        self._lasts = lasts

    @property
    def authority(self) -> Path:
        """File of the authority's certificate, which clients need."""
        return self.folder / _AUTHORITY

    @property
    def broker(self) -> Path:
        """File with the broker's key, its certificate and the authority's certificate."""
        return self.folder / _BROKER

    def ensure(self, now: datetime | None = None) -> bool:
        """Create certificates that are missing, expire soon, or name other hosts.

        Returns whether the broker's certificate was replaced. An authority is replaced only when it expires soon: all
        clients then need the new one.
        """
        now = now or datetime.now(UTC)
        private_folder(self.folder)
        issuer = self._issuer(now)
        if self._is_valid(issuer.certificate, now):
            return False
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _broker_certificate(key, issuer, self._hosts, now, self._lasts)
        write_private(self.broker, _pem(key) + _pem_of(certificate) + _pem_of(issuer.certificate))
        return True

    def _issuer(self, now: datetime) -> _Issuer:
        key_file = self.folder / _AUTHORITY_KEY
        if key_file.exists() and self.authority.exists():
            key = serialization.load_pem_private_key(key_file.read_bytes(), None)
            certificate = x509.load_pem_x509_certificate(self.authority.read_bytes())
            if isinstance(key, ec.EllipticCurvePrivateKey) and _does_not_expire_soon(certificate, now):
                return _Issuer(key, certificate)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _authority_certificate(key, now)
        write_private(key_file, _pem(key))
        write_private(self.authority, _pem_of(certificate))
        return _Issuer(key, certificate)

    def _is_valid(self, issuer: x509.Certificate, now: datetime) -> bool:
        """Whether the broker's certificate was signed by this authority, names the hosts, and does not expire soon."""
        if not self.broker.exists():
            return False
        certificate = x509.load_pem_x509_certificates(self.broker.read_bytes())[0]
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        try:
            certificate.verify_directly_issued_by(issuer)
        except Exception:  # noqa: BLE001 - it is recreated, whatever is wrong with it
            return False
        return list(names) == _alternatives(self._hosts) and _does_not_expire_soon(certificate, now)


def _does_not_expire_soon(certificate: x509.Certificate, now: datetime) -> bool:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return begins <= now < ends - (ends - begins) * _RENEWED_BEFORE


def _authority_certificate(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    # A number in the name: clients with two authorities of the same name may try the wrong one.
    name = _name(f"stockstream authority {x509.random_serial_number() % 10**8:08}")
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _unsigned(name, name, key, now, AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _broker_certificate(
    key: ec.EllipticCurvePrivateKey, issuer: _Issuer, hosts: Sequence[str], now: datetime, lasts: timedelta
) -> x509.Certificate:
    # The broker is also its own client: its parts authenticate each other by this certificate.
    uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    authority = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _unsigned(_name(BROKER), issuer.certificate.subject, key, now, lasts)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(uses, critical=False)
        .add_extension(x509.SubjectAlternativeName(_alternatives(hosts)), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority), critical=False)
        .sign(issuer.key, hashes.SHA256())
    )


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + lasts)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternatives(hosts: Sequence[str]) -> list[x509.GeneralName]:
    return [_alternative(host) for host in hosts]


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _pem_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)

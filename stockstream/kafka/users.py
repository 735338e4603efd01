"""Users of a secure broker, one per role: their passwords, and the files from which clients read them."""

from __future__ import annotations

import json
import secrets
import textwrap
from pathlib import Path
from typing import Final

from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from stockstream.credentials import PASSWORD, ROLES, SERVERS, Role, credentials, file_of
from stockstream.files import private_folder, write_private
from stockstream.kafka.client import settled

_BYTES: Final = 24
_ITERATIONS: Final = 8_192
_WITHIN: Final = 10.0

_HEAD: Final = """\
# Made by `stockstream broker --secure`: who a client is, and the authority that it trusts. For its owner alone.
# On another machine it serves as it is: name it as secrets_file there, and keep it chmod 600.
"""


class Users:
    """Users and passwords, in a folder that only its owner can read.

    Passwords are random and are kept between starts. If the file of a role is deleted, the next start creates another
    password for it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ensure(self, servers: str, authority: str) -> None:
        """Write the file of each role: the broker's address, the user, the password, the authority in PEM."""
        private_folder(self.folder)
        for role in ROLES:
            properties = {
                SERVERS: servers,
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": role,
                PASSWORD: self._password(role) or secrets.token_urlsafe(_BYTES),
            }
            lines = [f"{name}: {json.dumps(value)}\n" for name, value in properties.items()]
            text = "".join([_HEAD, *lines, "ssl.ca.pem: |\n", textwrap.indent(authority, "  ")])
            write_private(file_of(self.folder, role), text.encode())

    def register(self, admin: AdminClient) -> None:
        """Create the users in the broker. Sends salted hashes of the passwords (SCRAM). Raises KafkaException."""
        how = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
        wanted: list[UserScramCredentialAlteration] = [
            UserScramCredentialUpsertion(role, how, str(self._password(role)).encode()) for role in ROLES
        ]
        for done in admin.alter_user_scram_credentials(wanted, request_timeout=_WITHIN).values():
            settled(done, _WITHIN)

    def forget(self) -> None:
        """Delete the files, when the broker is no longer secure."""
        for role in ROLES:
            file_of(self.folder, role).unlink(missing_ok=True)

    def _password(self, role: Role) -> str | None:
        found = credentials(self.folder, role)
        return None if found is None or PASSWORD not in found else str(found[PASSWORD])

"""Services of the page, kept at ``app.state.services``."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from stockstream.web.accounts import Accounts
from stockstream.web.alert_records import AlertRecords
from stockstream.web.audit import Audit
from stockstream.web.hub import Hub
from stockstream.web.layouts import Layouts
from stockstream.web.logins import Logins
from stockstream.web.overviews import Overviews
from stockstream.web.quotes import Quotes
from stockstream.web.sessions import Sessions


@dataclass(frozen=True)
class Services:
    """What endpoints use: accounts, sessions, layouts, limits of logins, the audit log, the hub, the watch list, the
    cluster, and records about alerts."""

    accounts: Accounts
    sessions: Sessions
    layouts: Layouts
    logins: Logins
    audit: Audit
    hub: Hub
    quotes: Quotes
    overviews: Overviews
    alerts: AlertRecords


def of(connection: HTTPConnection) -> Services:
    """The services of the application that answers a request."""
    services: Services = connection.app.state.services
    return services

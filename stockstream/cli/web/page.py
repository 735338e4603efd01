"""The page as the command runs it: its services, and the lines on the terminal."""

from __future__ import annotations

import webbrowser
from functools import partial
from pathlib import Path
from typing import Final

from stockstream.cli.context import Context
from stockstream.config import Settings
from stockstream.consumers import view_settings
from stockstream.consumers.chart import Configured
from stockstream.indicators.catalog import AnyParameter
from stockstream.views.fold import Value
from stockstream.views.study import Study
from stockstream.web.accounts import Accounts
from stockstream.web.alert_records import AlertRecords
from stockstream.web.app import make_app
from stockstream.web.audit import Audit
from stockstream.web.database import Database
from stockstream.web.hub import Hub
from stockstream.web.layouts import Layouts
from stockstream.web.logins import Logins
from stockstream.web.overviews import Overviews
from stockstream.web.quotes import Quotes
from stockstream.web.server import Address, serve
from stockstream.web.services import Services
from stockstream.web.sessions import Sessions

_FOLDER: Final = "web"


def database(settings: Settings) -> Database:
    """The database of the page. Raises `StockstreamError`."""
    return Database(settings.data_dir / _FOLDER / "accounts.sqlite")


def audit_file(settings: Settings) -> Path:
    """The audit log."""
    return settings.state_dir / _FOLDER / "audit.jsonl"


def run(context: Context, address: Address, *, opens: bool) -> None:
    """Serve the page until Ctrl-C; ``opens`` shows it in the user's browser."""
    settings = context.settings
    kept = database(settings)
    accounts = Accounts(kept)
    hub = Hub(settings.connection("consumer"), settings.window.keep, _configured(settings))
    services = Services(
        accounts=accounts,
        sessions=Sessions(kept),
        layouts=Layouts(kept),
        logins=Logins(),
        audit=Audit(audit_file(settings)),
        hub=hub,
        quotes=Quotes(partial(hub.ask, hub.quotes)),
        overviews=Overviews(settings.connection("admin"), settings.data_dir),
        alerts=AlertRecords(settings.connection("consumer")),
    )

    def ready(url: str) -> None:
        invitation = accounts.invite()  # not before: one that cannot listen would end the link of one that runs
        context.reporter.note(f"the page is at {url} (Ctrl-C ends it)")
        opened = url if invitation is None else f"{url}/welcome/{invitation}"
        if invitation is not None:  # a result, not a note: the log holds no secret
            context.reporter.result(f"no admin yet: for an hour, once, {opened} makes one")
        if opens:
            webbrowser.open(opened)

    serve(make_app(services, secure=address.certificate is not None), address, ready)
    context.reporter.note("the page has ended")


def _configured(settings: Settings) -> Configured:
    return partial(_parameter, settings)


def _parameter(settings: Settings, study: Study, parameter: AnyParameter, /) -> Value:
    return view_settings.parameter(settings, study.name, parameter)

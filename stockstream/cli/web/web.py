"""``stockstream web``: serves the page, and manages who may use it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stockstream.cli.commands import Group
from stockstream.cli.context import Context
from stockstream.cli.panels import RUN
from stockstream.cli.serving import LOOPBACK
from stockstream.cli.web import token, user
from stockstream.errors import ConfigError
from stockstream.web.extra import PORT, require_assets, require_web

if TYPE_CHECKING:  # fastapi is slow to import, and an extra
    from stockstream.config import Settings
    from stockstream.web.server import Address

app = typer.Typer(cls=Group, invoke_without_command=True)
app.add_typer(user.app, name="user")
app.add_typer(token.app, name="token")


@app.callback()
def web(
    ctx: typer.Context,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, metavar="PORT", help="Port to listen on; 0 is any free one.", rich_help_panel=RUN
        ),
    ] = PORT,
    host: Annotated[
        str,
        typer.Option(metavar="HOST", help="Address to listen on; by default only this machine.", rich_help_panel=RUN),
    ] = LOOPBACK,
    tls: Annotated[
        bool,
        typer.Option(
            "--tls", help="Serve over TLS, with the certificate of the secure broker here.", rich_help_panel=RUN
        ),
    ] = False,
    opens: Annotated[bool, typer.Option("--open", help="Open the page in your browser.", rich_help_panel=RUN)] = False,
) -> None:
    """Serve the page: charts of any indicator in a browser, live, for people with an account.

    The first start prints a link with which one person becomes the admin.
    """
    if ctx.invoked_subcommand is not None:
        return
    if not tls and host not in (LOOPBACK, "::1", "localhost"):
        raise typer.BadParameter("on another address than this machine's own the page needs --tls", param_hint="--host")
    context = Context.of(ctx)
    require_web()
    require_assets()
    from stockstream.cli.web.page import run

    run(context, _address(context.settings, host, port, tls=tls), opens=opens)


def _address(settings: Settings, host: str, port: int, *, tls: bool) -> Address:
    from stockstream.web.server import Address

    return Address(host, port, _certificate(settings) if tls else None)


def _certificate(settings: Settings) -> Path:
    from stockstream.credentials import BROKER_FOLDER, CLUSTER_FOLDER
    from stockstream.kafka.certificates import Certificates

    for folder in (BROKER_FOLDER, CLUSTER_FOLDER):
        certificate = Certificates(settings.data_dir / folder / "secure").broker
        if certificate.is_file():
            return certificate
    raise ConfigError(
        "--tls: there is no certificate here yet", hint="`stockstream broker --secure` makes it at its first start"
    )

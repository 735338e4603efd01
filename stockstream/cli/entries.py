"""All commands: target, line of help, panel and examples of each. A module is imported when its command is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

RUN: Final = "Run"
INSPECT: Final = "Inspect"
MAINTAIN: Final = "Maintain"


@dataclass(frozen=True)
class Entry:
    """A command: its target (module:name of a function or typer app), a line of help, its panel, and examples.

    A ``plugged`` command knows indicators and studies by name, also those of plug-ins. An ``unattended`` one runs until
    it is asked to end, and can be a service: the command itself, or each of its subcommands.
    """

    target: str
    help: str
    panel: str
    examples: tuple[str, ...] = ()
    plugged: bool = False
    unattended: Literal["itself", "subcommands"] | None = None


COMMANDS: Final = {
    "demo": Entry(
        "stockstream.cli.demo:demo",
        "Start a broker, two producers and three windows.",
        RUN,
        ("demo", "demo --live", "demo --headless --seconds 60"),
    ),
    "broker": Entry(
        "stockstream.cli.broker:broker",
        "Run Apache Kafka on this machine, in the foreground.",
        RUN,
        ("broker", "broker --port 19092 --data ~/kafka"),
        unattended="itself",
    ),
    "produce": Entry(
        "stockstream.cli.produce.produce:app",
        "Send records from a source to their topic.",
        RUN,
        (
            "produce simulated AAPL MSFT",
            "produce yahoo AAPL --interval 1d --history 1y --once",
            "produce csv AAPL.csv --dry-run",
        ),
        plugged=True,
        unattended="subcommands",
    ),
    "control": Entry(
        "stockstream.cli.control:app",
        "Pause, resume and pace running producers.",
        RUN,
        ("control list", "control pause yahoo", "control rate simulated 100"),
    ),
    "watch": Entry(
        "stockstream.cli.watch.watch:app",
        "Open a live window on a topic.",
        RUN,
        (
            "watch chart AAPL --with bollinger,rsi,volume",
            "watch rsi AAPL MSFT --each",
            "watch flights AA --once --headless flights.png",
        ),
        plugged=True,
    ),
    "store": Entry(
        "stockstream.cli.store:store",
        "Store a topic in a durable table.",
        RUN,
        ("store stocks --once", "store flights --to s3://shares/tables", "store stocks --partitions 0-2 --every 5"),
        unattended="itself",
    ),
    "alerts": Entry(
        "stockstream.cli.alerts.alerts:app",
        "Raise alerts by rules, list and mute them.",
        RUN,
        (
            "alerts",
            "alerts --rule 'close crosses above bollinger.upper' --symbols AAPL,MSFT",
            "alerts test 'rsi(14) < 30 for 3 bars' --symbol AAPL --plot rsi.png",
        ),
        plugged=True,
        unattended="itself",
    ),
    "service": Entry(
        "stockstream.cli.service:app",
        "Run commands unattended, as systemd services.",
        RUN,
        ("service install broker", "service install produce yahoo AAPL", "service status"),
    ),
    "web": Entry(
        "stockstream.cli.web.web:app",
        "Serve charts to browsers, for people with an account.",
        RUN,
        ("web", "web --port 8080", "web user add ann --role analyst"),
        plugged=True,
        unattended="itself",
    ),
    "etl": Entry(
        "stockstream.cli.etl:etl",
        "Make typed Parquet of raw JSON lines.",
        RUN,
        ("etl stocks", "etl flights --to s3://shares/tables"),
    ),
    "spark": Entry(
        "stockstream.cli.spark.spark:app",
        "Work on the topics with Apache Spark.",
        RUN,
        ("spark indicator --with bollinger,rsi", "spark raw stocks --to s3://shares/tables"),
        plugged=True,
        unattended="subcommands",
    ),
    "monitor": Entry(
        "stockstream.cli.monitor.monitor:monitor",
        "Show record rates, lags and dead letters, live.",
        INSPECT,
        ("monitor", "monitor --once --json", "monitor --prometheus 9090"),
    ),
    "report": Entry(
        "stockstream.cli.report:report",
        "Write an HTML page about the bars of the topic.",
        INSPECT,
        ("report", "report AAPL MSFT --interval 1d --out shares.html"),
    ),
    "quality": Entry(
        "stockstream.cli.quality:quality",
        "Report gaps, duplicates, corrections and doubts of bars.",
        INSPECT,
        ("quality stocks", "quality stocks AAPL --json", "quality stocks --plot quality.png --fail-on gaps,flags"),
    ),
    "topics": Entry(
        "stockstream.cli.topics:app",
        "List the topics: records, newest record, size.",
        INSPECT,
        ("topics", "topics --json", "topics copy --from 127.0.0.1:19092"),
    ),
    "tables": Entry(
        "stockstream.cli.stored_tables:tables",
        "List the durable tables: rows, files, lag.",
        INSPECT,
        ("tables", "tables --to s3://shares/tables", "tables --json"),
    ),
    "sql": Entry(
        "stockstream.cli.sql.sql:sql",
        "Ask the durable tables in SQL, indicators included.",
        INSPECT,
        (
            "sql",
            "sql \"SELECT * FROM bollinger('AAPL', period := 20) WHERE close > upper\"",
            "sql \"SELECT time, close, sma FROM sma('AAPL', 50)\" --plot sma.png",
        ),
        plugged=True,
    ),
    "series": Entry(
        "stockstream.cli.series:series",
        "List the series of bars in the topic stocks.",
        INSPECT,
        ("series", "series --json"),
    ),
    "tail": Entry(
        "stockstream.cli.tail:tail",
        "Print a topic's newest records, then follow it.",
        INSPECT,
        ("tail stocks", "tail stocks.dlq -n 100 --no-follow", "tail flights --json"),
    ),
    "indicators": Entry(
        "stockstream.cli.indicators:app",
        "List the indicators, or describe one.",
        INSPECT,
        ("indicators", "indicators describe rsi"),
        plugged=True,
    ),
    "models": Entry(
        "stockstream.cli.models:app",
        "List the models, describe one, or evaluate one.",
        INSPECT,
        ("models", "models describe direction", "models evaluate direction AAPL --history 2y --plot scores.png"),
        plugged=True,
    ),
    "sources": Entry(
        "stockstream.cli.sources:app",
        "List the sources of bars, or describe one.",
        INSPECT,
        ("sources", "sources describe yahoo"),
        plugged=True,
    ),
    "schema": Entry(
        "stockstream.cli.schema:schema",
        "Print the JSON Schema of a topic's records.",
        INSPECT,
        ("schema stocks", "schema flights"),
    ),
    "plugins": Entry(
        "stockstream.cli.plugins:plugins",
        "List the plug-ins, and those that fail.",
        INSPECT,
        ("plugins", "plugins --config my.yaml"),
        plugged=True,
    ),
    "config": Entry(
        "stockstream.cli.config:config",
        "Print the settings in effect and their origin.",
        MAINTAIN,
        ("config", "config window views.rsi", "config --json"),
        plugged=True,
    ),
    "dlq": Entry(
        "stockstream.cli.dlq:app",
        "List, show, replay or purge unreadable records.",
        MAINTAIN,
        ("dlq list", "dlq show stocks/0/17", "dlq replay --topic flights"),
    ),
    "cloud": Entry(
        "stockstream.cli.cloud.cloud:app",
        "Tables in AWS: cost, rights, Glue's catalog, Athena.",
        MAINTAIN,
        ("cloud plan --to s3://shares/tables", "cloud catalog", "cloud sql 'SELECT count(*) FROM stored_bars'"),
    ),
    "rebuild": Entry(
        "stockstream.cli.rebuild:rebuild_states",
        "Rebuild the saved states of a view from the topic.",
        MAINTAIN,
        ("rebuild bollinger", "rebuild chart --with bollinger,rsi"),
        plugged=True,
    ),
    "reset": Entry(
        "stockstream.cli.reset:reset",
        "Delete the topics and the windows' saved states.",
        MAINTAIN,
        ("reset", "reset --yes"),
    ),
    "doctor": Entry(
        "stockstream.cli.doctor:doctor",
        "Check this machine, and say what is missing.",
        MAINTAIN,
        ("doctor", "doctor --json"),
    ),
    "sample": Entry(
        "stockstream.cli.sample:app",
        "Write the sample data.",
        MAINTAIN,
        ("sample flights", "sample flights --out month.csv --seed 7"),
    ),
}
"""All commands, in the order of the help. A module is imported when its command is called."""

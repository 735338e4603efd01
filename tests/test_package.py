"""The names of the package itself."""

from __future__ import annotations

import subprocess
import sys

import stockstream


def test_its_names_are_listed() -> None:
    assert {"read", "indicators", "__version__"} <= set(dir(stockstream))
    for name in stockstream.__all__:
        assert getattr(stockstream, name) is not None


def test_neither_its_import_nor_its_names_load_anything_heavy() -> None:
    code = "import sys, stockstream; dir(stockstream); print({'pandas', 'numpy', 'confluent_kafka'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_indicators_need_no_import_of_their_own() -> None:
    code = "import stockstream; print(stockstream.indicators.RSI.name)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "rsi"


def test_every_public_name_is_reported_of_and_explains_itself() -> None:
    for name in set(stockstream.__all__) - {"__version__"}:
        assert name in (stockstream.__doc__ or "")
        assert getattr(stockstream, name).__doc__


def test_messages_of_the_log_are_for_programs_that_configure_one() -> None:
    code = "import logging, stockstream; logging.getLogger('stockstream.kafka').warning('a request timed out')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr == ""

"""Stock bars from the CSV files that people have.

A file is understood in stages, each a module: its bytes as ``text``, the ``dialect`` of cells and numbers, the
``header`` and its ``columns``, the ``time_format``, the ``spacing`` of its bars, the ``zones`` that its offsets tell.
`examine` reads a file once and tells all of it; `StockFiles` gives the bars.
"""

from stockstream.producers.stock_csv.columns import LAYOUTS
from stockstream.producers.stock_csv.files import StockFile, StockFiles, examine
from stockstream.producers.stock_csv.one_series import check_one_series
from stockstream.producers.stock_csv.schema import Overrides

__all__ = ["LAYOUTS", "Overrides", "StockFile", "StockFiles", "check_one_series", "examine"]

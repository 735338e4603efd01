"""Stock bars from CSV files of many vendors and programs.

A file is recognised in stages, each in a module: its bytes as ``text``, the ``dialect`` of cells and numbers, the
``header`` and its ``columns``, the ``time_format``, the ``spacing`` of its bars, the ``zones`` of its offsets.
`examine` reads a file once and recognises all this; `StockFiles` reads the bars.
"""

from stockstream.producers.stock_csv.columns import LAYOUTS
from stockstream.producers.stock_csv.files import StockFile, StockFiles, examine
from stockstream.producers.stock_csv.one_series import check_one_series
from stockstream.producers.stock_csv.schema import Overrides

__all__ = ["LAYOUTS", "Overrides", "StockFile", "StockFiles", "check_one_series", "examine"]

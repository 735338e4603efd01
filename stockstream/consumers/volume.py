"""The volume of each bar."""

from stockstream.views.marks import Columns, Panel
from stockstream.views.study import Study

STUDY = Study("volume", "Volume", None, panels=(Panel((Columns("volume"),), ylabel="volume", from_zero=True),))

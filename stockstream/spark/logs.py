"""Where programs of Spark log: in files of limited size in the state directory, which their owner alone can read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from stockstream.errors import SparkError
from stockstream.files import private_file, private_folder

_SETTINGS: Final = """\
rootLogger.level = {level}
rootLogger.appenderRef.file.ref = file
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {file}
appender.file.filePattern = {file}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{yyyy-MM-dd'T'HH:mm:ss}}{{UTC}}Z %p %c: %m%n%ex
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 2MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
"""


class Logs:
    """The log of a program of Spark, and the file of what does not go through its logger.

    Parameters
    ----------
    state_dir
        The state directory.
    name
        The program's.
    level
        The level from which on it logs.

    Raises
    ------
    SparkError
        The directory cannot be written.
    """

    def __init__(self, state_dir: Path, name: str, level: str = "warn") -> None:
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", name)
        folder = state_dir.absolute() / "logs"
        self.file = folder / f"spark-{plain}.log"
        self.output = folder / f"spark-{plain}.out"
        self._settings = folder / f"spark-{plain}.properties"
        try:
            private_folder(folder)
            for path in (self.file, self.output, self._settings):
                private_file(path)
            self._settings.write_text(_SETTINGS.format(file=self.file, level=level))
        except OSError as error:
            raise SparkError(f"{folder} cannot be written: {error.strerror}", hint="set another state_dir") from error

    @property
    def java_options(self) -> str:
        """The options of Java by which it logs there."""
        return f"-Dlog4j2.configurationFile={self._settings.as_uri()}"

"""Build of a wheel: the page's assets are fetched first, where npm is there. All else stands in setup.cfg."""

import runpy
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithAssets(build_py):
    """Fetches the assets of the page; a wheel that is built without npm says at its use that they are missing."""

    def run(self) -> None:
        """As setuptools', after the assets."""
        if not self.editable_mode:
            runpy.run_path(str(Path(__file__).parent / "stockstream/web/assets.py"))["main"]()
        super().run()


setup(cmdclass={"build_py": BuildWithAssets})

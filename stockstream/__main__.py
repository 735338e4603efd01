"""``python -m stockstream``."""

from stockstream.cli.main import run

if __name__ == "__main__":
    run()

"""Fixtures of the tests of the command line."""

from tests.site import Site as Site

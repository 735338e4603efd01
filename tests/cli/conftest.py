"""What the tests of the command line share."""

from tests.site import Site as Site

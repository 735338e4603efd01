"""Sources of bars, one file each with its helpers beside it; begin with `catalog`."""

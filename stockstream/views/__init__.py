"""State of consumers: folds, histories, checkpoints, frames. No drawing. Begin with `series`."""

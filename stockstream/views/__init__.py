"""State of consumers: folds, histories, checkpoints, frames. No drawing."""

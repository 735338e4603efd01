"""The drawing of frames and marks; the only place that knows matplotlib and seaborn."""

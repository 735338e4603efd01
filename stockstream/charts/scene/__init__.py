"""Scene: a view as a picture that is updated cheaply, on any Agg canvas; begin with `scene`."""

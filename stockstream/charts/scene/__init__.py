"""A view as a picture that is kept up to date cheaply, on any canvas that draws with Agg; begin with `scene`."""

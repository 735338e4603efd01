"""Text on a figure: drawn from cached glyphs (`glyph_cache`), changed without a redraw (`text`). Begin with `text`."""

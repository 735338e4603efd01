"""Text on a figure. `glyph_cache` draws it from cached glyphs, `text` makes texts that change by
themselves. Begin with `text`."""

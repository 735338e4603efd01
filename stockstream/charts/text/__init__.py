"""Words on a figure. `glyph_cache` draws them from cached letters, `text` makes texts that change by
themselves. Begin with `text`."""

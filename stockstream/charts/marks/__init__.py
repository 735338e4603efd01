"""Artists of marks: lines, bands, candles, columns. Each mark owns its artists, made once. Begin with `lines`."""

"""Marks made visible: lines, bands, candles, columns. Each owns its artists, made once and moved. Begin with
`lines`."""

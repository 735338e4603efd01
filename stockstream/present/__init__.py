"""What is said about a frame, for any renderer: shared by windows, pages and notebooks. No matplotlib.

`plot_data` is where to begin: what one picture is of. `viewer` chooses the key, holds the pause and gives a
`Renderer` what to draw. Words about it are in `legend`, `remark`, `formats`, `status_bar` and `price_change`,
levels and their crossings in `price_levels`, fewer points than rows in `decimation`, what a window remembers in
`preferences`.
"""

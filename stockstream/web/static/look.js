// Look: what the library is told of a chart: colours, axes, and how times are written.

import { moment, tick } from "./format.js";

// Those of a new chart. The library scrolls to the newest row, and zooms as before, each time that it is told these of the time scale.
export function chartOptions(renderer) {
  const look = lookOptions(renderer);
  return {
    ...look, autoSize: true,
    timeScale: { ...look.timeScale, rightOffset: 3, minBarSpacing: 0.01 }, // so that all rows fit
  };
}

export function lookOptions(renderer) {
  const { theme } = renderer;
  return {
    layout: {
      background: { color: theme.background }, textColor: theme.text, attributionLogo: false, fontSize: 12,
      panes: { separatorColor: theme.edge, separatorHoverColor: theme.grid, enableResize: true },
    },
    grid: { vertLines: { color: theme.grid, visible: renderer.grid }, horzLines: { color: theme.grid, visible: renderer.grid } },
    crosshair: {
      mode: 0, vertLine: { color: theme.quiet, labelBackgroundColor: theme.quiet },
      horzLine: { color: theme.quiet, labelBackgroundColor: theme.quiet },
    },
    rightPriceScale: { borderColor: theme.edge, entireTextOnly: true },
    timeScale: {
      borderColor: theme.edge, timeVisible: true, secondsVisible: false,
      lockVisibleTimeRangeOnResize: true, // so that rows that fit stay so
      tickMarkFormatter: (time, kind) => tick(time, kind, renderer.zone, renderer.daily),
    },
    localization: { timeFormatter: (time) => moment(time * 1e6, renderer.zone, renderer.daily) },
  };
}

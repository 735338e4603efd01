// Look: what the library is told of a chart: colours, axes, and how times are written.

import { moment, tick } from "./format.js";

export function chartOptions(renderer) {
  const { theme } = renderer;
  return {
    autoSize: true,
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
      borderColor: theme.edge, timeVisible: true, secondsVisible: false, rightOffset: 3,
      minBarSpacing: 0.01, lockVisibleTimeRangeOnResize: true, // so that all rows fit, and stay so
      tickMarkFormatter: (time, kind) => tick(time, kind, renderer.zone, renderer.daily),
    },
    localization: { timeFormatter: (time) => moment(time * 1e6, renderer.zone, renderer.daily) },
  };
}

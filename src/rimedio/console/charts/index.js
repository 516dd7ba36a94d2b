// The charts of the console; everything else in this folder is theirs alone.

export { barList } from "./bars.js";
export { coverageChart } from "./coverage.js";
export { lineChart } from "./line.js";
export { sparkline } from "./sparkline.js";
export { stackedBars } from "./stacked.js";

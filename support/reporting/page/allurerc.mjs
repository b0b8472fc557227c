// The HTML page of a run: one file that opens from disk. `python -m support.reporting.html` renders it, standing in the
// folder of the results, so that relative paths (the history) lie beside them.

import { existsSync, readFileSync } from "node:fs";

// What the outcomes are called is said once, where the run is described (support/reporting/run_description.py).
const categories = process.env.REPORT_CATEGORIES;

// Only a finished run is compared with others: one that was cut off says nothing of them, nor they of it.
const hasHistory = !process.env.REPORT_WITHOUT_HISTORY;
const hasPast = hasHistory && existsSync("allure-history.jsonl");

// The graphs that these results fill: there are no layers, no environments and no coverage that others would show.
const charts = [
  { type: "currentStatus", title: "This run" },
  ...(hasPast ? [{ type: "statusDynamics", title: "Runs before" }] : []),
  ...(hasPast ? [{ type: "statusTransitions", title: "What changed from run to run" }] : []),
  {
    type: "testResultSeverities",
    title: "By severity",
    levels: ["critical", "normal"],
    statuses: ["passed", "failed", "broken", "skipped"],
  },
  { type: "durations", title: "How long scenarios took", groupBy: "none" },
  { type: "durationDynamics", title: "How long runs took" },
];

export default {
  name: process.env.REPORT_NAME || "Focus Server stream acceptance",
  ...(hasHistory ? { historyPath: "allure-history.jsonl", appendHistory: true, historyLimit: 50 } : {}),
  hideLabels: ["framework", "language"],
  categories: categories && existsSync(categories) ? JSON.parse(readFileSync(categories, "utf8")) : [],
  plugins: {
    awesome: {
      options: {
        singleFile: true,
        groupBy: ["epic", "feature", "story"],
        reportLanguage: "en",
        stepTreeExpansion: "expanded",
        charts,
      },
    },
  },
};

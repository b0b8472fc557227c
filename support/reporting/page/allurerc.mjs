// The HTML page of a run: one file that opens from disk. `python -m support.reporting.html` renders it, standing in the
// folder of the results, so that relative paths (the history) lie beside them.

import { existsSync, readFileSync } from "node:fs";

// What the outcomes are called is said once, where the run is described (support/reporting/run_description.py).
const categories = process.env.REPORT_CATEGORIES;

export default {
  name: "Focus Server stream acceptance",
  historyPath: "allure-history.jsonl",
  appendHistory: true,
  historyLimit: 50,
  hideLabels: ["framework", "language"],
  categories: categories && existsSync(categories) ? JSON.parse(readFileSync(categories, "utf8")) : [],
  plugins: {
    awesome: {
      options: {
        singleFile: true,
        groupBy: ["epic", "feature", "story"],
        reportLanguage: "en",
        stepTreeExpansion: "expanded",
      },
    },
  },
};

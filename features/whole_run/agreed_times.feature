Feature: Agreed times
  How long an operator waits for a window is agreed for each environment. No scenario alone can tell a percentile: all windows
  that this run has opened are looked at together.

  @critical
  Scenario: Windows opened as fast as was agreed for this environment
    When I look back on how long every window of this run took to open
    Then configuring, connecting and both together took no longer than agreed

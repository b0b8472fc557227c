Feature: The whole run
  A scenario asks about its own promise, so that a red one names the cause. Every stream is judged by all promises all the
  same, and what nobody asked about must not be lost. This scenario is the last one of every run, whatever was chosen.

  @critical
  Scenario: Nothing else was wrong in any stream of this run
    When I look back on every stream and every answer of this run
    Then nothing was wrong that no scenario asked about

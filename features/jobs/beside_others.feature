Feature: Beside others
  Many operators share one server. Each window shows its own sensors, at its own times, on its own canvas, whoever watches
  what beside it.

  @critical
  Scenario Outline: Two jobs <place>, each for itself
    Given 2 live jobs <place>
    When I stream each of them for a moment, and then both at the same time, for 1.5 seconds
    Then nothing was wrong in any window
    And no window shows what is another's
    And the server tells of each job what was asked for it

    Examples:
      | place                   |
      | whose sensors overlap   |
      | whose sensors lie apart |

@simulator
Feature: Room for others
  A server has so many windows and no more. A job that nobody looks at makes room for another one; where there is no room,
  those who look have to be left in peace.

  @critical
  Scenario: A job that nobody opens is removed, and one that is watched stays
    Given 2 live jobs whose sensors overlap
    When I watch one of them, and jobs without a viewer are removed after half a second
    Then the other one is removed
    And nothing was wrong in the stream

  @critical @uses.windows
  Scenario: A window beyond the last is refused, and the others are not disturbed
    Given a Focus Server that has 3 windows
    And 3 live windows along the whole fibre, each of 11 channels, 256 frequencies and 100 lines a second
    When I stream all windows for half a second, and ask for one more meanwhile
    Then that one is refused, since all windows are in use
    And nothing was wrong in any window

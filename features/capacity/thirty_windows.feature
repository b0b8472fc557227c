@load
Feature: Thirty windows
  An operator keeps thirty windows open. Each of them has to be as good as one alone, for as long as somebody watches.

  @critical
  Scenario Outline: Thirty windows <place> lose nothing and do not lag
    Given 30 live windows <place>, each of 200 channels, 256 frequencies and 20 lines a second
    When I stream all windows for a minute
    Then every window received every line
    And 99 % of the data of every window are at most a second old on arrival
    And nothing was wrong in any window

    Examples:
      | place                         |
      | at the beginning of the fibre |
      | along the whole fibre         |

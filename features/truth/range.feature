@historic
Feature: The range that was asked for
  Playback shows what was asked for: every line of the range, in its order and at its time, and nothing before or beyond.

  @critical
  Scenario: A range of the past is shown as a stream that is right in every way
    Given a historic job configured
    When I stream it to its end
    Then the stream ends by itself
    And nothing was wrong in the stream

@historic
Feature: The picture of the past
  What an operator plays back has to be what the fibre measured: every line of the range, and nothing beyond it.

  @critical
  Scenario: A range of the past is shown as a stream that is right in every way
    Given a historic job configured
    When I stream it to its end
    Then the stream ends by itself
    And nothing was wrong in the stream

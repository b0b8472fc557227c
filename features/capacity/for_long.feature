@slow
Feature: For long
  An operator watches a window for a whole shift. What gets a little slower, older or fainter with every minute looks right
  at any moment.

  @critical
  Scenario: A window is after ten minutes as it was in the first
    Given a live job configured
    When I watch it for 10 minutes
    Then its rates, its age and the levels of its sensors are as they were in the beginning
    And nothing was wrong in the stream
    And nobody has needed more and more memory for it

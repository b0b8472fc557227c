@AUTO-001 @allure.label.epic:E2E_Testing_Framework @allure.label.story:AUTO-001
Feature: Stream delivery
  A waterfall with a gap hides the event in it; one that stutters or lags is not watched for long.

  Background:
    Given a live job configured

  @task-1.5.1 @critical
  Scenario: Delivery is continuous
    When I stream for 4 seconds
    Then no line is missing, repeated or out of order
    And the frames come at a steady pace

  @task-1.5.2 @normal
  Scenario: Delivery is fast enough
    When I stream for 5 seconds
    Then more than 10 frames arrive a second
    And 95 % of the frames arrive within 1 second of the one before

@AUTO-001 @allure.label.epic:E2E_Testing_Framework @allure.label.story:AUTO-001
Feature: Stream delivery
  A waterfall with a gap hides the event in it; one that stutters or lags is not watched for long.

  Background:
    Given a live job configured

  @task-1.5.1 @critical @promise-line-time @promise-rate @promise-live @promise-count
  Scenario: Delivery is continuous
    When I stream for 5 seconds
    Then no line is missing, repeated or out of order
    And the frames come at a steady pace
    And the rows are new when they arrive, and never from the future
    And the stream goes on as long as its job

  @task-1.5.2 @normal @promise-rate
  Scenario: Delivery is fast enough
    When I stream for 4 seconds
    Then more than 10 frames arrive a second
    And 95 % of the frames arrive within 1 second of the one before

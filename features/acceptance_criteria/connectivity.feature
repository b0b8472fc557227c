@AUTO-001 @allure.label.epic:E2E_Testing_Framework @allure.label.story:AUTO-001
Feature: Stream connectivity
  The operator's screen stays empty until the job's stream answers, so it has to be found, reached and answered in time,
  and to end when it should.

  Background:
    Given a live job configured

  @task-1.3.1 @critical @promise-address @promise-health
  Scenario: The stream is found from the answer of the configuration
    When I connect to the job's stream
    Then the answer named an address that can be used
    And the client knows that it is connected

  @task-1.3.1 @critical @promise-address @promise-health
  Scenario: The client connects in time
    When I connect to the job's stream
    Then the connection stands within 10 seconds
    And the client knows that it is connected

  @task-1.3.1 @normal
  Scenario: The client knows when it has left
    Given I am connected to the job's stream
    When I disconnect
    Then the client knows that it is not connected

  @task-1.3.2 @critical @promise-first-frame
  Scenario: The first frame arrives in time
    When I stream 10 frames
    Then the first frame arrives within 5 seconds
    And every frame holds valid data

  @task-1.3.3 @critical @promise-unknown-job
  Scenario: An unknown job is refused, and the connection goes on
    When I ask for the stream of a job that does not exist
    Then the request is refused within 5 seconds, naming the job
    And the same connection then serves 10 frames of valid data

  @task-1.3.4 @critical @promise-count @promise-end
  Scenario: A stream ends after the frames it was asked for
    When I stream 20 frames
    Then the stream ends by itself
    And the end comes within 2 seconds of the last frame
    And the metrics cover the whole stream of 20 frames

  @task-1.3.4 @normal @promise-cancel
  Scenario: A stream ends when its job is cancelled
    When the job is cancelled while I stream
    Then the stream ends by itself
    And the metrics cover the whole stream

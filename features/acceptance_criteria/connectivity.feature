@AUTO-001
Feature: Stream connectivity
  The operator's screen stays empty until the job's stream answers, so it has to be found, reached and answered in time,
  and to end when it should.

  Rule: 1.3.1 The stream is found from the answer of the configuration, and reached within 10 seconds
    @task-1.3.1 @critical
    Scenario: The answer leads to the stream
      Given a live job configured
      When I connect to the job's stream
      Then the answer named an address that can be used

    @task-1.3.1 @critical
    Scenario: Connecting takes no longer than an operator waits
      Given a live job configured
      When I connect to the job's stream
      Then the connection stands within 10 seconds

  Rule: 1.3.2 The first frame arrives within 5 seconds of asking
    @task-1.3.2 @critical
    Scenario: The screen does not stay empty
      Given a live job configured
      When I open the job's stream
      Then the first frame arrives within 5 seconds

  Rule: 1.3.3 An unknown job is refused by its name, and the connection goes on
    @task-1.3.3 @critical @any_job
    Scenario: A job that does not exist is asked for, and then one that does
      Given a live job configured
      When I ask for the stream of a job that does not exist
      Then the request is refused within 5 seconds, naming the job
      And the same connection then serves the job that exists

  Rule: 1.3.4 A stream ends when it should, promptly and without an error
    @task-1.3.4 @critical @uses.frame_limit
    Scenario: All frames that were asked for have come
      Given a live job configured
      When I stream 20 frames
      Then the stream ends by itself
      And the end comes within 2 seconds of the last frame
      And the metrics cover the whole stream of 20 frames

    @task-1.3.4 @normal @any_job
    Scenario: The job is cancelled while somebody watches
      Given a live job configured
      When the job is cancelled while I stream
      Then the stream ends by itself
      And the metrics cover the whole stream

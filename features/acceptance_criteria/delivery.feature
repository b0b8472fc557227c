@AUTO-001 @any_job
Feature: Stream delivery
  A waterfall with a gap hides the event in it; one that stutters or lags is not watched for long.

  Rule: 1.5.1 Delivery is continuous: every line once, in order, at a steady pace and in time
    @task-1.5.1 @critical
    Scenario: Live delivery is continuous
      Given a live job configured
      When I stream for 5 seconds
      Then no line is missing, repeated or out of order
      And the frames come at a steady pace
      And the rows are new when they arrive, and never from the future
      And the stream goes on as long as its job

  Rule: 1.5.2 More than 10 frames are delivered a second, 95 % of them within a second of the one before
    @task-1.5.2 @normal
    Scenario: Live delivery is fast enough
      Given a live job configured
      When I stream for 4 seconds
      Then more than 10 frames arrive a second
      And 95 % of the frames arrive within 1 second of the one before

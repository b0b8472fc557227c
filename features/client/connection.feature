@any_job
Feature: Connection
  What the client says of its connection is what a screen tells its operator, so it has to be true.

  Background:
    Given a live job configured

  @normal
  Scenario: The client knows when it has arrived
    When I connect to the job's stream
    Then the client knows that it is connected

  @normal
  Scenario: The client knows when it has left
    Given I am connected to the job's stream
    When I disconnect
    Then the client knows that it is not connected

@simulator
Feature: Waiting for the fibre
  A Focus Server that has just been started has no fibre yet, and can start no job. That is no failure: who has time waits
  for it.

  @normal
  Scenario: A run that begins before the fibre is there goes on when it is
    Given a Focus Server whose fibre is attached 200 milliseconds after somebody asks for it
    When I begin a run that waits for the fibre for up to 30 seconds
    Then the run has waited for the fibre, and goes on

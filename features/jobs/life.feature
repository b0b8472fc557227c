Feature: Life of a job
  What the server tells of a job is what has become of it, and a job that could not begin has not been in the way of others.

  @normal @uses.job_status
  Scenario: The server tells how a job is doing
    Given a live job configured
    When I follow the job through its life
    Then the server tells at each step how the job is doing

  @slow @normal
  Scenario: A server that has no window left refuses one more, and goes on with the others
    Given all live windows that the server has along the whole fibre, each of 11 channels, 256 frequencies and 20 lines a second
    When I stream all windows for 5 seconds, and ask for one more meanwhile
    Then that one is refused, since all windows are in use
    And nothing was wrong in any window

@historic
Feature: Playback
  An operator plays back what has happened, to look closer and to show it to others. What is played back is exactly what was
  asked for, and the same for everybody, each time.

  @critical
  Scenario: Playback covers exactly the range that was asked for
    When I play these ranges of the recording, beside each other
      | range                                            |
      | its first two seconds                            |
      | from a second before it begins to a second after |
      | two seconds in its midst                         |
      | its last two seconds                             |
    Then every line of each range is shown, and none beyond it
    And nothing was wrong in any window

  @critical
  Scenario: A hole in the recording is shown as a hole
    When I play a range with a hole in it
    Then the lines that reach into the hole are missing, and no others
    And nothing was wrong in any window

  @critical
  Scenario: The same range is the same picture, whenever it is played back
    When I play the same range again and again
    Then it is the same each time, to the last bit
    And nothing was wrong in any window

  @critical
  Scenario: Ranges that follow each other fit
    When I play two ranges that follow each other, and one over both
    Then they fit without a seam
    And nothing was wrong in any window

  @normal @uses.task
  Scenario: Either way to ask for a range leads to the same picture
    When I ask for the same range in both ways that there are
    Then both show the same, to the last bit
    And nothing was wrong in any window

  @normal @uses.job_status
  Scenario: The server tells when a range is over
    Given a historic job configured
    When I follow the job through its life
    Then the server tells at each step how the job is doing

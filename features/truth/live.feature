@truth @live
Feature: The picture of now
  What an operator sees has to be what the fibre does: in its place, at its time, and the same in every window. A stream can
  be well formed in every way and still show the wrong channel.

  @critical
  Scenario: A tone stands where it sounds, and what moves passes as it moves
    When I watch what is known to sound on the fibre, for 2 seconds
    Then each of it is seen where it sounds, and nowhere else

  @critical
  Scenario: Two windows on the same fibre tell the same
    When I watch the same channels through windows of other bands and resolutions, for a second
    Then all of them tell the same

  @critical
  Scenario: What was seen live can be played again
    When I stream live for 1.5 seconds, and play the same time again
    Then both are the same, line by line

@simulator
Feature: Resilience
  Field networks are slow, narrow and gone for seconds. Trouble of the network must not pass for trouble of the stream, and
  what it costs has to be said to the line.

  Background:
    Given a live job configured

  @normal
  Scenario: A slow network delays the stream and breaks nothing
    Given a network that takes 200 milliseconds each way
    When I stream 10 frames
    Then the first frame arrives within 5 seconds
    And every frame holds valid data
    And no line is missing, repeated or out of order

  @critical
  Scenario: The network was gone, and is there again
    When the network drops for 2 seconds while I stream
    Then the stream goes on after 1 interruption
    And no line is counted twice
    And every lost line is reported

  @critical
  Scenario Outline: The network <trouble>, and little is lost
    When the network <trouble> while I stream
    Then the stream goes on after 1 interruption
    And no line is counted twice
    And every lost line is reported
    And at most 100 lines are lost

    Examples:
      | trouble               |
      | cuts the connection   |
      | resets the connection |

  @critical
  Scenario: A silent network is told from a slow one
    Given a client that gives up after 1 second of silence
    When the network freezes while I stream
    Then the stream is reported as stalled, with the time of its last frame
    And the report comes within 4 seconds of the last frame

  @critical
  Scenario: A network that is down is told in time
    Given a client that gives up after 1 second without an answer
    And a network that is down
    When I try to connect to the job's stream
    Then I am told within 4 seconds that nothing answered, and why

  @normal
  Scenario: A network too narrow for the stream makes it late, not wrong
    Given a network that carries 200 kB a second
    When I stream for 2 seconds
    Then the suite reports that live data are stale
    And every frame holds valid data

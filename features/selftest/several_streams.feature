@simulator @dialect.production
Feature: Fault detection where a picture comes in several streams
  Servers in the field send each part of the picture in a stream of its own. What is wrong in one of them alone is wrong in
  the picture, and the report has to say in which one.

  @critical
  Scenario Outline: A Focus Server <server> is found out
    Given a Focus Server <server>
    And a live job configured
    When I stream 6 frames, whatever comes
    Then the suite reports that <finding>

    Examples:
      | server                                         | finding                                                      |
      | two of whose streams have changed places       | stream 1 of 3 does not bring its channels                    |
      | two of whose streams show the same             | stream 3 of 3 carries the values of stream 1 of 3            |
      | one of whose streams loses lines               | stream 3 of 3 lacks … lines, which another brought           |
      | one of whose streams is drawn on another scale | stream 3 of 3 is logarithmic where stream 1 of 3 is linear   |
      | one of whose streams breaks off                | stream 3 of 3 … failed after 5 frames                        |
      | that leaves numbers of lines out               | 1 line is missing by number, after number 7; by time none is |
      | that shows another job                         | the stream is that of another job                            |

  @critical
  Scenario Outline: A correct Focus Server <server> is accepted
    Given a correct Focus Server <server>
    And a live job configured
    When I stream 6 frames
    Then the suite finds nothing wrong

    Examples:
      | server                                 |
      | that has five streams a job            |
      | whose streams count their own lines    |
      | that sends the rows of a frame at once |

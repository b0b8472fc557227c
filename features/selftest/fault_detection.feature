@simulator @dialect.story
Feature: Fault detection
  A verdict is worth what it catches: each of these servers breaks one promise, and the report has to say which. And it is
  worth nothing if it cries wolf: a server that is only different must pass.

  @critical
  Scenario Outline: A Focus Server <server> is found out
    Given a Focus Server <server>
    And a live job configured
    When I stream 6 frames, whatever comes
    Then the suite reports that <finding>

    Examples: what the frames hold
      | server                                  | finding                                                        |
      | whose sensor 2 is dead                  | sensor 2 is dead                                               |
      | whose sensor 2 is frozen                | sensor 2 is frozen                                             |
      | whose picture is frozen                 | the picture is frozen                                          |
      | that shows a row again                  | the values of a row are those of an earlier row again          |
      | two of whose sensors are one            | sensors 1, 2 hold the same values as one another               |
      | that sends zeros                        | intensity values are zero                                      |
      | that sends rows of zeros                | intensity values of a row are zero                             |
      | that sends a value that is not a number | intensity values of the frame are not finite, the first is nan |
      | that sends negative values              | intensity values of the frame are negative                     |
      | that declares too tight bounds          | intensity values of the frame are outside the declared bounds  |
      | that leaves a sensor out                | sensor 2 is missing                                            |
      | that sends another job's sensors        | sensor 11 is not configured                                    |
      | that leaves a frequency out             | sensor 2 has 255 bins where 256 were configured                |
      | that sends empty frames                 | the frame has no rows                                          |
      | that changes the canvas                 | the canvas id changed                                          |

    Examples: when they were measured
      | server                            | finding                            |
      | that ends rows before they start  | a row ends 512 ms before it starts |
      | that counts time in seconds       | the times seem to be seconds       |
      | that loses three lines at a time  | 3 lines are missing                |
      | that repeats lines                | a line came twice                  |
      | that swaps lines                  | a line came out of order           |
      | whose line rate drifts            | the line rate drifts               |
      | whose clock is five seconds ahead | live data are from the future      |
      | whose data are five seconds old   | live data are stale                |

    Examples: how they were delivered
      | server                              | finding                                            |
      | that sends a frame too many         | the stream went on after the 6 frames asked for    |
      | that sends a frame too few          | the stream ended after 5 frames of the 6 asked for |
      | that breaks off                     | the stream … failed after 5 frames                 |
      | that sends bytes which are no frame | frame 3 … cannot be read                           |

    Examples: what was promised before
      | server                           | finding                                                                  |
      | that miscounts the channels      | it counts 12 channels where 11 were asked for                            |
      | that shifts the frequencies      | bin 0 is 1.95312 Hz, not 0 Hz                                            |
      | that misstates the line distance | lines are said to be 0.005 s apart, but 10 s over 1000 lines give 0.01 s |

  @critical
  Scenario: A Focus Server that stalls is found out
    Given a Focus Server that stalls for a second
    And a live job configured
    When I stream 40 frames, whatever comes
    Then the suite reports that the stream paused

  @critical
  Scenario Outline: A correct Focus Server <server> is accepted
    Given a correct Focus Server <server>
    And a live job configured
    When I stream 6 frames
    Then the suite finds nothing wrong

    Examples:
      | server                                      |
      | that writes its address as text             |
      | that writes its address as a browser does   |
      | that has no health check                    |
      | that sends one row a frame                  |
      | whose bounds cover all that was sent so far |
      | that sends values one by one                |
      | that rounds times down                      |
      | that has a very quiet sensor                |
      | that rounds values coarsely                 |

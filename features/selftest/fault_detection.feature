@AUTO-001 @simulator @allure.label.epic:E2E_Testing_Framework @allure.label.story:AUTO-001
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
      | server                                  | finding                                         |
      | whose third sensor is dead              | sensor 2 is dead (all zero)                     |
      | whose third sensor is frozen            | sensor 2 is frozen                              |
      | whose picture is frozen                 | the picture is frozen                           |
      | that sends zeros                        | intensity values are zero                       |
      | that sends a value that is not a number | not finite, first nan                           |
      | that sends negative values              | of the frame negative                           |
      | that declares too tight bounds          | outside the declared bounds                     |
      | that leaves a sensor out                | sensor 2 missing                                |
      | that sends another job's sensors        | sensor 11 not configured                        |
      | that leaves a frequency out             | sensor 2 has 255 bins where 256 were configured |
      | that sends empty frames                 | the frame has no rows                           |
      | that changes the canvas                 | the canvas id changed                           |

    Examples: when they were measured
      | server                            | finding                                       |
      | that ends rows before they start  | a row ends 512 ms before it starts            |
      | that counts time in seconds       | looks like seconds                            |
      | that loses three lines at a time  | 3 lines missing after                         |
      | that repeats lines                | came twice                                    |
      | that swaps lines                  | a line came out of order                      |
      | whose line rate drifts            | the line rate drifts: lines are 10.2           |
      | whose clock is five seconds ahead | live data from the future                     |
      | whose data are five seconds old   | live data are stale                           |

    Examples: how they were delivered
      | server                              | finding                                            |
      | that sends a frame too many         | the stream went on after the 6 frames asked for    |
      | that sends a frame too few          | the stream ended after 5 frames of the 6 asked for |
      | that breaks off                     | failed after                                       |
      | that sends bytes which are no frame | is not a DataStream message                        |

    Examples: what was promised before
      | server                           | finding                                |
      | that miscounts the channels      | where 11 channels were asked for       |
      | that shifts the frequencies      | where k * PRR / NFFT gives             |
      | that misstates the line distance | where 10 s over 1000 lines give 0.01 s |

  @critical
  Scenario: A Focus Server that stalls is found out
    Given a Focus Server that stalls for a second
    And a live job configured
    When I stream 40 frames, whatever comes
    Then the suite reports that the stream paused for

  @critical
  Scenario Outline: A correct Focus Server <server> is accepted
    Given a correct Focus Server <server>
    And a live job configured
    When I stream 6 frames
    Then the suite finds nothing wrong

    Examples:
      | server                             |
      | that names its port as text        |
      | that puts a scheme before its host |
      | that has no health check           |
      | that sends one row a frame         |
      | that keeps running bounds          |
      | that sends values unpacked         |
      | that rounds times down             |
      | that has a very quiet sensor       |

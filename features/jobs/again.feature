Feature: Again
  An operator looks away and comes back, another one looks at the same fibre: whoever looks has to see the whole of it, as
  if nothing had been before and nobody were beside.

  @critical
  Scenario: A job is streamed again
    Given a live job configured
    When I stream it for 1 second, and again for 1 second
    Then nothing was wrong in any window
    And no window shows what is another's

  @critical
  Scenario: Two clients stream the same job
    Given a live job configured
    When 2 clients stream it at the same time, for 1.5 seconds
    Then nothing was wrong in any window
    And no window shows what is another's

  @critical
  Scenario Outline: A stream is as good as any other after <event>
    Given a live job configured
    And <event>
    When I stream it and a new job at the same time, for 1 second
    Then nothing was wrong in any window
    And no window shows what is another's

    Examples:
      | event                                              |
      | configurations that were refused                   |
      | another job that was cancelled while it streamed   |
      | another client that left in the middle of a stream |

  @slow @normal
  Scenario: A cancelled job leaves its window to the next one
    When I configure and cancel 32 live jobs, one after the other
    Then each of them had its window within 5 seconds of the end of the one before

Feature: Job configuration
  A stream can only be as right as the job behind it: what was asked for is what is streamed, and what cannot be streamed
  is refused in words that help.

  @critical
  Scenario: A live job is configured
    Given a live job configured
    Then the configuration was answered as asked for

  @critical
  Scenario: A job id is never given twice
    When I configure 3 live jobs
    Then every job has an id of its own

  @critical
  Scenario: The id of a job that is over is not given again
    Given a live job configured
    When I cancel the job and configure another
    Then every job has an id of its own

  @normal
  Scenario Outline: A job that cannot be is refused: <mistake>
    When I ask for a job with <mistake>
    Then the request is refused, and the answer says what is wrong

    Examples:
      | mistake                              |
      | channels in reverse order            |
      | channels beyond the end of the fibre |
      | a band that ends before it begins    |
      | a band above the Nyquist frequency   |
      | an NFFT that is no power of two      |
      | a time axis of no duration           |
      | a screen without lines               |
      | a start time without an end time     |

  @normal
  Scenario: Refused jobs leave room for others
    Given a live job configured
    When I ask 30 times for a job with channels in reverse order
    Then a live job can still be configured

  @normal
  Scenario: The server knows how long its fibre is
    Given a live job configured for 1 channel at the end of the fibre
    Then the fibre has as many channels as the server says

  @normal
  Scenario: The server keeps track of a job
    Given a live job configured
    And I am connected to the job's stream
    Then the server knows the job as one that waits or runs
    And the server tells of the job what was asked for
    And the server does not know a job that was never configured

  @normal
  Scenario: A cancelled job is over
    Given a live job configured
    When I cancel the job
    Then the server says that the job is cancelled, or knows it no more

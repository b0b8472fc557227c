@historic @truth
Feature: The picture is the recording's
  Of the past the truth is known: it is the recording. What an operator plays back has to be that, value by value, on the
  right sensor, at the right frequency and the right time.

  @critical
  Scenario: A range of the past is shown as it was recorded
    Given a historic job configured
    When I stream it to its end
    Then every value is what the recording says

  @critical
  Scenario: Another range is shown as it was recorded, and is not the one before
    Given a historic job configured for the last 2 seconds of the recording
    When I stream it to its end
    Then every value is what the recording says

  @critical
  Scenario Outline: The past of <channels> at the <part> of the fibre is what was recorded
    Given a historic job configured for <channels> at the <part> of the fibre
    When I stream it to its end
    Then every value is what the recording says

    Examples:
      | channels    | part   |
      | 1 channel   | end    |
      | 40 channels | middle |

  @critical
  Scenario Outline: From <low> to <high> of Nyquist, with NFFT <nfft>, the past is shown as it was recorded
    Given a historic job configured for <low> to <high> of the Nyquist frequency with NFFT <nfft>
    When I stream it to its end
    Then every value is what the recording says

    Examples:
      | low  | high  | nfft |
      | 30 % | 60 %  | 256  |
      | 0 %  | 100 % | 2048 |

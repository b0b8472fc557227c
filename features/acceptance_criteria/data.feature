@AUTO-001 @allure.label.epic:E2E_Testing_Framework @allure.label.story:AUTO-001
Feature: Spectrogram data
  An operator decides on what the screen shows: every value has to be a measurement, of the right sensor, at the right
  frequency, at the right time.

  @task-1.4.1 @critical @promise-frame @promise-canvas @promise-row-time @promise-wire
  Scenario: Every frame is built as the contract says
    Given a live job configured
    When I stream 20 frames
    Then every frame is built as the contract says

  @task-1.4.2 @critical @promise-channels @promise-sensors @promise-bins
  Scenario Outline: The dimensions follow the configuration at the <part> of the fibre
    Given a live job configured for <channels> at the <part> of the fibre
    When I stream 10 frames
    Then the answer covers exactly the channels asked for
    And every row holds the sensors asked for, with one value for each frequency

    Examples:
      | channels    | part      |
      | 1 channel   | beginning |
      | 11 channels | middle    |
      | 40 channels | end       |

  @task-1.4.3 @critical @promise-frequencies
  Scenario Outline: The frequencies are the bins from <low> to <high> of Nyquist
    Given a live job configured for <low> to <high> of the Nyquist frequency with NFFT <nfft>
    When I stream 10 frames
    Then the frequencies are the bins of the band asked for
    And every row holds the sensors asked for, with one value for each frequency

    Examples:
      | low  | high  | nfft |
      | 0 %  | 50 %  | 1024 |
      | 10 % | 30 %  | 512  |
      | 0 %  | 100 % | 2048 |

  @task-1.4.4 @critical @promise-intensity @promise-bounds @promise-life
  Scenario: The data are measurements
    Given a live job configured
    When I stream 20 frames
    Then the data are measurements: alive, finite and within their declared bounds

  @task-1.4.4 @normal @promise-live
  Scenario: Live data are live
    Given a live job configured
    When I stream 20 frames
    Then the rows are new when they arrive, and never from the future

@AUTO-001 @any_job
Feature: Spectrogram data
  An operator decides on what the screen shows: every value has to be a measurement, of the right sensor, at the right
  frequency, at the right time.

  Rule: 1.4.1 Every frame is whole: it has rows, and each row its canvas, its time and its sensors
    @task-1.4.1 @critical
    Scenario: The frames of a live job can be drawn
      Given a live job configured
      When I stream 20 frames
      Then every frame is built as the contract says

  Rule: 1.4.2 The data have the dimensions that were configured
    @task-1.4.2 @critical
    Scenario Outline: <channels> at the <part> of the fibre
      Given a live job configured for <channels> at the <part> of the fibre
      When I stream 10 frames
      Then the answer covers exactly the channels asked for
      And every row holds the sensors asked for, with one value for each frequency

      Examples:
        | channels    | part      |
        | 1 channel   | beginning |
        | 11 channels | middle    |
        | 40 channels | end       |

  Rule: 1.4.3 The frequencies are the bins of the band that was asked for
    @task-1.4.3 @critical
    Scenario Outline: A band from <low> to <high> of Nyquist, with NFFT <nfft>
      Given a live job configured for <low> to <high> of the Nyquist frequency with NFFT <nfft>
      When I stream 10 frames
      Then the answer lists the bins of the band, and no others
      And every sensor has one value for each frequency

      Examples:
        | low  | high  | nfft |
        | 0 %  | 50 %  | 1024 |
        | 10 % | 30 %  | 512  |
        | 0 %  | 100 % | 2048 |

  Rule: 1.4.4 The data are measurements, and those of a live job are live
    @task-1.4.4 @critical
    Scenario: No sensor is dead, and no value is made up
      Given a live job configured
      When I stream 20 frames
      Then the data are measurements: alive, finite and within their declared bounds

    @task-1.4.4 @normal
    Scenario: What is shown is happening now
      Given a live job configured
      When I stream 20 frames
      Then the rows are new when they arrive, and never from the future

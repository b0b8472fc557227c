@historic
Feature: Resolutions
  Whoever looks for a slow movement wants fine frequencies, whoever looks for a blow wants short windows. The numbers of a
  window follow from what was asked for, and whatever was asked for can be played back.

  @critical
  Scenario: Every resolution has the numbers that follow from it, and is played back
    When I play windows of these kinds, beside each other
      | channels | part      | NFFT | band         | lines a second | frequencies | lines apart     |
      | 1        | end       | 128  | 0 % to 100 % | 100            | 64          | 10 milliseconds |
      | 3        | middle    | 256  | 50 % to 75 % | 50             | 32          | 20 milliseconds |
      | 11       | beginning | 512  | 25 % to 50 % | 100            | 64          | 10 milliseconds |
      | 20       | end       | 1024 | 0 % to 50 %  | 25             | 256         | 40 milliseconds |
      | 4        | middle    | 2048 | 0 % to 25 %  | 20             | 256         | 50 milliseconds |
    Then each has the numbers beside it
    And every line of each range is shown, and none beyond it
    And nothing was wrong in any window

  @normal
  Scenario: One channel can be looked at as closely as can be
    When I play one channel with 65,536 samples a line
    Then every line of each range is shown, and none beyond it
    And nothing was wrong in any window

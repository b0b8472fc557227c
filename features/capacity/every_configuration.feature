@configurations
Feature: Every configuration
  Whatever can be configured has to be streamed as well as the usual job, also while windows of other kinds are open.

  # Any two values of different columns stand together in some row: what goes wrong for one value, or for two together,
  # shows. Twenty rows are the fewest that can do so, for five NFFTs times four numbers of channels (made with covertable).
  @critical
  Scenario: Windows of every kind are right, beside each other
    Given live windows of these kinds
      | channels | part      | NFFT | band          | lines a second | frames   |
      | 1        | end       | 128  | 75 % to 100 % | 120            | 60       |
      | 1        | beginning | 256  | 75 % to 100 % | 15             | 60       |
      | 1        | middle    | 512  | 40 % to 60 %  | 120            | 60       |
      | 1        | beginning | 1024 | 40 % to 60 %  | 120            | no limit |
      | 1        | end       | 2048 | 0 % to 25 %   | 15             | no limit |
      | 11       | end       | 128  | 0 % to 25 %   | 15             | 60       |
      | 11       | middle    | 256  | 40 % to 60 %  | 15             | no limit |
      | 11       | end       | 512  | 0 % to 25 %   | 15             | 60       |
      | 11       | beginning | 1024 | 75 % to 100 % | 15             | 60       |
      | 11       | beginning | 2048 | 0 % to 25 %   | 120            | 60       |
      | 40       | beginning | 128  | 40 % to 60 %  | 15             | no limit |
      | 40       | end       | 256  | 0 % to 25 %   | 120            | no limit |
      | 40       | middle    | 512  | 75 % to 100 % | 15             | no limit |
      | 40       | middle    | 1024 | 0 % to 25 %   | 15             | 60       |
      | 40       | middle    | 2048 | 75 % to 100 % | 15             | 60       |
      | 200      | middle    | 128  | 0 % to 25 %   | 120            | no limit |
      | 200      | end       | 256  | 40 % to 60 %  | 15             | 60       |
      | 200      | beginning | 512  | 0 % to 25 %   | 15             | 60       |
      | 200      | end       | 1024 | 75 % to 100 % | 15             | 60       |
      | 200      | beginning | 2048 | 40 % to 60 %  | 15             | 60       |
    When I stream them beside each other for 5 seconds
    Then the first frame of every window arrives within 5 seconds
    And nothing was wrong in any window
    And no window shows what is another's

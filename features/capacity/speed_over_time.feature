@baseline
Feature: Speed over time
  A server can keep every limit and still get slower from release to release, until one day it does not keep them.

  Background:
    Given a live job configured

  @normal
  Scenario: The server is as fast as it was
    When I measure 8 streams of 40 frames
    Then the server is no slower than its baseline by more than 20 %

@simulator
Feature: Secure connection
  What a fibre hears is nobody else's business: the client knows which server answers, the server knows who asks, and
  where one of them does not, nothing is streamed, and a sentence tells what to do.

  @critical
  Scenario: A self-signed certificate is trusted on first use, and the report says which it was
    Given a Focus Server with a self-signed certificate
    And a client that trusts its certificate on first use
    When I stream 5 frames from it
    Then every frame holds valid data
    And nothing of it can be had unencrypted
    And the report names the certificate to pin

  @critical
  Scenario Outline: A Focus Server <server> serves a client that <client>
    Given a Focus Server <server>
    And a client that <client>
    When I stream 5 frames from it
    Then every frame holds valid data
    And nothing of it can be had unencrypted

    Examples:
      | server                                  | client                                       |
      | with a self-signed certificate          | trusts its pinned certificate alone          |
      | that asks its clients for a certificate | trusts its authority and shows a certificate |
      | that asks its clients for a token       | trusts its authority and shows the token     |

  @critical
  Scenario Outline: A Focus Server <server> gives nothing to a client that <client>
    Given a Focus Server <server>
    And a client that <client>
    When I try to reach it
    Then I am refused, and told "<sentence>"

    Examples: the client does not trust the server
      | server                              | client                            | sentence                      |
      | with a certificate that has expired | trusts its authority              | have it renewed               |
      | with a certificate of another host  | trusts its authority              | is for elsewhere.example      |
      | with a self-signed certificate      | trusts another pinned certificate | somebody may stand in between |

    Examples: the server does not trust the client
      | server                                  | client               | sentence                                  |
      | that asks its clients for a certificate | trusts its authority | wants to see a certificate of this client |
      | that asks its clients for a token       | trusts its authority | set the token that this server wants      |

"""Every error of the library, so that a caller can tell a broken promise from a broken environment.

::

    FocusError
    ├── SettingsError            (ValueError)       a setting is unknown, of the wrong type or contradicts another
    ├── RequestError                                no server can serve the request, so that it is not sent
    ├── NotReadyError            (RuntimeError)     the server is unreachable or waits for its fibre: not its failure
    │   └── SchemaError                             it serves another schema than the one that is spoken
    │   └── ProxyError                              a proxy that the environment names gives no way to it
    ├── ReportsError             (OSError)          the reports of a run cannot be written, or are another run's
    ├── ClientTooSlowError       (RuntimeError)     this client set the pace, so that the server's cannot be judged
    ├── MachineStoodStillError   (RuntimeError)     this machine did, so that what came late is not the server's
    ├── BaselineError            (ValueError)       a baseline cannot be read, written or compared with
    └── RemoteError                                 a request went wrong; carries status, details and target
        ├── ConnectionError      (ConnectionError)  no usable connection to the target
        │   └── SecurityError                       none that is as secure as asked for
        └── APIError             (RuntimeError)     the target answered with an error, or broke off
            ├── APITimeoutError  (TimeoutError)     the target did not answer, or went silent, in time
            └── ProtocolError    (ValueError)       the target answered with something the contract does not know

An ``APIError`` or ``ConnectionError`` raised while a promise is checked is the server's failure; all others are ours
or the environment's.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING

from support.wording import Words, legible, short

if TYPE_CHECKING:  # the rules raise errors, too, and know no gRPC
    import grpc

_LONGEST = 4000
"""Characters of a sentence: the words of others can go on for ever."""

_DETAILS = 2000
"""Characters of a server's own words that are told."""


class FocusError(Exception):
    """Base of every error that this library raises on purpose."""


class SettingsError(FocusError, ValueError):
    """A setting is unknown, of the wrong type, or contradicts another one."""


class RequestError(FocusError):
    """No server can serve this request. It is no ValueError: of one, pydantic would make an error of many lines."""


class NotReadyError(FocusError, RuntimeError):
    """The server under test cannot be tested now: unreachable, or waiting for its fibre."""


class SchemaError(NotReadyError):
    """The server under test serves another schema than the one that is spoken with it.

    Attributes:
        table: what was compared, as rows of cells, the first row the head.
    """

    def __init__(self, sentence: str, table: Sequence[Sequence[str]]) -> None:
        super().__init__(sentence)
        self.table = table


class ProxyError(NotReadyError):
    """A proxy that the environment names cannot be used, or refuses: no failure of the server behind it."""


class ReportsError(FocusError, OSError):
    """The reports of a run cannot be written, or another run writes into the same folder."""


class ClientTooSlowError(FocusError, RuntimeError):
    """This client was busy all the time: the pace of a stream was its own, and the server cannot be judged by it."""


class MachineStoodStillError(FocusError, RuntimeError):
    """This machine stood still, or its clock was set, while a stream ran: the server cannot be judged by its times."""


class BaselineError(FocusError, ValueError):
    """A baseline cannot be read, written or compared with."""


class RemoteError(FocusError):
    """A request to the server under test went wrong: in one line, whatever words of others are in it.

    Attributes:
        status: the gRPC status or the HTTP status code; None where there was no answer.
        details: the server's own words, or the transport's.
        target: ``host:port`` or URL that was asked.
    """

    def __init__(
        self, sentence: str, *, status: grpc.StatusCode | int | None = None, details: str = "", target: str = ""
    ) -> None:
        super().__init__(legible(short(sentence, _LONGEST), spared=""))
        self.status = status
        self.details = Words(details, _DETAILS)
        self.target = target


class ConnectionError(RemoteError, builtins.ConnectionError):  # noqa: A001 - the public name, see AUTO-001
    """There is no usable connection to the target."""


class SecurityError(ConnectionError):
    """There is no connection to the target that is as secure as the settings ask; asking again does not help."""


class APIError(RemoteError, RuntimeError):
    """The target answered with an error, or a stream broke off."""


class APITimeoutError(APIError, TimeoutError):
    """The target did not answer in time, or a stream went silent."""


class ProtocolError(APIError, ValueError):
    """The target answered with something that the contract does not know."""

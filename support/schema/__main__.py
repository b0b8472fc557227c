"""The door ``python -m support.schema fetch URL``: a server's schema, by reflection, as a ``.proto``."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from support.address import without_password
from support.errors import FocusError
from support.machine.console import hush
from support.machine.ending import Interrupted, interruptible
from support.reflection.likeness import own_services
from support.reflection.reflection import Reflection, ReflectionError
from support.schema.documents import Document, documents
from support.screen.job import live_job_request
from support.screen.window import connected, open_window
from support.server.under_test import ServerUnderTest
from support.settings_sources import load
from support.stream.connection import Connection
from support.wording import legible


def fetched(reflection: Reflection) -> list[Document]:
    """What a server serves, but for gRPC's own services; the file of the services first.

    Raises:
        ReflectionError: it does not say, or nothing that can be written down.
    """
    services = own_services(reflection.services())
    if not services:
        raise ReflectionError("it names no service but gRPC's own")
    return documents(reflection.files(services))


@contextmanager
def _connected(address: str) -> Iterator[Connection]:
    """A connection to the port of a job: of one that is configured for it at a REST address, and over then.

    Raises:
        FocusError: there is none.
        ValueError: there can be none: it is no address.
    """
    if re.match("https?://", address):
        settings = load({"focus_server_url": address}, os.environ)
        with closing(ServerUnderTest(settings)) as server:
            request = live_job_request(settings, *server.fibre)
            patience = settings.idle_removal
            with open_window(settings, server.api, request, server.metadata.prr, patience=patience) as window:
                answer = window.job.answer
                with closing(connected(settings, answer.stream_url, answer.stream_port)) as connection:
                    yield connection
    else:
        if not re.fullmatch(r"[^/@]+:\d+", address):
            shown = without_password(address)
            raise ValueError(f"{shown!r} is neither a REST address, as http://host:5000, nor host:port of gRPC")
        with closing(connected(load({}, os.environ), *address.rsplit(":", 1))) as connection:
            yield connection


def _write(files: Sequence[Document], output: Path | None) -> None:
    """Writes the first one there, and what it imports beside it.

    Raises:
        ReflectionError: several cannot be written where one goes.
        OSError: a file cannot be written.
    """
    if output is None:
        if len(files) > 1:
            names = ", ".join(file.name for file in files)
            raise ReflectionError(f"it is made of several packages ({names}): name a file with -o, all go beside it")
        sys.stdout.write(legible(files[0].text))
        sys.stdout.flush()
        return
    for path, file in zip([output, *(output.parent / one.name for one in files[1:])], files, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, "utf-8", newline="\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """The door; 0 where the schema is written."""
    parser = argparse.ArgumentParser(prog="python -m support.schema", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    fetch = commands.add_parser("fetch", help="write the schema of a server as a .proto")
    fetch.add_argument("address", metavar="URL", help="its REST address, or host:port where it answers gRPC")
    fetch.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to; without it, to standard output")
    options = parser.parse_args(arguments)
    try:
        with interruptible():
            with _connected(options.address) as connection:
                files = fetched(connection.reflection)
            _write(files, options.output)
    except Interrupted as interruption:
        sys.stderr.write(f"{interruption}\n")
        return interruption.exit_code
    except ReflectionError as error:
        reason = f"the schema of {without_password(options.address)} cannot be had: {error}"
    except FocusError as error:
        reason = str(error)
    except OSError as error:
        reason = f"{options.output or 'standard output'} cannot be written: {error.strerror}"
        if options.output is None:
            hush(sys.stdout)
    except ValueError as error:
        reason = str(error)
    else:
        return 0
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())

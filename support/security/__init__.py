"""Who is trusted at the other end, and who we say we are: one concept for the gRPC and the REST side."""

from support.security.certificate import ServerCertificate
from support.security.security import Security, Trust

__all__ = ["Security", "ServerCertificate", "Trust"]

"""The process of the stand-in for the tls plugin."""

from __future__ import annotations

from sandbox.plugins.serve import serve
from sandbox.plugins.tls.servicer import TlsProvider

if __name__ == "__main__":
    serve(TlsProvider)

"""Which certificate authorities HTTPS trusts."""

from __future__ import annotations

import os
import ssl
from functools import cache
from pathlib import Path

# The system's own list is where its keeper adds and removes authorities. pycurl's wheels look in one place only,
# which is not where every system has it.
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # BSD, macOS
)


@cache
def ca_bundle() -> str:
    """The file of trusted authorities: $SSL_CERT_FILE, else the system's; "" where there is none."""
    candidates = (os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, *_SYSTEM_BUNDLES)
    return next((path for path in candidates if path and Path(path).is_file()), "")

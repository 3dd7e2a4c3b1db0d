"""Asks the process of this container whether it is alive: ``healthcheck.py PORT [PATH]``. Exit code 0 if it says so.

On the gateway's own port (``CLOSELOOP_PORT``) it asks over TLS where the gateway speaks it (``CLOSELOOP_TLS_CERT``).
The image has no curl. Standard library alone, so that a look costs a few hundredths of a second.
"""

import http.client
import os
import ssl
import sys


def main(arguments: list[str]) -> int:
    """Ask once. 0 for an answer of 200, 1 for another one or none, with its reason on standard error."""
    port, path = int(arguments[0]), arguments[1] if len(arguments) > 1 else "/healthz"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    if os.environ.get("CLOSELOOP_TLS_CERT") and port == int(os.environ.get("CLOSELOOP_PORT") or 8080):
        # The certificate is for the name that others use. Nothing secret goes this way, and the machine is our own.
        unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=4, context=unverified)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        said = answer.read(500).decode(errors="replace")
    except OSError as error:
        sys.stderr.write(f"127.0.0.1:{port}: {error}\n")
        return 1
    finally:
        connection.close()
    if answer.status != 200:
        sys.stderr.write(f"{answer.status}: {said}\n")
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

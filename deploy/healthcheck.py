"""Asks the process of this container whether it is alive: ``healthcheck.py PORT [PATH]``. Exit code 0 if it says so.

The image has no curl. Standard library alone, so that a look costs a few hundredths of a second.
"""

import http.client
import sys


def main(arguments: list[str]) -> int:
    """Ask once. 0 for an answer of 200, 1 for another one or none, with its reason on standard error."""
    port, path = int(arguments[0]), arguments[1] if len(arguments) > 1 else "/healthz"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
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

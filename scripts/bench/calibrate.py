"""Whether the emulated round trip is what it is said to be."""

import http.client
import time

from scripts.bench.figures import Spread, spread
from scripts.bench.remote import REGION, Remote


def round_trip(remote: Remote, rtt: float, count: int = 50) -> Spread:
    """The time from a request to its answer on a connection that stays, in seconds."""
    remote.reset(rtt)
    connection = http.client.HTTPConnection("127.0.0.1", remote.ports["http"], timeout=30)
    headers = {"Host": f"calibration.oss-{REGION}.test"}
    taken = []
    for _ in range(1 + count):
        began = time.perf_counter()
        connection.request("GET", "/?policyStatus", headers=headers)
        connection.getresponse().read()
        taken.append(time.perf_counter() - began)
    connection.close()
    return spread(taken[1:])  # the first one opened the connection

"""Sleeps for as long as the event says."""

import time


def handler(event):
    seconds = event.get("sleep")
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not seconds >= 0:
        raise ValueError(f"the event's sleep is {seconds!r}, want a number of seconds of at least 0")
    time.sleep(seconds)
    return {"result": seconds}

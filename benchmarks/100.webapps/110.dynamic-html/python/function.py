"""Renders a page that greets a user and lists random numbers."""

import datetime
import os
import random

from jinja2 import Environment, FileSystemLoader

LIMIT = 1000000  # numbers are below it

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
template = Environment(loader=FileSystemLoader(folder), autoescape=True).get_template("template.html")


def handler(event):
    username = event.get("username")
    if not isinstance(username, str):
        raise TypeError(f"the event's username is {type(username).__name__}, want str")
    count = event.get("random_len")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise ValueError(f"the event's random_len is {count!r}, want an integer of at least 0")

    numbers = random.choices(range(LIMIT), k=count)
    time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    return {"result": template.render(username=username, time=time, numbers=numbers)}

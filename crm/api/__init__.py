"""The frame of the JSON API: what a room needs to declare its part of /api/v1."""

from crm.api.call import Call, Caller, Route
from crm.api.entering import caller, claim, enter, keep
from crm.api.resource import BULK, READ, WRITE, Resource, newest
from crm.api.shapes import Body

__all__ = [
    "BULK",
    "READ",
    "WRITE",
    "Body",
    "Call",
    "Caller",
    "Resource",
    "Route",
    "caller",
    "claim",
    "enter",
    "keep",
    "newest",
]

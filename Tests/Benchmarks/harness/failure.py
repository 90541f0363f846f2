class Failure(Exception):
    """What stands in the way of a measurement, and what to do about it."""

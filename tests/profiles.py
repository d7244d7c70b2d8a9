"""How many examples the properties try: few for every run, many with HYPOTHESIS_PROFILE=thorough."""

import os

from hypothesis import HealthCheck, settings

_TIMES = 20 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 1


def examples(count: int) -> settings:
    """Settings of a property that tries so many examples, or 20 times as many when it is to be thorough.

    No deadline per example: they talk to real servers, on machines that do other things besides.
    """
    healthy = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=count * _TIMES, deadline=None, suppress_health_check=healthy)

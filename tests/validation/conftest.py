"""How many examples the property-based tests try: some in every run, many on demand."""

from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", parent=settings.get_profile("quick"), max_examples=10_000)
settings.load_profile("quick")

"""For all tests: hypothesis measures no seconds, since machines that test are noisy."""

from hypothesis import settings

settings.register_profile("acqkit", deadline=None)
settings.load_profile("acqkit")

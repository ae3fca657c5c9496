"""One line runs every check of the contract of a strategy; add your own tests below."""

import acqkit_template

from acqkit.testing import conformance_test

test_conformance = conformance_test(acqkit_template.Template())

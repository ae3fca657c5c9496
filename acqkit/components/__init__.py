"""A component by name: what kinds there are, who offers which, and how one is made."""

"""What selection costs: every strategy beside its peers and its floor, a process each."""

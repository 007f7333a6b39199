"""What the tests share: studies, runs of the program, and independent computations (`oracles`)."""

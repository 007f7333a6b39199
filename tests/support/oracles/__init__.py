"""Independent computations and random cases to judge the program by: see README.md."""

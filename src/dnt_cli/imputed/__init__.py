"""Completed data sets of a study: made, read, extended, and how they are shown."""

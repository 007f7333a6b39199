"""`python -m dnt_cli` and the console script `dnt`."""

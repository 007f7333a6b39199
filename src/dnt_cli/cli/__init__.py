"""The command line: parse, load, call one function, write, show. Typer and Rich live here and nowhere else."""

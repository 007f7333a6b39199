"""How many persons a study needs, and what a study of a given size can see."""

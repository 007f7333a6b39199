"""What may leave a secure environment: rules on the persons behind each number, and what follows from all together."""

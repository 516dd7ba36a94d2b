"""What happens: the engine hands out work, the interpreter says what follows from each step."""

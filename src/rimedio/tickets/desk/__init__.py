"""What an operator's desk does with tickets: one use case, one module."""

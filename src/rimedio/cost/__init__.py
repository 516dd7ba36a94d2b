"""What an answer costs, and what happens when the money runs out."""

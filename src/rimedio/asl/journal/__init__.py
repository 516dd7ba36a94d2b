"""What is kept: executions, and state machines with their versions and aliases."""

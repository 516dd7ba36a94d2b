"""What a state machine is: frozen data, the compiler that makes it, and the check that comes before."""

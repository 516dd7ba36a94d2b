"""Events: what happened, who wants to know, and proof that they were told."""

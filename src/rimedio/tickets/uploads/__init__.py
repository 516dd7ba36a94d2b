"""Files that people send: in pieces, checked by their bytes, kept for their tenant alone."""

"""How good the whole way is, measured on labelled tickets."""

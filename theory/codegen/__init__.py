"""From SymPy to readable Numba source, cached, checked and exported."""

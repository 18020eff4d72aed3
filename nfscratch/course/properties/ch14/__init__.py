"""Chapter 14, codes: what decides its tasks. intervals.py narrows intervals as fractions, free_maps.py has the encoder."""

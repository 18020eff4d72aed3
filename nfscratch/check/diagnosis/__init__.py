"""Diagnosis: from a failed check to the name of the mistake. The letters know nothing of this room."""

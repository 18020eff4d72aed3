"""Formats: what other platforms read, a file each: write(results, folder) -> the paths that it wrote."""

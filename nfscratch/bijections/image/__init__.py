"""Bijections of images (C, H, W), one per file."""

"""Chapter 12, images: what decides its tasks. image_maps.py has the maps that the checks compare with."""

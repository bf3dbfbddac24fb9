"""Building the images of `images/` with buildah."""

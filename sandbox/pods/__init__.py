"""Pods that really run, from their very manifests, as processes of this machine instead of containers."""

from sandbox.pods.container import Backoff
from sandbox.pods.image import Image, machine_image
from sandbox.pods.pod import Pod

__all__ = ["Backoff", "Image", "Pod", "machine_image"]

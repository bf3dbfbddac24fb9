"""The process of the stand-in for the Kubernetes plugin."""

from __future__ import annotations

from sandbox.plugins.kubernetes.servicer import KubernetesProvider
from sandbox.plugins.serve import serve

if __name__ == "__main__":
    serve(KubernetesProvider)

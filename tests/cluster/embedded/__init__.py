"""A real Kubernetes on one machine, started from its own programs: no registry, no Docker, no virtual machine."""

"""Chapter 04, coupling layers: what decides its tasks. scattered.py has the layers that the checks compare with."""

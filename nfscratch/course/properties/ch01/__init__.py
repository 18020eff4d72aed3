"""Chapter 01, the change of variables: what decides its tasks."""

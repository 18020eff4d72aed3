"""Chapter 05, autoregressive flows: what decides its tasks. ordered.py has networks in an order, unit.py masked ones."""

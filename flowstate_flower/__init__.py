"""Multi-tenant federated learning on Flower: opt-in, robust aggregation, privacy and a record that can be checked."""

__version__ = "0.1.0"

"""Flower wants a ClientApp in every app; scripted nodes never run it."""

from flwr.clientapp import ClientApp

app = ClientApp()

"""Federations on one machine: scenarios, attacks, two engines for the same apps, and reports.

Attacks live here and nowhere else; the server and the tenants' code do not know that they exist.
"""

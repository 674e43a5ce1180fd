"""Migrations, one file for each version of the schema after the first. They run in one transaction, or not at all."""

"""The only room that touches Flower's private API, behind a check of the versions it was tested with."""

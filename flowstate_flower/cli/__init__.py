"""The command line: shells that read views and call one function each."""

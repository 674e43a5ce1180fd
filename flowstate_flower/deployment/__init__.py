"""What runs where: child processes, a whole deployment in one folder, and what is wrong with one."""

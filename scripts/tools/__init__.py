"""The commands that look at a conversion from outside: `main(arguments)` in each module, its exit status returned."""

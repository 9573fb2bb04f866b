// Placeholder for the assembly's fixtures.

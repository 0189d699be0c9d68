"""What `scripts/doctor` looks at."""

"""What `scripts/bench` and `scripts/soak` measure with: a provider, a load, processes and their memory."""

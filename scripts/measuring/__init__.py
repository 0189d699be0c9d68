"""The parts with which `scripts/bench` and `scripts/soak` measure: a provider, a load, processes and their memory."""

"""The examinations of `scripts/doctor`."""

"""LiteLLM's configuration as ours: `deployments` reads its model_list, `providers` makes entries of ours of it,
`settings` carries the rest, `document` writes the file."""

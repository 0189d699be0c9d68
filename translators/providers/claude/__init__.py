"""The Messages format, which Anthropic and Vertex AI speak, and the facts of each Claude, which Bedrock needs too."""

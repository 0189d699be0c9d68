"""Claude, wherever it is asked: the Messages format, which Anthropic and Vertex AI speak, and what is true of each
model, which Bedrock needs too."""
